/** What somebody could do to keep access, or to make Latchkey take away or give what is not the grant's; and a person's own user. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import type { Json } from '../../../src/domain/json.ts';
import { kubernetes } from '../../../src/providers/kubernetes/kubernetes.ts';
import type { Connection, ProviderContext } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import {
  apply,
  bindingsOf,
  createTarget,
  openCluster,
  RBAC,
  roleOf,
  rule,
  straysOf,
  tokenIn,
  type Cluster,
  type Target,
} from './target.ts';

const ANYTHING = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] };
const ADMISSION = { apiGroups: ['admissionregistration.k8s.io'] };
const RBAC_GROUP = { apiGroups: ['rbac.authorization.k8s.io'] };

let cluster: Cluster;
let target: Target;
let connection: Connection<Json, Json>;
const closing: (() => Promise<void>)[] = [];

const connect = (to: Target): Connection<Json, Json> => {
  const made = connectTo(kubernetes, to.config);
  closing.push(async () => await made.disconnect());
  return made;
};

beforeAll(async () => {
  cluster = await openCluster();
  target = await createTarget(cluster, {
    scopes: ({ app, id }) => ({ mine: { cluster_role: `read-${id}`, namespaces: [app], subject: 'person' } }),
  });
  connection = connect(target);
});
afterAll(async () => {
  for (const close of closing) await close();
  await cluster.stop();
});

const personal = (more: Partial<ProviderContext> = {}): ProviderContext =>
  contextOf({ identity: { user: 'oidc:ada@acme.test' }, ...more });
const roleIn = (role: string): string => {
  const name = target.scopes[role]?.['cluster_role'];
  return typeof name === 'string' ? name : '';
};
const bindingAt = (grantId: string, app = target.app): string => `${RBAC}/namespaces/${app}/rolebindings/lk-${grantId}`;
type Read = { metadata: Record<string, object>; subjects?: object[] };
const read = async (path: string): Promise<Read> => (await cluster.admin('GET', path)).body as unknown as Read;
const change = async (path: string, more: object): Promise<number> =>
  (await cluster.admin('PUT', path, { ...(await read(path)), ...more })).status;

test('a person gets in as the user that the policy names, with no secret, and is out at the end', async () => {
  const ctx = personal();
  const { mine = {} } = target.scopes;
  const { secret, instructions, handle } = await connection.grant(mine, ctx);
  expect(secret?.fields).toEqual([]);
  expect(instructions?.text).toContain('the cluster knows you as oidc:ada@acme.test');
  // A real cluster has no user of this name to log in as.
  const ada = cluster.standIn && cluster.as(cluster.standIn.addUser('oidc:ada@acme.test'));
  const look = async () => (await ada?.('GET', `/api/v1/namespaces/${target.app}/configmaps`))?.status;
  const before = await look();
  expect(await connection.close(mine, handle, ctx)).toBe('closed');
  expect([before, await look()]).toEqual(ada ? [200, 403] : [undefined, undefined]);
  await connection.revoke(mine, handle, ctx);
  expect(await bindingsOf(target, ctx.grantId)).toEqual([]);
});

test.each([
  [{ identity: { missing: 'Ada is not in the map.' } }, 'misconfigured', 'Ada is not in the map.'],
  [{}, 'misconfigured', 'does not know what Ada Lovelace is called'],
  [{ identity: { user: 'system:masters' } }, 'misconfigured', 'a name that Kubernetes keeps for itself'],
  [{ person: undefined, client: { id: 'c', name: 'api-deploy' } }, 'unsupported', 'subject: token'],
] as const)('whom the policy does not name, a system name and a job get nothing: %j', async (who, kind, message) => {
  const ctx = contextOf(who);
  if ('client' in who) Reflect.deleteProperty(ctx, 'person');
  expect(await failureOf(connection.grant(target.scopes['mine'] ?? {}, ctx))).toMatchObject({
    kind,
    message: textWith(message),
  });
  expect(await bindingsOf(target, ctx.grantId)).toEqual([]);
});

test('what a person had before is left to them, said, and does not hold up the end', async () => {
  const user = 'oidc:had-it@acme.test';
  const name = roleIn('mine');
  await apply(cluster.admin, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'of-old', namespace: target.app },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: user }],
  });
  const ctx = personal({ identity: { user } });
  const { instructions } = await connection.grant(target.scopes['mine'] ?? {}, ctx);
  expect(instructions?.text).toContain('You had at least a part of it already');
  expect(await connection.revoke(target.scopes['mine'] ?? {}, undefined, ctx)).toBe('removed');
  expect((await cluster.admin('GET', `${RBAC}/namespaces/${target.app}/rolebindings/of-old`)).status).toBe(200);
});

test('two grants of one person: the end of one leaves the other, and both ends succeed', async () => {
  const [one, other] = [
    personal({ identity: { user: 'oidc:two@acme.test' } }),
    personal({ identity: { user: 'oidc:two@acme.test' } }),
  ];
  const { mine = {} } = target.scopes;
  await connection.grant(mine, one);
  await connection.grant(mine, other);
  expect(await connection.revoke(mine, undefined, one)).toBe('removed');
  expect(await connection.check(mine, undefined, other)).toBe('present');
  expect(await connection.revoke(mine, undefined, other)).toBe('removed');
});

test.each<[string, object[], string]>([
  ['everything', [ANYTHING], 'gives roles to others'],
  ['reading all secrets', [rule(['secrets'], ['get'])], 'get secrets: reads secrets'],
  ['all resources of the core group', [rule(['*'], ['list'])], 'list secrets'],
  ['making pods', [rule(['pods'], ['create'])], 'create pods'],
  ['tokens of accounts', [rule(['serviceaccounts/token'], ['create'])], 'makes tokens'],
  ['any subresource', [rule(['*/token'], ['*'])], 'makes tokens'],
  ['impersonation', [rule(['groups'], ['impersonate'])], 'acts as anybody'],
  ['giving roles', [{ ...RBAC_GROUP, resources: ['rolebindings'], verbs: ['create'] }], 'gives roles to others'],
  [
    'taking bindings away',
    [{ ...RBAC_GROUP, resources: ['rolebindings'], verbs: ['delete'] }],
    'gives roles to others',
  ],
  [
    'the verb bind',
    [{ ...RBAC_GROUP, resources: ['clusterroles'], verbs: ['bind'], resourceNames: ['view'] }],
    'bind clusterroles',
  ],
  ['nodes by proxy', [rule(['nodes/proxy'], ['get'])], 'reaches every container'],
  [
    'refusing what others request',
    [{ ...ADMISSION, resources: ['validatingadmissionpolicies'], verbs: ['create'] }],
    'such as the end of an access',
  ],
  [
    'holding others up',
    [{ apiGroups: ['flowcontrol.apiserver.k8s.io'], resources: ['flowschemas'], verbs: ['update'] }],
    'holds up requests of others',
  ],
  [
    'answering in place of the API server',
    [{ apiGroups: ['apiregistration.k8s.io'], resources: ['apiservices'], verbs: ['create'] }],
    'in place of the API server',
  ],
])('a role for %s is refused: by the look, and by a grant though nobody looked', async (_what, rules, message) => {
  const to = await createTarget(cluster, {
    roles: { wide: rules },
    scopes: ({ app, id }) => ({ wide: { cluster_role: `wide-${id}`, namespaces: [app], subject: 'token' } }),
  });
  const own = connect(to);
  const { wide = {} } = to.scopes;
  const ctx = contextOf();
  expect(await failureOf(own.grant(wide, ctx))).toMatchObject({ kind: 'denied', message: textWith(message) });
  expect(await bindingsOf(to, ctx.grantId)).toEqual([]);
  expect((await cluster.admin('GET', `/api/v1/namespaces/${to.own}/serviceaccounts/lk-${ctx.grantId}`)).status).toBe(
    404,
  );
  const found = await own.preflight?.({ wide }, ctx);
  expect(found).toContainEqual({ level: 'error', code: 'role_keeps_access', message: textWith(message) });
});

