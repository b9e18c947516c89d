/** On the stand-in: AWS that is slow, full, throttled or cuts the line at any step, keys of every kind that end early, and clocks that differ. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { begin } from '../../../sandbox/src/aws/sts.ts';
import { ACCOUNT, addRole, addUser } from '../../../sandbox/src/aws/state.ts';
import { listenOnLoopback } from '../../../sandbox/src/embedded/listen.ts';
import type { Json } from '../../../src/domain/json.ts';
import { aws } from '../../../src/providers/aws/aws.ts';
import type { Connection } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { someJwt } from '../some-jwt.ts';
import { allow, createTarget, keysIn, marksIn, policyIn, roleArn, scopeOf, type Target } from './target.ts';

let target: Target;
let connection: Connection<Json, Json>;
const { signal } = new AbortController();

beforeAll(async () => {
  target = await createTarget();
  connection = connectTo(aws, target.config);
});
afterEach(() => {
  Object.assign(target.api.state, { onCall: null, clockMs: 0, lagMs: 0, ratePerSecond: Number.POSITIVE_INFINITY });
});
afterAll(async () => {
  await connection.disconnect();
  await target.api.stop();
});

const callsOf = async (work: () => Promise<unknown>): Promise<number> => {
  target.api.state.log.length = 0;
  await work();
  return target.api.state.log.length;
};

/** From that call on Latchkey is gone; what it asked last was done. */
const killedAt = async (step: number, work: (once: Connection<Json, Json>) => Promise<unknown>): Promise<void> => {
  const { state } = target.api;
  const once = connectTo(aws, target.config);
  let count = 0;
  state.onCall = () => ((count += 1) === step ? 'reset after' : count > step ? 'reset' : null);
  await work(once).catch(() => undefined);
  state.onCall = null;
  await once.disconnect();
};

test('killed after each single call of a grant or an end, the next end leaves no session that may do anything', async () => {
  const { read } = target.scopes;
  const measured = contextOf();
  const steps = await callsOf(async () => await connection.grant(read, measured));
  const ends = await callsOf(async () => await connection.revoke(read, undefined, measured));
  for (let step = 1; step <= steps; step += 1) {
    const ctx = contextOf();
    await killedAt(step, async (once) => await once.grant(read, ctx));
    if (step % 2 === 0) await connection.grant(read, ctx);
    await connection.revoke(read, undefined, ctx);
    expect(await connection.check(read, undefined, ctx)).toBe('absent');
  }
  for (let step = 1; step <= ends; step += 1) {
    const ctx = contextOf();
    await connection.grant(read, ctx);
    await killedAt(step, async (once) => await once.revoke(read, undefined, ctx));
    await connection.revoke(read, undefined, ctx);
    expect(await connection.check(read, undefined, ctx)).toBe('absent');
  }
});

test('a session is never begun before its end is written into the role', async () => {
  const { state } = target.api;
  state.log.length = 0;
  await connection.grant(target.scopes.read, contextOf());
  expect(state.log.indexOf('AssumeRole')).toBeGreaterThan(state.log.indexOf('PutRolePolicy'));
  expect(state.log.lastIndexOf('GetRolePolicy')).toBeGreaterThan(state.log.indexOf('AssumeRole'));
});

test.each([
  [400, 'Throttling', 'throttled', 'Throttling'],
  [429, 'TooManyRequestsException', 'throttled', 'TooManyRequestsException'],
  [409, 'ConcurrentModification', 'conflict', 'ConcurrentModification'],
  [403, 'AccessDenied', 'denied', 'doctor --sql'],
  [403, 'InvalidClientTokenId', 'misconfigured', 'Correct credentials'],
  [503, 'ServiceUnavailable', 'unavailable', 'ServiceUnavailable'],
] as const)('%i %s is %s, in a sentence', async (...[status, code, kind, message]) => {
  target.api.state.onCall = () => ({ status, code });
  expect(await failureOf(connection.check(target.scopes.read, undefined, contextOf()))).toMatchObject({
    kind,
    message: textWith(message),
  });
});

test('what passes is tried again, and AWS that hangs is given up in time', async () => {
  let left = 2;
  target.api.state.onCall = () => ((left -= 1) >= 0 ? { status: 400, code: 'Throttling' } : null);
  expect(await connection.check(target.scopes.read, undefined, contextOf())).toBe('absent');
  const impatient = connectTo(aws, target.config, { timeoutMs: 500 });
  target.api.state.onCall = () => 'hang';
  const failure = await failureOf(impatient.check(target.scopes.read, undefined, contextOf()));
  expect(failure).toMatchObject({ kind: 'unavailable', message: textWith('within 0.5 s') });
  await impatient.disconnect();
});

