/** Servers that answer late, wrongly, twice or with a lie, and what is sent to them. */
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import { webhook as provider } from '../../../src/providers/webhook/webhook.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { startReceiver } from './world.ts';

type Heard = { headers: IncomingHttpHeaders; body: string };
type Reply = { status?: number; body?: object | string; headers?: Record<string, string> } | 'hang up';

const SECRET = Buffer.alloc(32, 7);
const OTHER = Buffer.alloc(32, 8);
const text = (secret: Buffer): string => `whsec_${secret.toString('base64')}`;

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const connectedTo = async (server: Server, config: Record<string, Json> = {}) => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const connection = connectTo(
    provider,
    { url: `http://127.0.0.1:${port}`, secret: text(SECRET), ...config },
    { timeoutMs: 8_000 },
  );
  closing.push(async () => {
    await connection.disconnect();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return connection;
};

const rig = async (reply: (action: string, count: number) => Reply, config: Record<string, Json> = {}) => {
  const heard: Heard[] = [];
  const server: Server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const body = Buffer.concat(parts).toString();
      heard.push({ headers: request.headers, body });
      const { action } = JSON.parse(body) as { action: string };
      const answer = reply(action, heard.length);
      if (answer === 'hang up') return void request.socket.destroy();
      response.writeHead(answer.status ?? 200, answer.headers);
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
    });
  });
  return { heard, connection: await connectedTo(server, config) };
};

type Spoken = { action: string; grant_id: string };

test('a change that is tried again keeps its id, each try is signed by every secret, and a look has a new id', async () => {
  const { heard, connection } = await rig(
    (action, count) => (count === 1 ? 'hang up' : { body: action === 'check' ? { state: 'present' } : {} }),
    { secret: `${text(SECRET)} ${text(OTHER)}` },
  );
  const ctx = contextOf();
  await connection.grant({ role: 'read' }, ctx);
  const ids = heard.map(({ headers }) => headers['webhook-id']);
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[1]);
  for (const { headers, body } of heard) {
    const content = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
    const signatures = [SECRET, OTHER].map((key) => `v1,${createHmac('sha256', key).update(content).digest('base64')}`);
    expect(headers['webhook-signature']).toBe(signatures.join(' '));
  }
  expect(JSON.parse(heard[0]?.body ?? '')).toEqual({
    version: 1,
    action: 'grant',
    grant_id: ctx.grantId,
    scope: { role: 'read' },
    handle: null,
    person: { id: 'T1:U1', name: 'Ada Lovelace', email: 'ada@acme.test' },
    expires_at: ctx.expiresAt.toISOString(),
  });
});

test('what a server says it removed and still has is not removed', async () => {
  const { connection } = await rig((action) => ({
    body: action === 'check' ? { state: 'present' } : { outcome: 'removed' },
  }));
  const failure = await failureOf(connection.revoke({}, undefined, contextOf()));
  expect(failure.kind).toBe('unavailable');
});

test('doctor finds a server whose check says what is not so', async () => {
  const { connection } = await rig(() => ({ body: { state: 'present' } }));
  expect(await connection.preflight?.({}, contextOf())).toMatchObject([{ level: 'error', code: 'check_untrue' }]);
});

test.each([
  [401, 'denied'],
  [403, 'denied'],
  [404, 'misconfigured'],
  [409, 'conflict'],
  [410, 'denied'],
  [429, 'throttled'],
  [500, 'unavailable'],
  [501, 'unsupported'],
  [503, 'throttled'],
  [302, 'misconfigured'],
] as const)('%i is %s, and a redirect is not followed', async (status, kind) => {
  const { connection, heard } = await rig(() => ({ status, headers: { location: '/elsewhere' } }));
  const failure = await failureOf(connection.check({}, undefined, contextOf()));
  expect(failure.kind).toBe(kind);
  expect(failure.message).toContain(String(status));
  expect(new Set(heard.map(({ body }) => body)).size).toBe(1);
});