test('what a role leaves behind, and what its end does not cut, is said to approvers', async () => {
  const apps = { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'patch'] };
  const to = await createTarget(cluster, {
    roles: {
      restart: [apps],
      shell: [rule(['pods'], ['get', 'list']), rule(['pods/exec'], ['create'])],
      follow: [rule(['pods/log'], ['get']), rule(['pods'], ['watch'])],
    },
    scopes: ({ app, id }) =>
      Object.fromEntries(
        ['restart', 'shell', 'follow'].map((one) => [
          one,
          { cluster_role: `${one}-${id}`, namespaces: [app], subject: 'token' },
        ]),
      ),
  });
  const own = connect(to);
  const unknown = own.guarantee(to.scopes['read'] ?? {}).survives;
  expect(unknown).toContain('kubectl exec, attach, port-forward, debug and logs -f that are open go on');
  const found = (await own.preflight?.(to.scopes, contextOf())) ?? [];
  const remains = Object.fromEntries(
    found.flatMap((one) => (one.remains?.roles ?? []).map((role) => [role, one.remains?.sentences.join(' ')])),
  );
  expect(remains['restart']).toContain('deployments that were made or changed stay');
  expect(remains['shell']).toContain('can read the token of its service account');
  expect(own.guarantee(to.scopes['read'] ?? {})).toEqual({ endsBy: 'revoke', survives: null });
  expect(own.guarantee(to.scopes['shell'] ?? {}).survives).toBe(
    'kubectl exec that is open goes on until the process or the pod ends.',
  );
  expect(own.guarantee(to.scopes['follow'] ?? {}).survives).toMatch(/logs -f .* Watches that are open go on/);
});