test.each([-3_600_000, 3_600_000])(
  'a clock that differs by %i ms is found out from the first answer, and said',
  async (clockMs) => {
    target.api.state.clockMs = clockMs;
    const other = connectTo(aws, target.config);
    const found = (await other.preflight?.({ read: target.scopes.read }, contextOf())) ?? [];
    expect(found.map(({ code }) => code)).toEqual(['clock']);
    await other.disconnect();
  },
);

test('a role that is full is said, nothing is opened, and what is over makes room', async () => {
  const { state } = target.api;
  const role = addRole(state, 'full', {
    trusts: `arn:aws:iam::${ACCOUNT}:user/latchkey`,
    base: allow(['orders:Read']),
  });
  const full = connectTo(aws, target.config);
  const scope = scopeOf('full');
  const user = [...state.keys.values()].flatMap(({ holder }) => ('user' in holder ? [holder.user] : []))[0];
  if (user)
    user.base = policyIn((await aws.prepare?.(null, { ...target.scopes, scope }, { signal }))?.text ?? '', user.arn);
  role.inline.set('filler', [{ text: 'x'.repeat(9_900), visibleAt: 0 }]);
  const [first, second] = [contextOf(), contextOf()];
  await full.grant(scope, first);
  const failure = await failureOf(full.grant(scope, second));
  expect(failure).toMatchObject({ kind: 'conflict', message: textWith('10,240 characters') });
  expect(marksIn(target.api, 'full').size).toBe(1);
  // An end always has room: it is shorter than what it takes the place of.
  expect(await full.revoke(scope, undefined, first)).toBe('removed');
  state.clockMs = 48 * 3_600_000;
  const later = connectTo(aws, target.config);
  await later.grant(scope, { ...second, expiresAt: new Date(Date.now() + state.clockMs + 600_000) });
  expect([...marksIn(target.api, 'full').keys()]).toEqual([`latchkey-${second.grantId}`]);
  await Promise.all([full.disconnect(), later.disconnect()]);
});

test('grants and ends at once that AWS throttles come through, none twice', async () => {
  const { state } = target.api;
  state.ratePerSecond = 400;
  const contexts = Array.from({ length: 20 }, () => contextOf());
  const tries = async (work: () => Promise<unknown>): Promise<void> => {
    for (;;) {
      const [done] = await Promise.allSettled([work()]);
      if (done.status === 'fulfilled') return;
      expect(done.reason).toMatchObject({ isRetried: true });
    }
  };
  await Promise.all(
    contexts.map(async (ctx) => await tries(async () => await connection.grant(target.scopes.write, ctx))),
  );
  expect(marksIn(target.api, 'write').size).toBe(20);
  await Promise.all(
    contexts.map(async (ctx) => await tries(async () => await connection.revoke(target.scopes.write, undefined, ctx))),
  );
  const left = [...marksIn(target.api, 'write').values()].filter((text) => text.includes('aws:CurrentTime'));
  expect(left).toEqual([]);
});

const file = (text: string): string => {
  const where = path.join(mkdtempSync(path.join(tmpdir(), 'lk-aws-')), 'token');
  writeFileSync(where, text);
  return where;
};

const withRole = async (name: string): Promise<{ arn: string; scope: Json; config: Record<string, Json> }> => {
  const { state } = target.api;
  const arn = roleArn(name);
  const printed = await aws.prepare?.(null, { read: scopeOf(`${name}-lent`) }, { signal });
  addRole(state, name, { trusts: 'none', base: policyIn(printed?.text ?? '', arn) });
  addRole(state, `${name}-lent`, { trusts: arn, base: allow(['orders:Read']), maxSeconds: 43_200 });
  const { credentials: _, ...config } = target.config;
  return { arn, scope: scopeOf(`${name}-lent`), config };
};

const HOUR_MS = 3_600_000;

