/** `POST /hooks/github`: what is believed, what is kept, and what is refused before anything of it is read. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createGithubHook } from '../../../src/http/hooks/github-hook.ts';
import type { GithubEvent } from '../../../src/domain/github/events.ts';
import { createLog } from '../../../src/lib/log.ts';

const [SECRET, OLD] = ['a secret that is long enough', 'the one from before, still valid'];
const kept: { id: string; event: GithubEvent }[] = [];
let server: Server;
let url: string;

beforeAll(async () => {
  const hook = createGithubHook({
    secrets: [SECRET, OLD],
    receive: async (delivery) => {
      const isNew = kept.every(({ id }) => id !== delivery.id);
      if (isNew) kept.push(delivery);
      return isNew;
    },
    log: createLog('silent'),
  });
  server = createServer((request, response) => {
    hook(request)
      .then(({ status, body }) => response.writeHead(status).end(JSON.stringify(body)))
      .catch(() => response.writeHead(500).end());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  kept.length = 0;
});
afterAll(() => server.close());

const CALLBACK = 'https://evil.test/repos/acme/api/actions/runs/9001/deployment_protection_rule';
const gate = {
  action: 'requested',
  environment: 'production',
  deployment_callback_url: CALLBACK,
  deployment: { id: 1, sha: '5f1c2d3e4b5a69788796a5b4c3d2e1f001122334', ref: 'main' },
  repository: { id: 456_789, full_name: 'acme/api' },
  installation: { id: 77 },
  sender: { id: 7, login: 'robin' },
};

const hmac = (algorithm: string, secret: string, body: string): string =>
  `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`;

type Sent = { event?: string; id?: string; signature?: string | null; more?: Record<string, string>; body?: string };

const send = async ({ event = 'deployment_protection_rule', id = 'd-1', signature, more = {}, body }: Sent) => {
  const text = body ?? JSON.stringify(gate);
  const made = signature === undefined ? hmac('sha256', SECRET, text) : signature;
  const response = await fetch(url, {
    method: 'POST',
    body: text,
    headers: {
      'x-github-event': event,
      'x-github-delivery': id,
      ...(made !== null && { 'x-hub-signature-256': made }),
      ...more,
    },
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

test('a signed delivery is kept once, and no address of it is', async () => {
  expect(await send({})).toEqual({ status: 202, body: { received: 1 } });
  expect(await send({})).toEqual({ status: 202, body: { repeated: 1 } });
  expect(kept).toHaveLength(1);
  expect(JSON.stringify(kept)).not.toContain('evil.test');
  expect(kept[0]?.event).toMatchObject({ kind: 'gate_requested', run: '9001', repository: { id: '456789' } });
  expect((await send({ id: 'd-2', signature: hmac('sha256', OLD, JSON.stringify(gate)) })).status).toBe(202);
});

test('a delivery is known by its body, which is signed, and not by its id, which is not', async () => {
  const other = JSON.stringify({ ...gate, environment: 'staging' });
  expect(await send({ id: 'd-1' })).toMatchObject({ body: { received: 1 } });
  // Sent again under another id, it is the same.
  expect(await send({ id: 'd-9' })).toMatchObject({ body: { repeated: 1 } });
  // An id that another body used up silences nothing.
  expect(await send({ id: 'd-1', body: other })).toMatchObject({ body: { received: 1 } });
  const reordered = JSON.stringify(Object.fromEntries(Object.entries(gate).toReversed()));
  expect(await send({ id: 'd-8', body: reordered })).toMatchObject({ body: { repeated: 1 } });
  expect(kept).toHaveLength(2);
});

test('an unsigned body uses up nothing', async () => {
  expect((await send({ id: 'd-1', signature: null })).status).toBe(401);
  expect(await send({ id: 'd-1' })).toMatchObject({ body: { received: 1 } });
});

test('a signed body that is nested without end is answered', async () => {
  const deep = `{"action":"requested","x":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  expect(await send({ body: deep })).toMatchObject({ status: 400, body: { error: 'unreadable' } });
});

const text = JSON.stringify(gate);
test.each<[string, Sent]>([
  ['no signature', { signature: null }],
  ['the SHA-1 signature alone', { signature: null, more: { 'x-hub-signature': hmac('sha1', SECRET, text) } }],
  ['a SHA-1 in the place of SHA-256', { signature: hmac('sha1', SECRET, text) }],
  ['another secret', { signature: hmac('sha256', 'another secret, as long', text) }],
  ['an empty secret', { signature: hmac('sha256', '', text) }],
  ['the signature of another body', { signature: hmac('sha256', SECRET, `${text} `) }],
  ['a signature in capitals', { signature: hmac('sha256', SECRET, text).toUpperCase() }],
  ['half a signature', { signature: hmac('sha256', SECRET, text).slice(0, 40) }],
  ['no JSON without a signature', { signature: null, body: '{' }],
  ['two signatures', { signature: `${hmac('sha256', SECRET, text)}, ${hmac('sha256', SECRET, text)}` }],
])('%s is not believed', async (...[, sent]) => {
  expect((await send(sent)).status).toBe(401);
  expect(kept).toEqual([]);
});

const without = (key: keyof typeof gate): string => JSON.stringify({ ...gate, [key]: undefined });
test.each<[string, Sent, number]>([
  ['another event', { event: 'push' }, 202],
  ['a ping', { event: 'ping', body: '{"zen":"x"}' }, 202],
  ['no JSON', { body: '{' }, 400],
  ['no repository', { body: without('repository') }, 400],
  ['no installation', { body: without('installation') }, 400],
  ['an id as text', { body: JSON.stringify({ ...gate, repository: { id: '456789', full_name: 'acme/api' } }) }, 400],
  ['a name that is a path', { body: JSON.stringify({ ...gate, repository: { id: 1, full_name: '../../x' } }) }, 400],
  [
    'an address without a run',
    { body: JSON.stringify({ ...gate, deployment_callback_url: 'https://api.github.com/' }) },
    400,
  ],
  ['no delivery id', { id: ' ' }, 400],
])('%s is answered, and nothing is kept', async (...[, sent, status]) => {
  expect((await send(sent)).status).toBe(status);
  expect(kept).toEqual([]);
});
