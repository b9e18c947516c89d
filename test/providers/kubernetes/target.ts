/**
 * A cluster for tests: the stand-in, or the real API server that KUBERNETES_TEST_SERVER, KUBERNETES_TEST_CA_FILE and
 * KUBERNETES_TEST_TOKEN_FILE (of an administrator) name. Prepared by applying what `doctor --sql` prints.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Agent, request } from 'undici';
import { parseAllDocuments, parse } from 'yaml';
import { startApiServer, type ApiServer } from '../../../sandbox/src/kubernetes/api-server.ts';
import type { Json } from '../../../src/domain/json.ts';
import { newId } from '../../../src/lib/ids.ts';
import { kubernetes } from '../../../src/providers/kubernetes/kubernetes.ts';
import type { Secret } from '../../../src/providers/provider.ts';

export type Answer = { status: number; body: Json };
export type Caller = (method: string, path: string, body?: object) => Promise<Answer>;

export type Cluster = {
  server: string;
  ca: string;
  admin: Caller;
  as: (token: string) => Caller;
  /** Null for a real one. */
  standIn: ApiServer | null;
  stop: () => Promise<void>;
};

const certificate = (): { key: string; cert: string } => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lk-kube-'));
  try {
    const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const named = ['-subj', '/CN=cluster', '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
    execFileSync('openssl', [...made, ...named], { stdio: 'pipe' });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(folder, { recursive: true });
  }
};

const callerOf =
  (server: string, agent: Agent) =>
  (token: string): Caller =>
  async (method, at, body) => {
    const answer = await request(`${server}${at}`, {
      method: method as 'GET',
      dispatcher: agent,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: answer.statusCode, body: (await answer.body.json()) as Json };
  };

const realCluster = (server: string): Cluster => {
  const ca = readFileSync(process.env['KUBERNETES_TEST_CA_FILE'] ?? '', 'utf8');
  const token = readFileSync(process.env['KUBERNETES_TEST_TOKEN_FILE'] ?? '', 'utf8').trim();
  const agent = new Agent({ connect: { ca } });
  const as = callerOf(server, agent);
  return { server, ca, as, admin: as(token), standIn: null, stop: async () => await agent.destroy() };
};

export const openCluster = async (): Promise<Cluster> => {
  const real = process.env['KUBERNETES_TEST_SERVER'];
  if (real) return realCluster(real);
  const tls = certificate();
  const standIn = await startApiServer(tls);
  const agent = new Agent({ connect: { ca: tls.cert } });
  const as = callerOf(standIn.url, agent);
  const stop = async (): Promise<void> => {
    await agent.destroy();
    await standIn.stop();
  };
  return { server: standIn.url, ca: tls.cert, as, admin: as(standIn.adminToken), standIn, stop };
};

export const RBAC = '/apis/rbac.authorization.k8s.io/v1';

const PLURALS: Record<string, string> = {
  Namespace: 'namespaces',
  ServiceAccount: 'serviceaccounts',
  ConfigMap: 'configmaps',
  Pod: 'pods',
  Secret: 'secrets',
  Lease: 'leases',
  Deployment: 'deployments',
  Role: 'roles',
  RoleBinding: 'rolebindings',
  ClusterRole: 'clusterroles',
  ClusterRoleBinding: 'clusterrolebindings',
};

type KubeFile = { apiVersion: string; kind: string; metadata: { name: string; namespace?: string } };

const collectionFor = ({ apiVersion, kind, metadata }: KubeFile): string => {
  const root = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
  const space = metadata.namespace === undefined ? '' : `/namespaces/${metadata.namespace}`;
  return `${root}${space}/${PLURALS[kind] ?? kind}`;
};

/** As `kubectl apply` for what is not there yet. */
export const apply = async (admin: Caller, ...objects: object[]): Promise<void> => {
  for (const object of objects) {
    const { status, body } = await admin('POST', collectionFor(object as KubeFile), object);
    if (status !== 201 && status !== 409) throw new Error(`${status}: ${JSON.stringify(body)}`);
  }
};

export const documentsIn = (text: string): object[] => parseAllDocuments(text).map((one) => one.toJS() as object);

export const rule = (resources: string[], verbs: string[], more: object = {}) => ({
  apiGroups: [''],
  resources,
  verbs,
  ...more,
});

export const roleOf = (name: string, rules: object[], namespace?: string): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: namespace === undefined ? 'ClusterRole' : 'Role',
  metadata: { name, ...(namespace !== undefined && { namespace }) },
  rules,
});