test('a web identity token opens Latchkey’s own role, and a session of that is an hour at most', async () => {
  const { arn, scope, config } = await withRole('pod');
  target.api.state.tokens.set(someJwt('pod'), 'pod');
  const credentials = { web_identity_token_file: file(`${someJwt('pod')}\n`), role_arn: arn };
  const other = connectTo(aws, { ...config, credentials });
  const ctx = contextOf({ lastsMs: 50 * 60_000 });
  const { handle, secret } = await other.grant(scope, ctx);
  expect(keysIn(secret).accessKeyId).toMatch(/^ASIA/);
  const failure = await failureOf(other.grant(scope, contextOf({ lastsMs: 2 * HOUR_MS })));
  expect(failure).toMatchObject({ kind: 'denied', isUntouched: true, message: textWith('after an hour') });
  const longer = { ...ctx, expiresAt: new Date(Date.now() + 2 * HOUR_MS) };
  expect(await failureOf(other.extend?.(scope, handle, longer))).toMatchObject({ kind: 'denied' });
  expect(await other.preflight?.({ read: scope }, contextOf())).toEqual([]);
  await other.disconnect();
  const wrong = connectTo(aws, {
    ...config,
    credentials: { ...credentials, web_identity_token_file: '/nowhere/token' },
  });
  expect(await failureOf(wrong.check(scope, undefined, ctx))).toMatchObject({
    kind: 'misconfigured',
    message: textWith('cannot be read (ENOENT)'),
  });
  await wrong.disconnect();
});

/** What gives out keys of a role beside a container or an instance. */
const metadata = async (name: string) => {
  const { state } = target.api;
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    asked.push(`${method} ${url}`);
    const isRight =
      url === '/v2/credentials/1'
        ? headers.authorization === someJwt('pod-token')
        : url === '/latest/api/token' || headers['x-aws-ec2-metadata-token'] === 'imds-token';
    if (!isRight) return void response.writeHead(401).end();
    if (url === '/latest/api/token') return void response.end(method === 'PUT' ? 'imds-token' : '');
    if (url === '/latest/meta-data/iam/security-credentials/') return void response.end(name);
    const role = state.roles.get(name);
    const xml = role ? begin(state, role, { name: 'i-0123', seconds: 3_600, policy: null }) : '';
    const of = (element: string): string => new RegExp(`<${element}>([^<]*)<`).exec(xml)?.[1] ?? '';
    const body = { AccessKeyId: of('AccessKeyId'), SecretAccessKey: of('SecretAccessKey'), Token: of('SessionToken') };
    response.end(JSON.stringify({ ...body, Expiration: of('Expiration') }));
  });
  const { port, stop } = await listenOnLoopback(server);
  return { asked, url: `http://127.0.0.1:${port}`, stop };
};

test('keys of a container and of an instance are fetched, kept, and fetched anew when AWS says that they expired', async () => {
  const { scope, config } = await withRole('host');
  const beside = await metadata('host');
  const ways: Json[] = [
    { container: `${beside.url}/v2/credentials/1`, token_file: file(someJwt('pod-token')) },
    { instance: beside.url },
  ];
  for (const credentials of ways) {
    const other = connectTo(aws, { ...config, credentials });
    expect(await other.check(scope, undefined, contextOf())).toBe('absent');
    const before = beside.asked.length;
    expect(await other.check(scope, undefined, contextOf())).toBe('absent');
    expect(beside.asked).toHaveLength(before);
    for (const { holder } of target.api.state.keys.values()) if ('session' in holder) holder.session.endsAt = 0;
    expect(await other.check(scope, undefined, contextOf())).toBe('absent');
    expect(beside.asked.length).toBeGreaterThan(before);
    await other.disconnect();
  }
  await beside.stop();
});

test('Latchkey enters its own role in the account first, where assume says so', async () => {
  const { state } = target.api;
  const { arn, scope, config } = await withRole('hop');
  const { id, secret } = addUser(state, 'central', allow(['sts:AssumeRole'], [arn]));
  const hop = state.roles.get('hop');
  if (hop) hop.trust = hop.trust.replace('"none"', `"arn:aws:iam::${ACCOUNT}:user/central"`);
  const credentials = { access_key_id: id, secret_access_key: secret };
  const other = connectTo(aws, { ...config, credentials, assume: { role_arn: arn, external_id: 'acme' } });
  const ctx = contextOf();
  await other.grant(scope, ctx);
  expect(await other.revoke(scope, undefined, ctx)).toBe('removed');
  expect(await other.preflight?.({ read: scope }, contextOf())).toEqual([]);
  await other.disconnect();
});
