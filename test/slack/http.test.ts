/** Slack over HTTP on real sockets and a real database: what is believed, what is refused before its body is read, and that nothing is taken twice. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPool } from '../../src/store/client.ts';
import { createReplays } from '../../src/store/replays.ts';
import { createLog } from '../../src/lib/log.ts';
import { createHttpReceiver } from '../../src/slack/connection/receiver-http.ts';
import type { HttpReceiver } from '../../src/slack/connection/receiver-http.ts';
import type { Replays } from '../../src/application/record/replay-ports.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { openSocket } from '../support/raw-socket.ts';
import type { RawSocket } from '../support/raw-socket.ts';

const signingSecret = 'a secret of Slack';
const log = createLog('silent');
let database: TestDatabase;
let url: string;
/** Another process of the same installation. */
let otherUrl: string;
const handled: unknown[] = [];
const closing: (() => Promise<unknown>)[] = [];

const processEvent = async ({
  body,
  ack,
}: {
  body: { type?: string; text?: string };
  ack: (answer?: unknown) => Promise<void>;
}) => {
  handled.push(body);
  if (body.type === 'nobody_wants_this') return;
  if (body.text === 'fails') throw new Error('inside');
  await ack(body.text === 'json' ? { response_action: 'clear' } : undefined);
};

const leftOut: number[] = [];
const receiverWith = (replays: Replays): HttpReceiver => {
  const receiver = createHttpReceiver({
    signingSecret,
    replays,
    onEventsLeftOut: () => void leftOut.push(Date.now()),
    log,
  });
  receiver.init({ processEvent } as never);
  return receiver;
};

