/** Who is in a group of Entra. Object IDs are what is kept: a user principal name can become somebody else's. */
import { z } from 'zod';
import type { Named, Place, Roster, State } from '../kit/membership.ts';
import { ProviderError } from '../provider.ts';
import { openClient, saidIn, type Client } from './client.ts';
import type { Config, Scope } from './config.ts';
import { changeableGroup, groupPath } from './groups.ts';
import { preflight } from './preflight.ts';

const PROPERTIES = 'id,userPrincipalName,mail,accountEnabled';
const userAnswer = z.object({
  id: z.string(),
  userPrincipalName: z.string(),
  mail: z.string().nullish(),
  accountEnabled: z.boolean().nullish(),
});
type User = z.infer<typeof userAnswer>;
const ids = z.array(z.object({ id: z.string() }));
const groupIds = z.object({ value: z.array(z.string()) });

const untouched = { isUntouched: true };
const isSame = (one: string | null | undefined, other: string): boolean => one?.toLowerCase() === other.toLowerCase();
const userPath = (id: string): string => `/users/${encodeURIComponent(id)}`;

/** Entra takes IDs here, too: only the whole user principal name counts. */
const byName = async (client: Client, name: string, signal: AbortSignal): Promise<User[]> => {
  if (!/^[^\s/\\?$][^\s/\\?]*@[^\s/\\?@]+$/.test(name)) return [];
  const path = `${userPath(name)}?$select=${PROPERTIES}`;
  const doing = `look for the account ${name}; does the app have User.Read.All?`;
  const answer = await client.ask({ method: 'GET', path }, { statuses: [200, 404], doing }, signal);
  const user = answer.status === 200 ? userAnswer.parse(answer.body) : null;
  return user && isSame(user.userPrincipalName, name) ? [user] : [];
};

const byMail = async (client: Client, mail: string, signal: AbortSignal): Promise<User[]> => {
  // In OData a quote is doubled.
  const filter = encodeURIComponent(`mail eq '${mail.replaceAll("'", "''")}'`);
  const path = `/users?$filter=${filter}&$select=${PROPERTIES}`;
  const found = await client.allIfThere(path, `look for the account with ${mail}`, signal);
  return z
    .array(userAnswer)
    .parse(found ?? [])
    .filter((user) => isSame(user.mail, mail));
};

const whatOf = (named: Named): string =>
  'user' in named ? `the user principal name ${named.user}` : `the address ${named.value}`;

const anyAccountOf = async (client: Client, named: Named, signal: AbortSignal): Promise<User | null> => {
  const found = await ('user' in named ? byName(client, named.user, signal) : byMail(client, named.value, signal));
  if (found.length < 2) return found[0] ?? null;
  const sentence = `More than one account in Entra has ${whatOf(named)}: an admin names one in map.`;
  throw new ProviderError('denied', sentence, untouched);
};

const accountOf = async (client: Client, named: Named, signal: AbortSignal): Promise<User> => {
  const user = await anyAccountOf(client, named, signal);
  if (!user) throw new ProviderError('denied', `There is no account with ${whatOf(named)} in Entra.`, untouched);
  if (user.accountEnabled === true) return user;
  throw new ProviderError('denied', `Sign-in of ${user.userPrincipalName} is blocked in Entra.`, untouched);
};

const stateOf = async (client: Client, { list, member }: Place, signal: AbortSignal): Promise<State> => {
  const filter = encodeURIComponent(`id eq '${member}'`);
  const path = `${groupPath(list)}/members?$filter=${filter}&$count=true&$select=id`;
  const found = await client.allIfThere(path, 'look for the account in the group', signal);
  if (found) return ids.parse(found).some(({ id }) => id === member) ? 'in' : 'out';
  // The group is deleted, or this is another tenant, which proves nothing.
  const doing = 'find the account or the group again; is tenant still the same?';
  await client.ask({ method: 'GET', path: `${userPath(member)}?$select=id` }, { statuses: [200], doing }, signal);
  return 'out';
};

/** Of groups in the group, too. */
const hasByNesting = async (client: Client, { list, member }: Place, signal: AbortSignal): Promise<boolean> => {
  const call = { method: 'POST', path: `${userPath(member)}/checkMemberGroups`, body: { groupIds: [list] } } as const;
  const doing = 'ask which groups the account is in; does the app have User.Read.All?';
  const answer = await client.ask(call, { statuses: [200, 404], doing }, signal);
  return answer.status === 200 && groupIds.parse(answer.body).value.includes(list);
};

const MAY = 'does the app have GroupMember.ReadWrite.All?';

const add = async (client: Client, place: Place, signal: AbortSignal): Promise<void> => {
  const body = { '@odata.id': client.referenceOf(place.member) };
  const call = { method: 'POST', path: `${groupPath(place.list)}/members/$ref`, body } as const;
  const doing = `add the account to the group; ${MAY}`;
  const answer = await client.ask(call, { statuses: [204, 400, 404], doing }, signal);
  // 400 is said of those who are in already, of much else, and of what another replica has not heard of yet.
  if (answer.status === 204 || (await stateOf(client, place, signal)) === 'in') return;
  const sentence = `Entra could not ${doing} It answers ${answer.status}${saidIn(answer)}.`;
  throw new ProviderError('conflict', sentence);
};

/** Without `/$ref` Entra would delete the account itself. */
const remove = async (client: Client, { list, member }: Place, signal: AbortSignal): Promise<void> => {
  const path = `${groupPath(list)}/members/${encodeURIComponent(member)}/$ref`;
  const doing = `take the account out of the group; ${MAY}`;
  await client.ask({ method: 'DELETE', path }, { statuses: [204, 404], doing }, signal);
};

export const openRoster = (config: Config): Roster<Scope> => {
  const client = openClient(config);
  return {
    locate: async ({ group }, named, signal) => {
      const { id, userPrincipalName } = await accountOf(client, named, signal);
      await changeableGroup(client, group, signal);
      return { place: { list: group, member: id }, account: `${userPrincipalName} (${id})` };
    },
    trace: async ({ group }, named, signal) => {
      const user = await anyAccountOf(client, named, signal);
      return user && { list: group, member: user.id };
    },
    stateOf: async (place, signal) => await stateOf(client, place, signal),
    hasByNesting: async (place, signal) => await hasByNesting(client, place, signal),
    add: async (place, signal) => await add(client, place, signal),
    remove: async (place, signal) => await remove(client, place, signal),
    preflight: async (scopes, signal) => await preflight(client, scopes, signal),
    close: async () => await client.close(),
  };
};