export type Target = {
  cluster: Cluster;
  /** Where the roles of the tests are, and Latchkey's own. */
  app: string;
  own: string;
  config: Record<string, Json>;
  /** Of Latchkey's own account. */
  token: string;
  scopes: Record<string, Record<string, Json>>;
  prepare: (scopes: Record<string, Record<string, Json>>) => Promise<void>;
};

const READ = [rule(['configmaps'], ['get', 'list'])];
const WRITE = [rule(['configmaps'], ['get', 'list', 'create', 'update'])];

/** In namespaces and roles of its own, so that many tests share one cluster. */
export const createTarget = async (
  cluster: Cluster,
  more: {
    subject?: 'person' | 'token';
    scopes?: (names: { app: string; id: string }) => Record<string, Record<string, Json>>;
    roles?: Record<string, object[]>;
  } = {},
): Promise<Target> => {
  const id = newId().slice(0, 8);
  const [app, own] = [`app-${id}`, `latchkey-${id}`];
  const { admin } = cluster;
  await apply(admin, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: app } });
  for (const [name, rules] of Object.entries({ read: READ, write: WRITE, ...more.roles }))
    await apply(admin, roleOf(`${name}-${id}`, rules));
  for (const n of [1, 2, 3])
    await apply(admin, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `order-${n}`, namespace: app, labels: { app: 'orders' } },
    });
  const subject = more.subject ?? 'token';
  const scopes = {
    read: { cluster_role: `read-${id}`, namespaces: [app], subject },
    write: { cluster_role: `write-${id}`, namespaces: [app], subject },
    ...more.scopes?.({ app, id }),
  };
  const config = { server: cluster.server, ca: cluster.ca, token: 'none', namespace: own };
  const prepare = async (all: Record<string, Record<string, Json>>): Promise<void> => {
    const { text } = (await kubernetes.prepare?.(config, all, { signal: new AbortController().signal })) ?? {
      text: '',
    };
    await apply(admin, ...documentsIn(text));
  };
  await prepare(scopes);
  const spec = { spec: { expirationSeconds: 7_200 }, kind: 'TokenRequest', apiVersion: 'authentication.k8s.io/v1' };
  const made = await admin('POST', `/api/v1/namespaces/${own}/serviceaccounts/latchkey/token`, spec);
  const { token } = (made.body as { status: { token: string } }).status;
  return { cluster, app, own, config: { ...config, token }, token, scopes, prepare };
};

export const tokenIn = (secret: Secret | undefined): string => {
  const text = secret?.fields.find(({ name }) => name === 'kubeconfig')?.value;
  if (text === undefined) throw new Error('there is no kubeconfig');
  const { users } = parse(text) as { users: { user: { token: string } }[] };
  return users[0]?.user.token ?? '';
};

export const itemsIn = ({ body }: Answer): { metadata: { name: string; uid: string } }[] =>
  (body as { items?: { metadata: { name: string; uid: string } }[] }).items ?? [];

export const bindingsOf = async ({ cluster }: Target, grantId: string): Promise<string[]> => {
  const query = `labelSelector=${encodeURIComponent(`latchkey.dev/grant=${grantId}`)}`;
  const lists = await Promise.all(
    ['rolebindings', 'clusterrolebindings'].map(async (kind) => await cluster.admin('GET', `${RBAC}/${kind}?${query}`)),
  );
  return lists.flatMap(itemsIn).map(({ metadata }) => metadata.name);
};

/** Ways in which a binding of somebody else gives more to the account of a grant, by the name of the binding. */
export const straysOf = (own: string, name: string): { on: string; kind: string; name: string }[] => {
  const apiGroup = 'rbac.authorization.k8s.io';
  const account = { on: 'kept', kind: 'ServiceAccount', namespace: own, name };
  const user = { on: 'as-user', kind: 'User', apiGroup, name: `system:serviceaccount:${own}:${name}` };
  const group = { on: 'as-group', kind: 'Group', apiGroup, name: `system:serviceaccounts:${own}` };
  return [account, user, group];
};
