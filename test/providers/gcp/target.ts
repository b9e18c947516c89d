/** A project on the stand-in, prepared as the page says, and the access that people have in it, asked past the provider. */
import { startGcp, type Gcp } from '../../../sandbox/src/gcp/gcp.ts';
import { may, merged } from '../../../sandbox/src/gcp/iam.ts';
import { addProject, newestOf, write, type Binding } from '../../../sandbox/src/gcp/state.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { ProviderContext } from '../../../src/providers/provider.ts';
import { contextOf } from '../connection.ts';

export const PROJECT = 'acme-prod';
export const READER = { project: PROJECT, role: 'roles/app.reader' };
export const WRITER = { project: PROJECT, role: 'roles/app.writer' };
const OWN_ROLE = `projects/${PROJECT}/roles/latchkeyAccess`;
const OWN_RIGHTS = ['resourcemanager.projects.getIamPolicy', 'resourcemanager.projects.setIamPolicy', 'iam.roles.get'];

export type Target = Gcp & { config: Record<string, Json> };

const limitedTo = (...roles: string[]) => ({
  title: 'roles of latchkey 1',
  description: '',
  expression: `api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", []).hasOnly([${roles.map((one) => `"${one}"`).join(', ')}])`,
});

const ownBinding = (email: string): Binding => ({
  role: OWN_ROLE,
  members: [`serviceAccount:${email}`],
  condition: limitedTo(READER.role, WRITER.role),
});

/** Again as on the first day. */
export const reset = ({ state }: Gcp): void => {
  state.roles = new Map([
    [READER.role, ['app.orders.get']],
    [WRITER.role, ['app.orders.get', 'app.orders.update']],
    [OWN_ROLE, OWN_RIGHTS],
    ['roles/owner', [...OWN_RIGHTS, 'app.orders.get', 'iam.serviceAccountKeys.create']],
    ['roles/viewer', ['app.orders.get']],
  ]);
  state.members = new Set([
    'user:ada@acme.test',
    'user:olga@acme.test',
    'user:root@acme.test',
    `serviceAccount:${state.email}`,
  ]);
  Object.assign(state, {
    staleMs: 0,
    propagationMs: 0,
    clockAheadMs: 0,
    writes: 0,
    writesMax: 100_000,
    log: [],
    onRequest: () => null,
  });
  addProject(state, PROJECT, [{ role: 'roles/owner', members: ['user:root@acme.test'] }, ownBinding(state.email)]);
};

export const keyFileOf = ({ state, url }: Gcp): Record<string, string> => ({
  type: 'service_account',
  client_email: state.email,
  private_key: state.privateKey,
  private_key_id: 'k1',
  token_uri: `${url}/token`,
});

export const endpointsOf = ({ url }: Gcp): Record<string, string> => ({
  resource_manager: url,
  iam: url,
  metadata: url,
});

export const openTarget = async (): Promise<Target> => {
  const gcp = await startGcp();
  reset(gcp);
  const config = { projects: [PROJECT], key: JSON.stringify(keyFileOf(gcp)), endpoints: endpointsOf(gcp) };
  return { ...gcp, config };
};

export const bindingsOf = ({ state }: Gcp, grantId: string): Binding[] =>
  newestOf(state, PROJECT).bindings.filter(({ condition }) => condition?.title === `latchkey ${grantId}`);

export const isIn = ({ state }: Gcp, user: string, permission = 'app.orders.get'): boolean =>
  may(state, { project: PROJECT, member: `user:${user}`, permission });

/** Somebody else changes the policy. */
export const byOthers = ({ state }: Gcp, change: (bindings: Binding[]) => Binding[]): void =>
  void write(state, PROJECT, merged(change([...newestOf(state, PROJECT).bindings])));

export const of = (user: string, change: Partial<ProviderContext> = {}): ProviderContext =>
  contextOf({ identity: { user }, ...change });
export const ada = (change: Partial<ProviderContext> = {}): ProviderContext => of('ada@acme.test', change);
