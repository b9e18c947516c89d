/** Places in which a role reaches Latchkey, its guard or the cluster itself: refused by the look, and by a grant though nobody looked. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import { kubernetes } from '../../../src/providers/kubernetes/kubernetes.ts';
import type { Connection } from '../../../src/providers/provider.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';
import { apply, createTarget, openCluster, type Cluster } from './target.ts';

type Place = 'own' | 'system' | 'cluster' | 'app';

let cluster: Cluster;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  cluster = await openCluster();
  // A real cluster has it.
  await apply(cluster.admin, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } });
});
afterAll(async () => {
  for (const close of closing) await close();
  await cluster.stop();
});

const of = (group: string, resource: string, verb: string) => ({
  apiGroups: [group],
  resources: [resource],
  verbs: [verb],
});

const roleAt = async (where: Place, allowed: object) => {
  const target = await createTarget(cluster, {
    roles: { some: [allowed] },
    scopes: ({ app, id }) => ({
      some: {
        cluster_role: `some-${id}`,
        subject: 'token',
        ...(where === 'cluster'
          ? { cluster: true }
          : { namespaces: [{ own: `latchkey-${id}`, system: 'kube-system', app }[where]] }),
      },
    }),
  });
  const connection: Connection<Json, Json> = connectTo(kubernetes, target.config);
  closing.push(async () => await connection.disconnect());
  const { some = {} } = target.scopes;
  const found = (await connection.preflight?.({ some }, contextOf())) ?? [];
  const said = found.filter(({ code }) => code === 'own_namespace' || code === 'system_namespace');
  return { connection, some, said };
};

test.each<[Place, object, string]>([
  ['own', of('', 'configmaps', 'get'), 'so no role is granted in it'],
  ['cluster', of('', 'pods/exec', 'create'), 'could enter the pods of Latchkey'],
  ['cluster', of('apps', 'deployments', 'create'), 'could change deployments of Latchkey and its guard'],
  ['cluster', of('apps', 'deployments/scale', 'patch'), 'could change deployments/scale of Latchkey'],
  ['cluster', of('batch', '*', 'create'), 'could change jobs, cronjobs of Latchkey'],
  ['cluster', of('', 'pods', 'delete'), 'could change pods of Latchkey'],
  ['cluster', of('', 'serviceaccounts', 'delete'), 'could change serviceaccounts of Latchkey'],
  ['cluster', of('', 'configmaps', 'patch'), 'could change configmaps of Latchkey'],
  ['cluster', of('networking.k8s.io', 'networkpolicies', 'create'), 'could change networkpolicies of Latchkey'],
  ['cluster', of('coordination.k8s.io', 'leases', 'update'), 'could change leases of Latchkey'],
  ['cluster', of('', 'namespaces', 'delete'), 'could change namespaces of Latchkey'],
  ['cluster', { ...of('apps', 'deployments', 'patch'), resourceNames: ['latchkey-guard'] }, 'of Latchkey'],
  ['system', of('apps', 'daemonsets', 'patch'), 'could become an administrator of the cluster'],
  ['system', of('', 'configmaps', 'update'), 'could become an administrator of the cluster'],
  ['system', of('', 'pods/attach', 'get'), 'could become an administrator of the cluster'],
])('in %s a role for %j is refused', async (where, allowed, message) => {
  const { connection, some, said } = await roleAt(where, allowed);
  expect(said.map((one) => one.message)).toContainEqual(textWith(message));
  expect(await failureOf(connection.grant(some, contextOf()))).toMatchObject({
    kind: 'denied',
    message: expect.stringMatching(/somebody could|no role is granted/) as string,
  });
});

test.each<[Place, object]>([
  ['cluster', of('', 'nodes', 'patch')],
  ['system', of('', 'configmaps', 'get')],
  ['app', of('apps', 'deployments', 'patch')],
])('in %s a role for %j is granted', async (where, allowed) => {
  const { connection, some, said } = await roleAt(where, allowed);
  expect(said).toEqual([]);
  const ctx = contextOf();
  await connection.grant(some, ctx);
  expect(await connection.revoke(some, undefined, ctx)).toBe('removed');
});
