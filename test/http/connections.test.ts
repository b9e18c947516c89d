/** What a connection may do, byte by byte on real sockets. */
import { Writable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { readRawBody } from '../../src/lib/raw-body.ts';
import { LIMITS } from '../../src/http/connections.ts';
import type { Limits } from '../../src/http/connections.ts';
import { healthz } from '../../src/http/ops/health.ts';
import { sendJson } from '../../src/http/routes.ts';
import type { Routes } from '../../src/http/routes.ts';
import { startWebServer } from '../../src/http/server.ts';
import type { WebServer } from '../../src/http/server.ts';
import { exchange, openSocket } from '../support/raw-socket.ts';
import type { RawSocket } from '../support/raw-socket.ts';

let lines = '';
const log = createLog(
  'trace',
  new Writable({
    write: (chunk, _encoding, done) => {
      lines += String(chunk);
      done();
    },
  }),
);
let server: WebServer | null = null;
let sockets: RawSocket[] = [];
afterEach(async () => {
  for (const { socket } of sockets) socket.destroy();
  await server?.stop();
  sockets = [];
  server = null;
  lines = '';
});

const BODY_MAX = 200_000;
let release = (): void => undefined;
const routes: Routes = {
  'GET /healthz': healthz,
  'POST /body': async (request, response) => {
    const read = await readRawBody(request, BODY_MAX);
    sendJson(response, 'body' in read ? 200 : 413, 'body' in read ? { bytes: read.body.length } : read);
  },
  'POST /early': (_request, response) => sendJson(response, 401, { error: 'unsigned' }),
  'GET /slow': (_request, response) =>
    new Promise((resolve) => {
      release = () => {
        sendJson(response, 200, { slow: true });
        resolve();
      };
    }),
};

const serve = async (limits: Partial<Limits> = {}): Promise<number> => {
  const checkMs = limits.checkMs ?? 50;
  server = await startWebServer({
    port: 0,
    host: '127.0.0.1',
    variable: 'PORT',
    routes,
    log,
    limits: { ...limits, checkMs },
  });
  return server.port;
};

const open = async (port: number): Promise<RawSocket> => {
  const socket = await openSocket(port);
  sockets.push(socket);
  return socket;
};

const GET = 'GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n';
const statusOf = (text: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1]);

describe('what is no sound request is a 4xx, and writes no line', () => {
  test.each<[string, string, number]>([
    ['two slashes', 'GET // HTTP/1.1', 404],
    ['slashes before a name', 'GET //healthz HTTP/1.1', 404],
    ['half an IPv6 address', 'GET http://[::1 HTTP/1.1', 400],
    ['a whole address', 'GET http://elsewhere.test/healthz HTTP/1.1', 400],
    ['an asterisk', 'OPTIONS * HTTP/1.1', 400],
    ['wrong percent-encoding', 'GET /%zz HTTP/1.1', 400],
    ['percent-encoding that is no UTF-8', 'GET /%ff%fe HTTP/1.1', 400],
    ['an encoded null byte', 'GET /healthz%00 HTTP/1.1', 400],
    ['a null byte', 'GET /healthz\0 HTTP/1.1', 400],
    ['names of Object', 'GET /__proto__ HTTP/1.1', 404],
    ['dots upward', 'GET /../../etc/passwd HTTP/1.1', 404],
    ['a long address', `GET /${'x'.repeat(8_000)} HTTP/1.1`, 404],
    ['a very long address', `GET /${'x'.repeat(80_000)} HTTP/1.1`, 431],
    ['a method that is none', 'BREW /healthz HTTP/1.1', 405],
    ['a tunnel', 'CONNECT elsewhere.test:443 HTTP/1.1', 405],
    ['the beginning of TLS', '\u0016\u0003\u0001 hello', 405],
    ['a header that is none', 'GET /healthz HTTP/1.1\r\nno header', 400],
    ['both kinds of length', 'POST /body HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked', 400],
    ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ])('%s', async (what, first, status) => {
    const port = await serve();
    const text = what === 'no host' ? first : `${first}\r\nHost: a\r\nConnection: close\r\n\r\n`;
    const answer = await exchange(port, text);
    expect(statusOf(answer)).toBe(status);
    expect(answer).not.toMatch(/node:|\.ts:|\n\s+at /);
    expect(answer.length).toBeLessThan(1_000);
    expect(/^allow: /im.test(answer)).toBe(status === 405);
    expect(lines).toBe('');
  });

  test('an address with a query is its path', async () => {
    const port = await serve();
    expect(statusOf(await exchange(port, 'GET /healthz?a=//[ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'))).toBe(
      200,
    );
  });

  test('a failure inside that anybody can cause again and again is written once', async () => {
    const failing: Routes = { 'GET /': () => Promise.reject(new Error('inside')) };
    server = await startWebServer({ port: 0, host: '127.0.0.1', variable: 'PORT', routes: failing, log });
    const { port } = server;
    await Promise.all(Array.from({ length: 20 }, () => fetch(`http://127.0.0.1:${port}/`)));
    expect(lines.match(/an HTTP request failed/g)).toHaveLength(1);
  });
});

