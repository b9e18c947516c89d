import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { createHealth, healthz } from '../../src/http/ops/health.ts';
import type { Probes } from '../../src/http/ops/health.ts';
import type { Routes } from '../../src/http/routes.ts';
import { startWebServer } from '../../src/http/server.ts';
import type { WebServer } from '../../src/http/server.ts';

let lines = '';
const log = createLog(
  'debug',
  new Writable({
    write: (chunk, _encoding, done) => {
      lines += String(chunk);
      done();
    },
  }),
);
let server: WebServer | null = null;
afterEach(async () => {
  await server?.stop();
  lines = '';
});

const serve = async (routes: Routes): Promise<string> => {
  server = await startWebServer({ port: 0, host: null, variable: 'PORT', routes, log });
  return `http://127.0.0.1:${server.port}`;
};

const well: Probes = {
  postgres: async () => null,
  redis: async () => null,
  slack: async () => null,
  oldestOverdueMs: async () => 0,
  oldestClosedMs: async () => 0,
  targets: () => ({}),
  messages: async () => ({ slackWaiting: 2, slackLagMs: 3_400 }),
};

const serveHealth = (probes: Partial<Probes>): Promise<string> => {
  const health = createHealth({ ...well, ...probes }, log);
  return serve({ 'GET /readyz': health.public, 'GET /full': health.full });
};

type Body = {
  status: string;
  checks: Record<string, string>;
  slackMessages?: { waiting: number; lagSeconds: number } | null;
  targets?: Record<string, string>;
};
const bodyOf = async (url: string): Promise<{ status: number; body: Body }> => {
  const answer = await fetch(url);
  return { status: answer.status, body: (await answer.json()) as Body };
};

describe('readiness', () => {
  test('names targets only where it is told in full, and no target changes it', async () => {
    const url = await serveHealth({ targets: () => ({ 'orders-db': 'It is down.' }) });
    expect(await bodyOf(`${url}/full`)).toMatchObject({
      status: 200,
      body: { status: 'ready', targets: { 'orders-db': 'It is down.' } },
    });
    expect(await bodyOf(`${url}/readyz`)).toEqual({
      status: 200,
      body: {
        status: 'ready',
        checks: { postgres: 'ok', redis: 'ok', slack: 'ok', overdue: 'ok', removal: 'ok' },
        slackMessages: { waiting: 2, lagSeconds: 3 },
      },
    });
  });

  const DOWN = 'It failed (connect ECONNREFUSED 10.1.2.3:5432).';
  const fails = (): Promise<never> => Promise.reject(new Error(DOWN));
  test('says of the messages that wait for Slack nothing while Postgres does not say, and stays ready', async () => {
    const url = await serveHealth({ messages: () => Promise.reject(new Error('down')) });
    expect(await bodyOf(`${url}/full`)).toMatchObject({ status: 200, body: { slackMessages: null } });
  });

  test.each<[string, Partial<Probes>, { status: number; why: string }]>([
    ['postgres', { postgres: fails }, { status: 503, why: DOWN }],
    ['slack', { slack: async () => DOWN }, { status: 503, why: DOWN }],
    ['redis', { redis: async () => DOWN }, { status: 200, why: DOWN }],
    ['overdue', { oldestOverdueMs: async () => 61_000 }, { status: 200, why: 'overdue by 61 s' }],
    ['overdue', { oldestOverdueMs: fails }, { status: 200, why: DOWN }],
  ])('%s that fails is said (%#): 503 only where another process would do better', async (name, broken, expected) => {
    const { status, why } = expected;
    const url = await serveHealth(broken);
    const full = await bodyOf(`${url}/full`);
    expect([full.status, full.body.status]).toEqual([status, status === 200 ? 'ready' : 'not ready']);
    expect(full.body.checks[name]).toContain(why);
    const open = await bodyOf(`${url}/readyz`);
    expect([open.status, open.body.status]).toEqual([full.status, full.body.status]);
    expect(open.body.checks[name]).toMatch(/\.$/);
    expect(JSON.stringify(open.body)).not.toMatch(/10\.1\.2\.3|ECONNREFUSED|61/);
    expect(lines.match(/a check of \/readyz fails/g)).toHaveLength(1);
  });

  test('a probe that hangs is not waited for', async () => {
    const url = await serveHealth({ redis: () => new Promise(() => undefined) });
    expect((await bodyOf(`${url}/full`)).body.checks['redis']).toContain('did not answer');
  });

  test('many who ask at once make one look or two', async () => {
    let looks = 0;
    const postgres = async (): Promise<null> => {
      looks += 1;
      await new Promise((resolve) => setTimeout(resolve, 200));
      return null;
    };
    const url = await serveHealth({ postgres });
    await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/readyz`)));
    expect(looks).toBeLessThanOrEqual(10);
  });
});

describe('what is not there, and what is asked for wrongly', () => {
  const routes: Routes = {
    'GET /healthz': healthz,
    'POST /slack/events': () => Promise.reject(new Error('inside')),
    'GET /files/*': healthz,
  };

  test('is answered so', async () => {
    const url = await serve(routes);
    expect((await fetch(`${url}/nothing`)).status).toBe(404);
    const failed = await fetch(`${url}/slack/events`, { method: 'POST' });
    expect([failed.status, (await failed.text()).includes('inside')]).toEqual([500, false]);
    expect((await fetch(`${url}/healthz`, { method: 'HEAD' })).status).toBe(200);
  });

  test.each([
    ['GET', '/slack/events', 'POST'],
    ['OPTIONS', '/slack/events', 'POST'],
    ['DELETE', '/healthz', 'GET, HEAD'],
    ['POST', '/files/one', 'GET, HEAD'],
  ])('%s %s is a method that is not served: 405 says which are', async (method, path, allow) => {
    const url = await serve(routes);
    const wrong = await fetch(`${url}${path}`, { method });
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, allow]);
  });
});

describe('a place to listen that cannot be had is a sentence', () => {
  const at = (place: { port?: number; host?: string | null; variable?: 'PORT' | 'LATCHKEY_METRICS_PORT' }) =>
    startWebServer({ port: 0, host: null, variable: 'PORT', ...place, routes: {}, log });

  test('a port that is taken names the variable to change', async () => {
    const url = await serve({});
    const port = Number(new URL(url).port);
    await expect(at({ port })).rejects.toThrow(`Port ${port} is taken by another process; free it, or set PORT`);
    await expect(at({ port, variable: 'LATCHKEY_METRICS_PORT' })).rejects.toThrow('set LATCHKEY_METRICS_PORT');
  });

  test('a port that is taken on one address only', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    await expect(at({ port, host: '127.0.0.1' })).rejects.toThrow(`Port ${port} on 127.0.0.1 is taken`);
    other.close();
  });

  test.each([
    ['203.0.113.7', 'is no address of this machine'],
    ['not-there.invalid', 'LATCHKEY_HOST is not-there.invalid, which is no name'],
  ])('%s', async (host, sentence) => {
    await expect(at({ host })).rejects.toThrow(sentence);
  });

  test('one address is listened on and no other', async () => {
    server = await startWebServer({
      port: 0,
      host: '127.0.0.1',
      variable: 'PORT',
      routes: { 'GET /healthz': healthz },
      log,
    });
    expect((await fetch(`http://127.0.0.1:${server.port}/healthz`)).status).toBe(200);
    await expect(fetch(`http://127.0.0.2:${server.port}/healthz`)).rejects.toThrow('fetch failed');
  });
});