const serve = async (receiver: HttpReceiver): Promise<string> => {
  const server: Server = createServer((req, res) => void receiver.handle(req, res));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`;
};

const startProcess = (): Promise<string> => {
  const replays = createReplays(createPool({ url: database.url, log, max: 2 }), log);
  closing.push(replays.close);
  return serve(receiverWith(replays));
};

beforeAll(async () => {
  database = await createTestDatabase();
  url = await startProcess();
  otherUrl = await startProcess();
});
afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
  await database.drop();
});

type Sending = {
  at?: number;
  secret?: string;
  type?: string;
  signature?: string;
  to?: string;
  more?: Record<string, string>;
};
let stampOffset = 0;

/** Each its own second, so that no two are alike by chance. */
const now = (): number => {
  stampOffset += 1;
  return Math.floor(Date.now() / 1000) - 100 + stampOffset;
};

const signed = (body: string, at: number, secret = signingSecret): string =>
  `v0=${createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')}`;

const send = async (
  body: string,
  {
    at = now(),
    secret = signingSecret,
    type = 'application/x-www-form-urlencoded',
    signature,
    to = url,
    more,
  }: Sending = {},
): Promise<Response> =>
  fetch(to, {
    method: 'POST',
    body,
    headers: {
      'content-type': type,
      'x-slack-request-timestamp': String(at),
      'x-slack-signature': signature ?? signed(body, at, secret),
      ...more,
    },
  });

describe('POST /slack/events', () => {
  it('takes what Slack signed, and answers with the acknowledgement', async () => {
    expect((await send('command=%2Fprod-access&text=list')).status).toBe(200);
    expect(handled.at(-1)).toMatchObject({ command: '/prod-access', text: 'list' });
    const json = await send('text=json');
    expect(await json.json()).toEqual({ response_action: 'clear' });
    await send(`payload=${encodeURIComponent(JSON.stringify({ type: 'block_actions' }))}`);
    expect(handled.at(-1)).toEqual({ type: 'block_actions' });
  });

  it('answers the challenge that proves the address', async () => {
    const answer = await send(JSON.stringify({ type: 'url_verification', challenge: 'c' }), {
      type: 'application/json',
    });
    expect(await answer.json()).toEqual({ challenge: 'c' });
  });

  it('hears that Slack leaves events out, from Slack only', async () => {
    const body = JSON.stringify({ type: 'app_rate_limited', team_id: 'T1', minute_rate_limited: 1_518_467_820 });
    expect((await send(body, { type: 'application/json', secret: 'guess' })).status).toBe(401);
    expect(leftOut).toHaveLength(0);
    expect((await send(body, { type: 'application/json' })).status).toBe(200);
    expect(leftOut).toHaveLength(1);
  });

  it.each<[string, () => Promise<Response>]>([
    ['unsigned', () => fetch(url, { method: 'POST', body: 'text=x' })],
    ['signed with another secret', () => send('text=x', { secret: 'guess' })],
    ['with an empty signature', () => send('text=x', { signature: '' })],
    ['of an unknown version', () => send('text=x', { signature: 'v1=abc' })],
    ['older than five minutes', () => send('text=x', { at: Math.floor(Date.now() / 1000) - 301 })],
    ['from the future', () => send('text=x', { at: Math.floor(Date.now() / 1000) + 400 })],
    ['with a time that is no number', () => send('text=x', { at: Number.NaN })],
  ])('refuses a request %s', async (_, request) => {
    const before = handled.length;
    expect((await request()).status).toBe(401);
    expect(handled.length).toBe(before);
  });

  it.each([
    ['text after it', (signature: string) => `${signature}=1`],
    ['text after a comma', (signature: string) => `${signature},${signature}`],
    ['upper case', (signature: string) => signature.toUpperCase().replace('V0', 'v0')],
    ['a part of it', (signature: string) => signature.slice(0, -2)],
    ['zeros after it', (signature: string) => `${signature}00`],
  ])('refuses a signature that is right but for its form: %s', async (_, form) => {
    const at = now();
    expect((await send('text=form', { at, signature: form(signed('text=form', at)) })).status).toBe(401);
  });

  it.each([
    ['text/plain', 415],
    ['multipart/form-data; boundary=x', 415],
    ['application/jsonp', 415],
    ['application/x-www-form-urlencoded; charset=UTF-8', 200],
  ])('a body said to be %s is answered %i', async (type, status) => {
    expect((await send('text=x', { type })).status).toBe(status);
  });

  it.each(['null', '[]', '"text"', '7', '{"a":'])(
    'JSON that is no object (%s) is a 400, also in a form',
    async (json) => {
      const answer = await send(json, { type: 'application/json' });
      expect([answer.status, await answer.text()]).toEqual([400, 'The body is no JSON object.']);
      expect((await send(`payload=${encodeURIComponent(json)}`)).status).toBe(400);
    },
  );

  it.each(['0', '-1', '1e9', 'NaN', '1,1', '999999'])('a retry number of %s is no retry', async (number) => {
    const more = { 'x-slack-retry-num': number, 'x-slack-retry-reason': 'http_timeout' };
    expect((await send('text=retry', { more })).status).toBe(200);
  });

  it('answers no challenge that is no text', async () => {
    const body = JSON.stringify({ type: 'url_verification', challenge: { a: 1 } });
    expect((await send(body, { type: 'application/json' })).status).toBe(400);
  });
  it('refuses a body that is too large or cannot be read, and says 404 to what nobody wants', async () => {
    expect((await send('x'.repeat(2_000_000))).status).toBe(413);
    expect((await send('{', { type: 'application/json' })).status).toBe(400);
    expect((await send(JSON.stringify({ type: 'nobody_wants_this' }), { type: 'application/json' })).status).toBe(404);
  });
});

describe('a request that was taken', () => {
  const repeat = async (to: string): Promise<number[]> => {
    const before = handled.length;
    const at = now();
    const first = await send('text=once', { at });
    const again = await send('text=once', { at, to });
    return [first.status, again.status, handled.length - before];
  };

  it('is refused when it comes again, here and at another process', async () => {
    expect(await repeat(url)).toEqual([200, 401, 1]);
    expect(await repeat(otherUrl)).toEqual([200, 401, 1]);
  });

  it('is handled once when it comes to two processes at the same moment', async () => {
    const before = handled.length;
    const at = now();
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => send('text=race', { at, to: index % 2 ? url : otherUrl })),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(handled.length - before).toBe(1);
  });

  it('may come again where it could not be handled', async () => {
    const at = now();
    expect((await send('text=fails', { at })).status).toBe(500);
    await expect.poll(async () => (await send('text=fails', { at, to: otherUrl })).status).toBe(500);
  });

  it('is known for as long as its time would be believed, and forgotten then', async () => {
    const at = now();
    await send('text=kept', { at });
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    const { rows } = await client.query<{ s: number }>(
      `select extract(epoch from max(forget_at) - clock_timestamp())::int as s from seen_requests`,
    );
    await client.end();
    expect(rows[0]?.s).toBeGreaterThan(150);
    expect(rows[0]?.s).toBeLessThanOrEqual(300);
  });

  it.each<[string, () => Promise<boolean>]>([
    ['does not answer', () => new Promise(() => undefined)],
    ['is down', () => Promise.reject(new Error('connection refused'))],
  ])('is handled while Postgres %s, and refused again by the process that took it', async (_, claim) => {
    const lost = await serve(
      receiverWith({ claim, isKnown: () => Promise.resolve(false), forget: () => Promise.resolve() }),
    );
    const at = now();
    expect((await send('text=lost', { at, to: lost })).status).toBe(200);
    expect((await send('text=lost', { at, to: lost })).status).toBe(401);
  });
});

describe('before its body is read', () => {
  let raw: RawSocket | null = null;
  afterEach(() => raw?.socket.destroy());

  const stamp = (seconds = 0): number => Math.floor(Date.now() / 1000) + seconds;
  const form = 'content-type: application/x-www-form-urlencoded';
  const SIGNATURE = `x-slack-signature: v0=${'a'.repeat(64)}`;
  it.each<[string, string[], number]>([
    ['is not signed', [form, `x-slack-request-timestamp: ${stamp()}`], 401],
    ['has no time', [form, SIGNATURE], 401],
    [
      'has two times',
      [form, SIGNATURE, `x-slack-request-timestamp: ${stamp()}`, `x-slack-request-timestamp: ${stamp()}`],
      401,
    ],
    ['has half a signature', [form, 'x-slack-signature: v0=abc', `x-slack-request-timestamp: ${stamp()}`], 401],
    ['is old', [form, SIGNATURE, `x-slack-request-timestamp: ${stamp(-400)}`], 401],
    ['is of the future', [form, SIGNATURE, `x-slack-request-timestamp: ${stamp(400)}`], 401],
    ['has another content type', ['content-type: text/xml', SIGNATURE, `x-slack-request-timestamp: ${stamp()}`], 415],
    ['is too large', [form, SIGNATURE, `x-slack-request-timestamp: ${stamp()}`, 'content-length: 1500001'], 413],
  ])('a request that %s is refused', async (_, headers, status) => {
    raw = await openSocket(Number(new URL(url).port));
    const length = headers.some((line) => line.startsWith('content-length')) ? [] : ['content-length: 1000'];
    raw.write(['POST /slack/events HTTP/1.1', 'host: a', ...headers, ...length, '', ''].join('\r\n'));
    await raw.until('\r\n\r\n');
    expect(raw.received()).toContain(`HTTP/1.1 ${status} `);
  });
});