describe('bodies', () => {
  const chunk = (size: number): string => `${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`;

  test('a declared length over the limit is refused before a byte of it is sent', async () => {
    const raw = await open(await serve());
    raw.write(`POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: ${BODY_MAX + 1}\r\n\r\n`);
    await raw.until('too_large');
    expect(statusOf(raw.received())).toBe(413);
  });

  test('without a length the limit holds while it streams', async () => {
    const raw = await open(await serve());
    raw.write('POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    for (let sent = 0; sent <= BODY_MAX; sent += 50_000) raw.write(chunk(50_000));
    await raw.until('too_large');
    expect(statusOf(raw.received())).toBe(413);
  });

  test('a chunked body within the limit is read whole, and the connection serves on', async () => {
    const raw = await open(await serve());
    raw.write(
      `POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(100_000)}${chunk(1)}0\r\n\r\n`,
    );
    await raw.until('{"bytes":100001}');
    raw.write(GET);
    await raw.until('{"status":"ok"}');
    expect(raw.isOpen()).toBe(true);
  });

  test('an answer before the body reaches the sender, who may not go on for long', async () => {
    const raw = await open(await serve({ lingerMs: 300 }));
    raw.write(`POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(10_000)}`);
    await raw.until('unsigned');
    expect(statusOf(await raw.closed())).toBe(401);
  });

  test('an answer before a body that comes soon leaves the connection as it was', async () => {
    const raw = await open(await serve());
    raw.write(`POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n`);
    await raw.until('unsigned');
    raw.write(`12345${GET}`);
    await raw.until('{"status":"ok"}');
    expect(raw.isOpen()).toBe(true);
  });

  test('large bodies together take no more than their share, and small ones are read all the same', async () => {
    const port = await serve();
    const HELD = 150_000;
    const many = await Promise.all(Array.from({ length: 460 }, () => open(port)));
    for (const raw of many) {
      raw.write(`POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: ${HELD + 1}\r\n\r\n`);
      raw.write('x'.repeat(HELD));
    }
    const isRefused = (): boolean => many.some((raw) => raw.received().includes('busy'));
    await expect.poll(isRefused, { timeout: 60_000 }).toBe(true);
    const small = await open(port);
    small.write('POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12345');
    await small.until('{"bytes":5}');
    for (const { socket } of many) socket.destroy();
    await expect
      .poll(async () => {
        const raw = await open(port);
        raw.write(`POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: ${HELD}\r\n\r\n${'x'.repeat(HELD)}`);
        await raw.until('HTTP/1.1');
        return statusOf(raw.received());
      })
      .toBe(200);
  });
});

describe('slow ones', () => {
  test.each([
    ['says nothing', ''],
    ['never ends its headers', 'GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: '],
    ['never ends its body', 'POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx'],
  ])('who %s is cut off in seconds, with 408 and no line in the log', async (_what, text) => {
    const raw = await open(await serve({ headersMs: 300, requestMs: 600 }));
    const drip = setInterval(() => raw.isOpen() && text !== '' && raw.write('x'), 50);
    raw.write(text);
    const answer = await raw.closed();
    clearInterval(drip);
    expect(statusOf(answer)).toBe(408);
    expect(lines).toBe('');
  });

  test('the limits of production are seconds, and those of an idle connection longer than a load balancer has', () => {
    expect(LIMITS.headersMs).toBeLessThanOrEqual(15_000);
    expect(LIMITS.requestMs).toBeLessThanOrEqual(30_000);
    expect(LIMITS.requestMs).toBeGreaterThanOrEqual(LIMITS.headersMs);
    expect(LIMITS.keepAliveMs).toBeGreaterThan(65_000);
  });

  test('a connection that lies idle outlives the limits of a request, and serves again', async () => {
    const raw = await open(await serve({ headersMs: 100, requestMs: 200, keepAliveMs: 5_000 }));
    raw.write(GET);
    await raw.until('{"status":"ok"}');
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    expect(raw.isOpen()).toBe(true);
    raw.write(GET.replace('/healthz', '/second'));
    await raw.until('/second');
  });

  test('says how long it keeps an idle connection: longer than the 60 s of a load balancer', async () => {
    server = await startWebServer({ port: 0, host: '127.0.0.1', variable: 'PORT', routes, log });
    const answer = await fetch(`http://127.0.0.1:${server.port}/healthz`);
    expect(answer.headers.get('keep-alive')).toBe('timeout=75');
  });

  test('an idle connection lives as long as it may, and no longer', async () => {
    const raw = await open(await serve({ keepAliveMs: 400 }));
    raw.write(GET);
    await raw.until('{"status":"ok"}');
    expect(raw.received()).toMatch(/^connection: keep-alive/im);
    await raw.closed();
  });
});

describe('many', () => {
  test('requests in one packet are answered in their order', async () => {
    const raw = await open(await serve());
    raw.write(`${GET}${GET.replace('/healthz', '/nothing')}${GET.replace('GET', 'DELETE')}`);
    await raw.until('method_not_allowed');
    expect(raw.received().match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 405']);
  });

  test('connections beyond the limit are dropped, and those that lie idle make room', async () => {
    const port = await serve({ connections: 5 });
    const idle = await Promise.all(Array.from({ length: 5 }, () => open(port)));
    for (const raw of idle) {
      raw.write(GET);
      await raw.until('{"status":"ok"}');
    }
    const answered = async (): Promise<boolean> => {
      const raw = await open(port);
      raw.write(GET);
      await Promise.race([raw.until('{"status":"ok"}'), raw.closed()]);
      return raw.received().includes('200 OK');
    };
    await expect.poll(answered, { timeout: 60_000 }).toBe(true);
    expect(lines.match(/too many connections/g)).toHaveLength(1);
  });
});

describe('a stop', () => {
  test('closes idle connections at once, answers those at work, and ends their connection with it', async () => {
    const port = await serve();
    const [idle, busy] = [await open(port), await open(port)];
    idle.write(GET);
    await idle.until('{"status":"ok"}');
    busy.write(GET.replace('/healthz', '/slow'));
    await expect.poll(() => release.name).toBe('release');
    const stopped = server?.stop();
    await idle.closed();
    expect(busy.isOpen()).toBe(true);
    await expect(openSocket(port)).rejects.toThrow('It could not connect.');
    release();
    const answer = await busy.closed();
    expect(statusOf(answer)).toBe(200);
    expect(answer).toMatch(/^connection: close/im);
    expect(answer).toContain('{"slow":true}');
    await stopped;
    server = null;
  });

  test('does not wait for who says nothing', async () => {
    const raw = await open(await serve({ headersMs: 60_000, requestMs: 60_000, stopMs: 60_000 }));
    const startedAt = performance.now();
    await server?.stop();
    server = null;
    await raw.closed();
    expect(performance.now() - startedAt).toBeLessThan(40_000);
  });
});
