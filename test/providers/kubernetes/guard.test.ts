/** The guard of `deploy/kubernetes/guard.yaml`, run as the program that it holds: it ends access while Latchkey does nothing. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import type { Json } from '../../../src/domain/json.ts';
import { kubernetes } from '../../../src/providers/kubernetes/kubernetes.ts';
import type { Connection } from '../../../src/providers/provider.ts';
import { beforeItsDeadline, connectTo, contextOf } from '../connection.ts';
import {
  apply,
  bindingsOf,
  createTarget,
  documentsIn,
  openCluster,
  RBAC,
  tokenIn,
  type Cluster,
  type Target,
} from './target.ts';

const FILE = new URL('../../../deploy/kubernetes/guard.yaml', import.meta.url);
const folder = mkdtempSync(path.join(tmpdir(), 'lk-guard-'));

let cluster: Cluster;
let target: Target;
let connection: Connection<Json, Json>;
let program: string;
let token: string;
const running: ChildProcess[] = [];

beforeAll(async () => {
  cluster = await openCluster();
  target = await createTarget(cluster);
  connection = connectTo(kubernetes, target.config);
  const text = readFileSync(FILE, 'utf8').replaceAll('namespace: latchkey', `namespace: ${target.own}`);
  const objects = documentsIn(text) as { kind: string; data?: Record<string, string> }[];
  await apply(cluster.admin, ...objects.filter(({ kind }) => !['Deployment'].includes(kind)));
  program = path.join(folder, 'guard.mjs');
  writeFileSync(program, objects.find(({ kind }) => kind === 'ConfigMap')?.data?.['guard.mjs'] ?? '');
  const spec = { spec: { expirationSeconds: 3_600 }, kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1' };
  const made = await cluster.admin(
    'POST',
    `/api/v1/namespaces/${target.own}/serviceaccounts/latchkey-guard/token`,
    spec,
  );
  token = (made.body as { status: { token: string } }).status.token;
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await connection.disconnect();
  await cluster.stop();
  rmSync(folder, { recursive: true });
});

const start = (): void => {
  const credentials = path.join(folder, 'credentials');
  mkdirSync(credentials, { recursive: true });
  for (const [name, value] of Object.entries({ token, 'ca.crt': cluster.ca, namespace: target.own }))
    writeFileSync(path.join(credentials, name), value);
  const { hostname, port } = new URL(cluster.server);
  const env = {
    PATH: process.env['PATH'],
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    CREDENTIALS: credentials,
    EVERY_MS: '200',
  };
  running.push(spawn(process.execPath, [program], { env, stdio: 'ignore' }));
};

test('it ends access at its deadline and no other, with the account, also past a finalizer, and Latchkey knows that it is there', async () => {
  const { read: scope = {} } = target.scopes;
  expect(connection.guarantee(scope).endsBy).toBe('revoke');
  start();
  const endsBy = async (): Promise<string> => {
    await connection.preflight?.(target.scopes, contextOf());
    return connection.guarantee(scope).endsBy;
  };
  await waitUntil(async () => (await endsBy()) === 'both', { timeoutMs: 60_000, what: 'the guard to be seen' });
  const later = contextOf();
  await connection.grant(scope, later);
  const { ctx: kept } = await beforeItsDeadline(async (ctx) => {
    await connection.grant(scope, ctx);
    const at = `${RBAC}/namespaces/${target.app}/rolebindings/lk-${ctx.grantId}`;
    const held = (await cluster.admin('GET', at)).body as unknown as { metadata: object };
    await cluster.admin('PUT', at, { ...held, metadata: { ...held.metadata, finalizers: ['acme.test/keep'] } });
  });
  const configmaps = async (call: ReturnType<typeof cluster.as>) =>
    (await call('GET', `/api/v1/namespaces/${target.app}/configmaps`)).status;
  const { ctx: soon, done: call } = await beforeItsDeadline(async (ctx) => {
    const as = cluster.as(tokenIn((await connection.grant(scope, ctx)).secret));
    expect(await configmaps(as)).toBe(200);
    return as;
  });
  const status = async () => await configmaps(call);
  await waitUntil(async () => (await status()) !== 200, { timeoutMs: 60_000, what: 'the guard to end the access' });
  expect(Date.now()).toBeGreaterThanOrEqual(soon.expiresAt.getTime());
  const account = async () =>
    (await cluster.admin('GET', `/api/v1/namespaces/${target.own}/serviceaccounts/lk-${soon.grantId}`)).status;
  await waitUntil(async () => (await account()) === 404, { timeoutMs: 60_000, what: 'the account to be deleted' });
  await waitUntil(async () => (await bindingsOf(target, kept.grantId)).length === 0, {
    timeoutMs: 60_000,
    what: 'the held binding to go',
  });
  expect(await bindingsOf(target, later.grantId)).toHaveLength(1);
  expect(await connection.revoke(scope, undefined, soon)).toBe('already_absent');
  await connection.revoke(scope, undefined, later);
});

test('an access that got more time ends at the new deadline', async () => {
  const { read: scope = {} } = target.scopes;
  const later = new Date(Date.now() + 300_000);
  const { ctx, done: handle } = await beforeItsDeadline(async (soon) => {
    const made = await connection.grant(scope, soon);
    await connection.extend?.(scope, made.handle, { ...soon, expiresAt: later });
    return made.handle;
  });
  const more = { ...ctx, expiresAt: later };
  await waitUntil(() => Date.now() > ctx.expiresAt.getTime() + 1_000, {
    timeoutMs: 60_000,
    what: 'the first deadline',
  });
  expect(await bindingsOf(target, ctx.grantId)).toHaveLength(1);
  expect(
    (await cluster.admin('GET', `/api/v1/namespaces/${target.own}/serviceaccounts/lk-${ctx.grantId}`)).status,
  ).toBe(200);
  await connection.revoke(scope, handle, more);
});

test('with its rights nobody can be put into a binding, and none of its doing needs secrets', async () => {
  const call = cluster.as(token);
  const ctx = contextOf();
  const { read: scope = {} } = target.scopes;
  await connection.grant(scope, ctx);
  const at = `${RBAC}/namespaces/${target.app}/rolebindings/lk-${ctx.grantId}`;
  const found = (await cluster.admin('GET', at)).body as object;
  const me = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'me' };
  expect((await call('PUT', at, { ...found, subjects: [me] })).status).toBe(403);
  expect((await call('GET', `/api/v1/namespaces/${target.own}/secrets`)).status).toBe(403);
  await connection.revoke(scope, undefined, ctx);
});
