/** On the stand-in alone: an API server that is slow, full, down or cuts the line at any step, a cluster that is not prepared, and configs that are wrong. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ApiServer } from '../../../sandbox/src/kubernetes/api-server.ts';
import type { Json } from '../../../src/domain/json.ts';
import { kubernetes } from '../../../src/providers/kubernetes/kubernetes.ts';
import type { Connection } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { apply, bindingsOf, createTarget, openCluster, roleOf, rule, type Cluster, type Target } from './target.ts';

let cluster: Cluster;
let server: ApiServer;
let target: Target;
let connection: Connection<Json, Json>;
let scope: Record<string, Json>;

beforeAll(async () => {
  cluster = await openCluster();
  if (!cluster.standIn) throw new Error('these tests need the stand-in: unset KUBERNETES_TEST_SERVER');
  server = cluster.standIn;
  target = await createTarget(cluster);
  scope = target.scopes['read'] ?? {};
  connection = connectTo(kubernetes, target.config);
});
afterEach(() => server.onRequest(null));
afterAll(async () => {
  await connection.disconnect();
  await cluster.stop();
});

const requestsOf = async (work: () => Promise<unknown>): Promise<string[]> => {
  server.state.log.length = 0;
  await work();
  return [...server.state.log];
};

test('killed after each single request of a grant or an end, the next end leaves nothing and the next grant is one access', async () => {
  const measured = contextOf();
  const steps = (await requestsOf(async () => await connection.grant(scope, measured))).length;
  const ends = (await requestsOf(async () => await connection.revoke(scope, undefined, measured))).length;
  for (let step = 1; step <= steps; step += 1) {
    const once = connectTo(kubernetes, target.config, { timeoutMs: 20_000 });
    const ctx = contextOf();
    let count = 0;
    // From this request on Latchkey is gone; what it asked last was done.
    server.onRequest(() => ((count += 1) === step ? 'reset after' : count > step ? 'reset' : null));
    await once.grant(scope, ctx).catch(() => undefined);
    server.onRequest(null);
    expect((await bindingsOf(target, ctx.grantId)).length).toBeLessThanOrEqual(1);
    if (step % 2 === 0) await connection.grant(scope, ctx);
    await connection.revoke(scope, undefined, ctx);
    expect(await connection.check(scope, undefined, ctx)).toBe('absent');
    await once.disconnect();
  }
  for (let step = 1; step <= ends; step += 1) {
    const once = connectTo(kubernetes, target.config, { timeoutMs: 20_000 });
    const ctx = contextOf();
    await connection.grant(scope, ctx);
    let count = 0;
    server.onRequest(() => ((count += 1) === step ? 'reset after' : count > step ? 'reset' : null));
    await once.revoke(scope, undefined, ctx).catch(() => undefined);
    server.onRequest(null);
    await connection.revoke(scope, undefined, ctx);
    expect(await connection.check(scope, undefined, ctx)).toBe('absent');
    await once.disconnect();
  }
});

test.each([
  [429, 'throttled', 'refused to'],
  [500, 'unavailable', '(500'],
  [503, 'unavailable', '(503'],
  [401, 'misconfigured', 'does not accept the token'],
  [403, 'denied', 'doctor --sql'],
  [501, 'unsupported', '(501'],
] as const)('%i is %s, in a sentence', async (status, kind, message) => {
  server.onRequest(() => ({ status }));
  expect(await failureOf(connection.check(scope, undefined, contextOf()))).toMatchObject({
    kind,
    message: textWith(message),
  });
});

test('what passes is tried again, and a server that hangs is given up in time', async () => {
  let left = 2;
  server.onRequest(() => ((left -= 1) >= 0 ? { status: 429 } : null));
  expect(await connection.check(scope, undefined, contextOf())).toBe('absent');
  const impatient = connectTo(kubernetes, target.config, { timeoutMs: 500 });
  server.onRequest(() => 'hang');
  expect(await failureOf(impatient.check(scope, undefined, contextOf()))).toMatchObject({
    kind: 'unavailable',
    message: textWith('within 0.5 s'),
  });
  await impatient.disconnect();
});

test('a server that is down, another authority and another host name are sentences without the token', async () => {
  const port = new URL(cluster.server).port;
  const cases = [
    [{ server: 'https://127.0.0.1:1' }, 'unavailable', 'nothing answers there'],
    [{ ca: undefined }, 'misconfigured', '"ca" of the target'],
    [{ server: `https://localhost:${port}` }, 'misconfigured', '"server" of the target'],
  ] as const;
  for (const [change, kind, message] of cases) {
    const config = JSON.parse(JSON.stringify({ ...target.config, ...change })) as Record<string, Json>;
    const other = connectTo(kubernetes, config, { timeoutMs: 5_000 });
    const failure = await failureOf(other.check(scope, undefined, contextOf()));
    expect(failure).toMatchObject({ kind, message: textWith(message) });
    expect(failure.message).not.toContain(target.token);
    await other.disconnect();
  }
});

test('doctor says what is not there, what is lacking, and what is more than needed', async () => {
  const codes = async (scopes: Record<string, Json>): Promise<Record<string, string>> =>
    Object.fromEntries(
      ((await connection.preflight?.(scopes, contextOf())) ?? []).map(({ code, message }) => [code, message]),
    );
  expect(await codes(target.scopes)).toEqual({});
  const { app } = target;
  expect(
    (await codes({ other: { cluster_role: 'never-made', namespaces: [app], subject: 'token' } }))['lacks_rights'],
  ).toContain('bind clusterroles never-made');
  const missing = { other: { cluster_role: 'never-made', namespaces: [app], subject: 'token' } };
  await target.prepare({ other: { cluster_role: 'never-made', cluster: true, subject: 'token' } });
  await apply(
    cluster.admin,
    roleOf(`binds-${app}`, [
      {
        apiGroups: ['rbac.authorization.k8s.io'],
        resources: ['clusterroles'],
        resourceNames: ['never-made'],
        verbs: ['bind', 'get'],
      },
    ]),
  );
  const give = (name: string, role: string) =>
    apply(cluster.admin, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: 'latchkey', namespace: target.own }],
    });
  await give(`binds-${app}`, `binds-${app}`);
  expect((await codes(missing))['no_role']).toContain('The ClusterRole "never-made" does not exist');
  await apply(cluster.admin, roleOf(`spy-${app}`, [rule(['secrets'], ['get'])]));
  await give(`spy-${app}`, `spy-${app}`);
  expect((await codes(target.scopes))['more_than_needed']).toContain('get secrets');
});

test('no role is granted where the accounts of grants are, nor a shell in every pod of the cluster', async () => {
  const to = await createTarget(cluster, {
    roles: { shell: [rule(['pods/exec'], ['create'])] },
    scopes: ({ id }) => ({
      own: { cluster_role: `read-${id}`, namespaces: [`latchkey-${id}`], subject: 'token' },
      wide: { cluster_role: `shell-${id}`, cluster: true, subject: 'token' },
    }),
  });
  const other = connectTo(kubernetes, to.config);
  const found = (await other.preflight?.(to.scopes, contextOf())) ?? [];
  const messages = found.filter(({ code }) => code === 'own_namespace').map(({ message }) => message);
  expect(messages).toEqual([textWith('so no role is granted in it'), textWith('could enter the pods of Latchkey')]);
  await other.disconnect();
});

test.each<[object, string, string]>([
  [{ server: 'http://k8s.acme.test' }, 'server', 'https://'],
  [{ server: 'https://a:b@k8s.acme.test' }, 'server', 'address alone'],
  [{ token: undefined }, 'token', 'must be given, or token_file'],
  [{ token_file: '/var/run/token' }, 'token', 'not both'],
  [{ ca: '/etc/cluster/ca.pem' }, 'ca', 'CLUSTER_CA_FILE'],
  [{ namespace: 'No Such' }, 'namespace', 'lower-case'],
])('a config that is wrong is a sentence: %j', (change, at, message) => {
  const config = JSON.parse(JSON.stringify({ server: 'https://k8s.acme.test', token: 'abc', ...change })) as Json;
  expect(kubernetes.configProblems(config)).toEqual([{ path: at, message: textWith(message) }]);
});

test.each<[Record<string, Json>, string]>([
  [{ cluster_role: 'a', role: 'b', namespaces: ['x'] }, 'cluster_role'],
  [{ namespaces: ['x'] }, 'cluster_role'],
  [{ cluster_role: 'a' }, 'namespaces'],
  [{ cluster_role: 'a', namespaces: ['x'], cluster: true }, 'namespaces'],
  [{ role: 'a', cluster: true }, 'role'],
  [{ cluster_role: 'a', cluster: true, on_end: 'restart_pods' }, 'on_end'],
  [{ cluster_role: 'a/b', namespaces: ['x'] }, 'cluster_role'],
  [{ cluster_role: 'a', namespaces: ['X/../kube-system'] }, 'namespaces.0'],
  [{ cluster_role: 'a', namespaces: [] }, 'namespaces'],
])('a scope that is wrong is a sentence: %j', (wrong, at) => {
  const problems = kubernetes.scopeProblems({ subject: 'token', ...wrong });
  expect(problems.map(({ path }) => path)).toContain(at);
  for (const { message } of problems) expect(message).toMatch(/\w+ \w+/);
});
