import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { createHttpReceiver } from '../../src/slack/receiver-http.ts';

const signingSecret = 'a secret of Slack';
const receiver = createHttpReceiver({ signingSecret, log: createLog('silent') });
const server = createServer((req, res) => void receiver.handle(req, res));
let url: string;
const handled: unknown[] = [];

beforeAll(async () => {
  receiver.init({
    processEvent: async ({
      body,
      ack,
    }: {
      body: { type?: string; text?: string };
      ack: (answer?: unknown) => Promise<void>;
    }) => {
      handled.push(body);
      if (body.type === 'nobody_wants_this') return;
      await ack(body.text === 'json' ? { response_action: 'clear' } : undefined);
    },
  } as never);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

type Sending = { at?: number; secret?: string; type?: string; signature?: string };
let stampOffset = 0;

/** Each its own second, so that no two are alike by chance. */
const now = (): number => {
  stampOffset += 1;
  return Math.floor(Date.now() / 1000) - 100 + stampOffset;
};

const send = async (
  body: string,
  { at = now(), secret = signingSecret, type = 'application/x-www-form-urlencoded', signature }: Sending = {},
): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    body,
    headers: {
      'content-type': type,
      'x-slack-request-timestamp': String(at),
      'x-slack-signature': signature ?? `v0=${createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')}`,
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

  it('refuses the repetition of a request it has seen', async () => {
    const at = now();
    expect((await send('text=once', { at })).status).toBe(200);
    const before = handled.length;
    expect((await send('text=once', { at })).status).toBe(401);
    expect(handled.length).toBe(before);
  });

  it('refuses a body that is too large or cannot be read, and says 404 to what nobody wants', async () => {
    expect((await send('x'.repeat(2_000_000))).status).toBe(413);
    expect((await send('{', { type: 'application/json' })).status).toBe(400);
    expect((await send(JSON.stringify({ type: 'nobody_wants_this' }), { type: 'application/json' })).status).toBe(404);
  });
});