test('a binding that somebody gave a finalizer gives nothing after the close, and its removal says what holds it', async () => {
  const ctx = contextOf();
  const { read: scope = {} } = target.scopes;
  const { secret } = await connection.grant(scope, ctx);
  const path = bindingAt(ctx.grantId);
  const { metadata } = await read(path);
  await change(path, { metadata: { ...metadata, finalizers: ['acme.test/keep'] } });
  const call = cluster.as(tokenIn(secret));
  expect(await connection.close(scope, undefined, ctx)).toBe('closed');
  expect([401, 403]).toContain((await call('GET', `/api/v1/namespaces/${target.app}/configmaps`)).status);
  const failure = await failureOf(connection.revoke(scope, undefined, ctx));
  expect(failure).toMatchObject({ kind: 'unavailable', message: textWith('finalizers acme.test/keep') });
  await change(path, { metadata: { ...(await read(path)).metadata, finalizers: [] } });
  await connection.revoke(scope, undefined, ctx);
  expect(await connection.check(scope, undefined, ctx)).toBe('absent');
});

test('what has our name and not our marks is never touched, not even by a grant of that id', async () => {
  const ctx = contextOf();
  const { read: scope = {} } = target.scopes;
  const stranger = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: `lk-${ctx.grantId}`, namespace: target.app },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleIn('read') },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'somebody' }],
  };
  await apply(cluster.admin, stranger);
  const works = [
    () => connection.grant(scope, ctx),
    () => connection.revoke(scope, undefined, ctx),
    () => connection.close(scope, undefined, ctx),
  ];
  for (const work of works)
    expect(await failureOf<unknown>(work())).toMatchObject({ kind: 'denied', message: textWith('not its labels') });
  expect(await read(bindingAt(ctx.grantId))).toMatchObject({ subjects: stranger.subjects });
  const found = await connection.listLookalikes?.(target.scopes, ctx);
  expect(found).toContainEqual(
    expect.objectContaining({ kind: 'lookalike', name: `binding lk-${ctx.grantId} in ${target.app}` }),
  );
  await cluster.admin('DELETE', bindingAt(ctx.grantId));
});

test('subjects, deadline and finalizers that somebody changed are drift, and are put back', async () => {
  const ctx = contextOf();
  const { read: scope = {} } = target.scopes;
  await connection.grant(scope, ctx);
  const path = bindingAt(ctx.grantId);
  const before = await read(path);
  const annotations = { ...before.metadata['annotations'], 'latchkey.dev/expires-at': '2099-01-01T00:00:00.000Z' };
  const friend = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'friend' };
  await change(path, {
    metadata: { ...before.metadata, annotations, finalizers: ['acme.test/keep'] },
    subjects: [...(before.subjects ?? []), friend],
  });
  const differences = async () => {
    const ours = (await connection.listOurs?.(ctx))?.find(({ grantId }) => grantId === ctx.grantId);
    return ours && connection.differences?.(scope, ours, ctx.expiresAt);
  };
  expect((await differences())?.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
    textWith('deadline: its deadline'),
    textWith('wider: User:friend got it too'),
    textWith('wider: it has finalizers'),
  ]);
  await connection.restore?.(scope, ctx);
  expect(await differences()).toEqual([]);
  expect(await read(path)).toMatchObject({ subjects: before.subjects });
  await change(path, { subjects: [] });
  expect(await differences()).toMatchObject([{ kind: 'closed' }]);
  await connection.revoke(scope, undefined, ctx);
});

