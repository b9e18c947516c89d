/** Who is in a group of Okta. IDs are what is kept: a login can become somebody else's. */
import { z } from 'zod';
import type { Named, Place, Roster, State } from '../kit/membership.ts';
import { ProviderError, type Finding } from '../provider.ts';
import { openClient, type Client } from './client.ts';
import type { Config, Scope } from './config.ts';
import { changeableGroup, groupPath } from './groups.ts';

const userAnswer = z.object({
  id: z.string(),
  status: z.string(),
  profile: z.object({ login: z.string(), email: z.string().nullish() }),
});
type User = z.infer<typeof userAnswer>;
const groupIds = z.array(z.object({ id: z.string() }));

const untouched = { isUntouched: true };
const isSame = (one: string | null | undefined, other: string): boolean => one?.toLowerCase() === other.toLowerCase();
const userPath = (id: string): string => `/api/v1/users/${encodeURIComponent(id)}`;

/** Okta also takes IDs, `me` and the part before the @ here: only the whole login counts. */
const byLogin = async (client: Client, login: string, signal: AbortSignal): Promise<User[]> => {
  // Dots alone would be another path.
  if (/^\.*$/.test(login)) return [];
  const doing = `look for the account ${login}`;
  const answer = await client.ask({ method: 'GET', path: userPath(login) }, { statuses: [200, 404], doing }, signal);
  const user = answer.status === 200 ? userAnswer.parse(answer.body) : null;
  return user && isSame(user.profile.login, login) ? [user] : [];
};

const byEmail = async (client: Client, email: string, signal: AbortSignal): Promise<User[]> => {
  const filter = encodeURIComponent(`profile.email eq ${JSON.stringify(email)}`);
  const found = await client.all(`/api/v1/users?search=${filter}`, `look for the account with ${email}`, signal);
  return z
    .array(userAnswer)
    .parse(found)
    .filter(({ profile }) => isSame(profile.email, email));
};

const whatOf = (named: Named): string => ('user' in named ? `the login ${named.user}` : `the address ${named.value}`);

const anyAccountOf = async (client: Client, named: Named, signal: AbortSignal): Promise<User | null> => {
  const found = await ('user' in named ? byLogin(client, named.user, signal) : byEmail(client, named.value, signal));
  if (found.length < 2) return found[0] ?? null;
  const sentence = `More than one account in Okta has ${whatOf(named)}: an admin names one in map.`;
  throw new ProviderError('denied', sentence, untouched);
};

const accountOf = async (client: Client, named: Named, signal: AbortSignal): Promise<User> => {
  const user = await anyAccountOf(client, named, signal);
  if (!user) throw new ProviderError('denied', `There is no account with ${whatOf(named)} in Okta.`, untouched);
  if (user.status === 'ACTIVE') return user;
  throw new ProviderError(
    'denied',
    `${user.profile.login} is not active in Okta: its status is ${user.status}.`,
    untouched,
  );
};

const stateOf = async (client: Client, { list, member }: Place, signal: AbortSignal): Promise<State> => {
  const found = await client.allIfThere(`${userPath(member)}/groups`, 'list the groups of the account', signal);
  if (found) return groupIds.parse(found).some(({ id }) => id === list) ? 'in' : 'out';
  // The account is gone, or this is another organization, which proves nothing.
  const doing = 'find the account or the group again; is url still of the same organization?';
  await client.ask({ method: 'GET', path: groupPath(list) }, { statuses: [200], doing }, signal);
  return 'out';
};

const membership = ({ list, member }: Place): string => `${groupPath(list)}/users/${encodeURIComponent(member)}`;

const findingOf = (failure: unknown): Finding => {
  if (failure instanceof ProviderError) return { level: 'error', code: failure.kind, message: failure.message };
  throw failure;
};

const preflight = async (client: Client, scopes: Record<string, Scope>, signal: AbortSignal): Promise<Finding[]> => {
  const found: Finding[] = [];
  const look = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (failure) {
      found.push(findingOf(failure));
    }
  };
  const users = { statuses: [200], doing: 'list people; may Latchkey read users?' };
  await look(async () => await client.ask({ method: 'GET', path: '/api/v1/users?limit=1' }, users, signal));
  // What fails for the organization fails for each group alike.
  if (found.length > 0) return found;
  for (const group of new Set(Object.values(scopes).map((scope) => scope.group)))
    await look(async () => await changeableGroup(client, group, signal));
  return found;
};

export const openRoster = (config: Config): Roster<Scope> => {
  const client = openClient(config);
  return {
    locate: async ({ group }, named, signal) => {
      const { id, profile } = await accountOf(client, named, signal);
      const list = await changeableGroup(client, group, signal);
      return { place: { list, member: id }, account: `${profile.login} (${id})` };
    },
    trace: async ({ group }, named, signal) => {
      const user = await anyAccountOf(client, named, signal);
      return user && { list: group, member: user.id };
    },
    stateOf: async (place, signal) => await stateOf(client, place, signal),
    add: async (place, signal) => {
      const doing = 'add the account to the group; may Latchkey change members of it?';
      await client.ask({ method: 'PUT', path: membership(place) }, { statuses: [204], doing }, signal);
    },
    remove: async (place, signal) => {
      const doing = 'take the account out of the group; may Latchkey change members of it?';
      await client.ask({ method: 'DELETE', path: membership(place) }, { statuses: [204, 404], doing }, signal);
    },
    preflight: async (scopes, signal) => await preflight(client, scopes, signal),
    close: async () => await client.close(),
  };
};