test.each([
  ['no JSON', 'hello'],
  ['another form', { state: 'maybe' }],
  ['a long answer', 'x'.repeat(70_000)],
])('%s is a sentence for admins that holds nothing of the answer', async (_what, body) => {
  const { connection } = await rig(() => ({ body }));
  const failure = await failureOf(connection.check({}, undefined, contextOf()));
  expect(failure.kind).toBe('misconfigured');
  expect(failure.message).not.toMatch(/hello|maybe|xxx/);
});

test('both receivers refuse what is not signed, is signed by another, or is old', async () => {
  for (const language of ['node', 'python'] as const) {
    const receiver = await startReceiver(language);
    closing.push(receiver.stop);
    const { url, secret } = receiver.config as { url: string; secret: string };
    const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
    const body = JSON.stringify({ version: 1, action: 'list' });
    const send = async (signingKey: Buffer, ageS: number): Promise<number> => {
      const time = String(Math.floor(Date.now() / 1000) - ageS);
      const signature = createHmac('sha256', signingKey).update(`a.${time}.${body}`).digest('base64');
      const headers = { 'webhook-id': 'a', 'webhook-timestamp': time, 'webhook-signature': `v1,${signature}` };
      return (await fetch(url, { method: 'POST', headers, body })).status;
    };
    expect(await send(key, 0)).toBe(200);
    expect(await send(OTHER, 0)).toBe(401);
    expect(await send(key, 3_600)).toBe(401);
    expect((await fetch(url, { method: 'POST', body })).status).toBe(401);
  }
});

test.each([
  [{ url: 'http://access.internal' }, 'url', 'https://'],
  [{ url: 'https://u:p@h' }, 'url', 'no user'],
  [{ secret: 'short' }, 'secret', '24 random bytes'],
  [{ supports: ['fly'] }, 'supports.0', 'extend, list'],
])('a config that is wrong is a sentence: %j', (change, at, message) => {
  const problems = provider.configProblems({ url: 'https://h/x', secret: text(SECRET), ...change });
  expect(problems).toEqual([{ path: at, message: expect.stringContaining(message) as string }]);
});

test.each(['LD_PRELOAD', 'NODE_OPTIONS', 'PATH', 'GIT_SSH_COMMAND', 'ALL_PROXY', 'KUBECONFIG', 'JULIA_LOAD_PATH'])(
  'a server that calls a credential %s is refused: a job would run with it',
  async (env) => {
    const { connection } = await rig((action) => ({
      body:
        action === 'check'
          ? { state: 'present' }
          : { fields: [{ name: 'token', label: 'Token', value: '--import data:text/javascript,0', env }] },
    }));
    expect(await failureOf(connection.grant({}, contextOf()))).toMatchObject({
      kind: 'misconfigured',
      message: textWith('fields.0.env: is no name for a credential'),
    });
  },
);

test('a thousand ends at once are no thousand calls at the server: each has its turn, and none is lost', async () => {
  const ended = new Set<string>();
  const open = { calls: 0, most: 0 };
  const sockets = new Set<unknown>();
  const server = createServer((request, response) => {
    sockets.add(request.socket);
    open.calls += 1;
    open.most = Math.max(open.most, open.calls);
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { action, grant_id: grantId } = JSON.parse(Buffer.concat(parts).toString()) as Spoken;
      if (action === 'revoke') ended.add(grantId);
      setTimeout(() => {
        open.calls -= 1;
        response.writeHead(200);
        response.end(JSON.stringify(action === 'check' ? { state: 'absent' } : { outcome: 'removed' }));
      }, 2);
    });
  });
  const connection = await connectedTo(server);
  const grants = Array.from({ length: 1_000 }, () => contextOf());
  const outcomes = await Promise.all(grants.map((ctx) => connection.revoke({ role: 'read' }, undefined, ctx)));
  expect({ ended: ended.size, outcomes: new Set(outcomes) }).toEqual({ ended: 1_000, outcomes: new Set(['removed']) });
  expect(open.most).toBeGreaterThan(1);
  expect(open.most).toBeLessThanOrEqual(16);
  expect(sockets.size).toBeLessThanOrEqual(16);
});