test('a binding with our label that no grant made, more for the account of a grant, and a role that grew are reported', async () => {
  const ctx = contextOf();
  const { write: scope = {} } = target.scopes;
  await connection.grant(scope, ctx);
  const name = roleIn('write');
  const base = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
  };
  const strays = straysOf(target.own, `lk-${ctx.grantId}`);
  await apply(
    cluster.admin,
    {
      ...base,
      metadata: { name: 'forged', namespace: target.app, labels: { 'app.kubernetes.io/managed-by': 'latchkey' } },
      subjects: [],
    },
    ...strays.map(({ on, ...who }) => ({ ...base, metadata: { name: on, namespace: target.app }, subjects: [who] })),
  );
  const rules = [rule(['configmaps', 'events'], ['get', 'list', 'create', 'update'])];
  await change(`${RBAC}/clusterroles/${name}`, { rules });
  const found = (await connection.listLookalikes?.(target.scopes, ctx)) ?? [];
  expect(found.map((one) => `${one.kind}: ${one.name}`)).toEqual(
    expect.arrayContaining([
      `stray: binding forged in ${target.app}`,
      ...strays.map(({ on }) => `stray: binding ${on} in ${target.app}`),
      `group: ClusterRole ${name}`,
    ]) as string[],
  );
  await connection.close(scope, undefined, ctx).catch(() => undefined);
  for (const one of ['forged', ...strays.map(({ on }) => on)])
    await cluster.admin('DELETE', `${RBAC}/namespaces/${target.app}/rolebindings/${one}`);
  await connection.revoke(scope, undefined, ctx);
});

test('a token is refused at once though its account is still known to the API server, also when the account is made again', async () => {
  const ctx = contextOf();
  const { read: scope = {} } = target.scopes;
  const { secret } = await connection.grant(scope, ctx);
  const call = cluster.as(tokenIn(secret));
  const configmaps = `/api/v1/namespaces/${target.app}/configmaps`;
  expect((await call('GET', configmaps)).status).toBe(200);
  await connection.revoke(scope, undefined, ctx);
  expect([401, 403]).toContain((await call('GET', configmaps)).status);
  const again = await connection.grant(scope, ctx);
  expect((await cluster.as(tokenIn(again.secret))('GET', configmaps)).status).toBe(200);
  if (cluster.standIn) cluster.standIn.state.accepted.clear();
  expect((await call('GET', configmaps)).status).toBe(401);
  await connection.revoke(scope, undefined, ctx);
});

const isReal = process.env['KUBERNETES_TEST_SERVER'] !== undefined;

test.skipIf(isReal)(
  'an open stream goes on after the end, and on_end restarts exactly the pods that were there',
  async () => {
    const { standIn } = cluster;
    if (!standIn) return;
    const to = await createTarget(cluster, {
      roles: { shell: [rule(['pods/log', 'pods'], ['get', 'list'])] },
      scopes: ({ app, id }) => ({
        stays: { cluster_role: `shell-${id}`, namespaces: [app], subject: 'token' },
        cut: {
          cluster_role: `shell-${id}`,
          namespaces: [app],
          subject: 'token',
          on_end: { restart_pods: 'app=debug' },
        },
      }),
    });
    const own = connect(to);
    for (const [name, app] of [
      ['debug-1', 'debug'],
      ['other-1', 'other'],
    ] as const)
      await apply(cluster.admin, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: to.app, labels: { app, restarted: 'true' } },
      });
    const openStreams = (): number => standIn.state.streams.size;
    const enter = async (role: string) => {
      const ctx = contextOf();
      const { secret } = await own.grant(to.scopes[role] ?? {}, ctx);
      const agentless = cluster.as(tokenIn(secret))('GET', `/api/v1/namespaces/${to.app}/pods/debug-1/log?follow=true`);
      agentless.catch(() => undefined);
      await waitUntil(() => openStreams() > 0, { timeoutMs: 60_000, what: 'the stream to open' });
      return ctx;
    };
    const stays = await enter('stays');
    await own.close(to.scopes['stays'] ?? {}, undefined, stays);
    expect(openStreams()).toBe(1);
    const cut = await enter('cut');
    await own.close(to.scopes['cut'] ?? {}, undefined, cut);
    expect(openStreams()).toBe(0);
    const pods = (await cluster.admin('GET', `/api/v1/namespaces/${to.app}/pods`)).body as {
      items: { metadata: { name: string } }[];
    };
    const names = pods.items.map(({ metadata }) => metadata.name);
    expect(names).toContain('other-1');
    expect(names).not.toContain('debug-1');
    expect(names).toHaveLength(2);
    await own.revoke(to.scopes['cut'] ?? {}, undefined, cut);
  },
);

test('Latchkey itself can give no role but those of its targets', async () => {
  const call = cluster.as(target.token);
  await apply(cluster.admin, roleOf(`more-${target.own}`, [ANYTHING]));
  for (const name of ['cluster-admin', `more-${target.own}`]) {
    const { status } = await call('POST', `${RBAC}/namespaces/${target.app}/rolebindings`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'try', namespace: target.app },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'me' }],
    });
    expect([403, 404]).toContain(status);
  }
  expect((await call('GET', `/api/v1/namespaces/${target.app}/secrets`)).status).toBe(403);
  expect((await call('GET', `/api/v1/namespaces/${target.own}/secrets`)).status).toBe(403);
});
