/** Who has a role at a scope. Azure knows one assignment of a role for an account at a scope, no matter who made it. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Named, Place, Roster } from '../kit/membership.ts';
import { ProviderError } from '../provider.ts';
import { openClient, saidIn, type Client } from './client.ts';
import type { Config, Scope } from './config.ts';
import { preflight } from './preflight.ts';
import { allPages, inList, isOfPlace, isSame, listOf } from './places.ts';
import { openPim } from './pim.ts';
import { API, demandSafe, roleAt } from './roles.ts';

const userAnswer = z.object({ id: z.string(), userPrincipalName: z.string(), accountEnabled: z.boolean() });
type User = z.infer<typeof userAnswer>;
const assignmentAnswer = z.object({
  id: z.string(),
  properties: z.object({ scope: z.string(), roleDefinitionId: z.string(), principalId: z.string() }),
});

/** By object ID or whole user principal name: never by a part of it. */
const userOf = async (client: Client, named: Named, signal: AbortSignal): Promise<User | null> => {
  const name = 'user' in named ? named.user : named.value;
  if (!/^[^\s/\\?#%]{3,113}$/.test(name)) return null;
  const path = `/v1.0/users/${encodeURIComponent(name)}?$select=id,userPrincipalName,accountEnabled`;
  const doing = `look for the account ${name}`;
  const answer = await client.graph({ call: { method: 'GET', path }, doing, statuses: [200, 404] }, signal);
  if (answer.status === 404) return null;
  const user = userAnswer.parse(answer.body);
  return isSame(user.id, name) || isSame(user.userPrincipalName, name) ? user : null;
};

const untouched = { isUntouched: true };

/** A name in the form of a GUID, the same for the same three. */
const nameOf = ({ list, member }: Place): string => {
  const hex = createHash('sha256').update(`latchkey ${list} ${member.toLowerCase()}`).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
};

/** Only what is assigned right here: what is inherited, or given to a group, is not Latchkey's to take. */
const assignmentsOf = async (client: Client, { list, member }: Place, signal: AbortSignal): Promise<string[]> => {
  const { scope, role } = inList(list);
  const filter = encodeURIComponent(`principalId eq '${member}'`);
  const path = `${scope}/providers/Microsoft.Authorization/roleAssignments?$filter=${filter}&${API}`;
  const all = await allPages(client, { path, doing: `list the roles of ${member} at ${scope}` }, signal);
  return z
    .array(assignmentAnswer)
    .parse(all)
    .filter(({ properties }) => isOfPlace(properties, { scope, role, member }))
    .map(({ id }) => id);
};

const WHY: Readonly<Record<string, string>> = {
  RoleAssignmentLimitExceeded:
    'the subscription has as many role assignments as Azure allows. Take some away, or give roles to groups',
  PrincipalNotFound: 'Azure does not know the account yet. A new account needs some minutes',
};

const ownId = (place: Place): string =>
  `${inList(place.list).scope}/providers/Microsoft.Authorization/roleAssignments/${nameOf(place)}`;

const add = async (client: Client, place: Place, signal: AbortSignal): Promise<void> => {
  const { scope, role } = inList(place.list);
  const path = `${ownId(place)}?${API}`;
  const [, , subscription = ''] = scope.split('/');
  const properties = {
    roleDefinitionId: `/subscriptions/${subscription}/providers/Microsoft.Authorization/roleDefinitions/${role}`,
    principalId: place.member,
    principalType: 'User',
    description: 'Temporary access, given by Latchkey.',
  };
  const doing = `give the role ${role} at ${scope}`;
  const call = { method: 'PUT' as const, path, body: { properties } };
  const answer = await client.manage({ call, doing, statuses: [200, 201, 400, 409] }, signal);
  if (answer.status < 300) return;
  const { code, message } = saidIn(answer);
  if (code === 'RoleAssignmentExists') return;
  const kind = code === 'PrincipalNotFound' ? 'unavailable' : answer.status === 409 ? 'conflict' : 'misconfigured';
  throw new ProviderError(kind, `Azure could not ${doing}: ${WHY[code] ?? `${code}: ${message}`}.`);
};

/** The one of our name also where a list that is old does not show it yet. */
const remove = async (client: Client, place: Place, signal: AbortSignal): Promise<void> => {
  const listed = await assignmentsOf(client, place, signal);
  const others = listed.filter((id) => !isSame(id, ownId(place)));
  for (const id of [ownId(place), ...others]) {
    const call = { method: 'DELETE' as const, path: `${id}?${API}` };
    await client.manage({ call, doing: `take the role assignment ${id} away`, statuses: [200, 204] }, signal);
  }
};

const placeOf = (scope: Scope, { id }: User): Place => ({ list: listOf(scope), member: id.toLowerCase() });

type Ways = Pick<Roster<Scope>, 'stateOf' | 'add' | 'remove' | 'keepUntil' | 'survives'>;

const byAssignment = (client: Client): Ways => ({
  stateOf: async (place, signal) => ((await assignmentsOf(client, place, signal)).length > 0 ? 'in' : 'out'),
  add: async (place, signal) => await add(client, place, signal),
  remove: async (place, signal) => await remove(client, place, signal),
});

export const openRoster = (config: Config): Roster<Scope> => {
  const client = openClient(config);
  return {
    locate: async (scope, named, signal) => {
      demandSafe(await roleAt(client, scope, signal));
      const user = await userOf(client, named, signal);
      const name = 'user' in named ? named.user : named.value;
      if (!user) throw new ProviderError('denied', `There is no account ${name} in Entra.`, untouched);
      if (!user.accountEnabled)
        throw new ProviderError('denied', `The account ${name} is disabled in Entra.`, untouched);
      return { place: placeOf(scope, user), account: `${user.userPrincipalName} (${user.id})` };
    },
    trace: async (scope, named, signal) => {
      const user = await userOf(client, named, signal);
      return user && placeOf(scope, user);
    },
    ...(config.mode === 'pim' ? openPim(client) : byAssignment(client)),
    preflight: async (scopes, signal) => await preflight({ client, config }, scopes, signal),
    close: async () => await client.close(),
  };
};
