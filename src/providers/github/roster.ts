/** Who is in a team, or has a repository by their own name. Ids are what is kept: a login can become somebody else's. */
import { z } from 'zod';
import type { Located, Named, Place, Roster, State } from '../kit/membership.ts';
import { ProviderError } from '../provider.ts';
import { openClient, type Client } from './client.ts';
import type { Config, Permission, Scope } from './config.ts';
import { listIn } from './lists.ts';
import { preflight } from './preflight.ts';

const userAnswer = z.object({ id: z.int(), login: z.string(), type: z.string() });
const membershipAnswer = z.object({ state: z.enum(['active', 'pending']) });
const collaborators = z.array(z.object({ id: z.int(), role_name: z.string() }));
const invitations = z.array(z.object({ id: z.int(), invitee: z.object({ id: z.int() }).nullable() }));
const toOrganization = z.array(z.object({ id: z.int(), login: z.string().nullable() }));

/** As collaborators are listed. */
const ROLE_NAMES = {
  pull: 'read',
  triage: 'triage',
  push: 'write',
  maintain: 'maintain',
  admin: 'admin',
} as const satisfies Record<Permission, string>;

type Opened = { client: Client; config: Config };
/** `list` of a place: a team by the ids of its organization and its own, or a repository by its id, with what is given. */
type List = { team: string } | { repository: string; permission: string };

const listOf = (place: Place): List => {
  const [kind, rest = '', permission = ''] = place.list.split(' ');
  return kind === 'team' ? { team: rest } : { repository: rest, permission };
};

const untouched = { isUntouched: true };

type Account = { id: number; login: string };

const anyAccountOf = async ({ client }: Opened, named: Named, signal: AbortSignal): Promise<Account | null> => {
  if (!('user' in named)) throw new ProviderError('misconfigured', 'GitHub looks nobody up by address.', untouched);
  const user = encodeURIComponent(named.user);
  const doing = `look for the account ${named.user}`;
  const answer = await client.ask({ method: 'GET', path: `/users/${user}` }, { statuses: [200, 404], doing }, signal);
  const found = answer.status === 200 ? userAnswer.parse(answer.body) : null;
  return found?.type === 'User' ? found : null;
};

const accountOf = async (opened: Opened, named: Named, signal: AbortSignal): Promise<Account> => {
  const { client, config } = opened;
  const found = await anyAccountOf(opened, named, signal);
  if (!found) {
    const name = 'user' in named ? named.user : named.value;
    throw new ProviderError('denied', `There is no account ${name} of a person on GitHub.`, untouched);
  }
  const doing = `look for the account ${found.login}`;
  const path = `/orgs/${config.organization}/memberships/${encodeURIComponent(found.login)}`;
  const member = await client.ask({ method: 'GET', path }, { statuses: [200, 404], doing }, signal);
  if (member.status === 200 && membershipAnswer.parse(member.body).state === 'active') return found;
  // To add them would invite them, and an invitation outlives the grant.
  throw new ProviderError(
    'denied',
    `${found.login} is no member of ${config.organization} on GitHub, and Latchkey invites nobody. An owner invites them, they accept, and then they request this again.`,
    untouched,
  );
};

const directOf = async ({ client }: Opened, place: Place, signal: AbortSignal): Promise<string | null> => {
  const list = listOf(place);
  if ('team' in list) return null;
  const path = `/repositories/${list.repository}/collaborators?affiliation=direct`;
  const all = collaborators.parse(await client.all(path, 'list the collaborators', signal));
  return all.find(({ id }) => String(id) === place.member)?.role_name ?? null;
};

/** Where they have it by their own name with another permission: that one. */
const otherOf = async (
  opened: Opened,
  { scope, place }: { scope: Scope; place: Place },
  signal: AbortSignal,
): Promise<string | null> => {
  const direct = await directOf(opened, place, signal);
  return 'permission' in scope && direct !== ROLE_NAMES[scope.permission] ? direct : null;
};

/** What they have with another permission is not what Latchkey gave. */
const trace = async (
  opened: Opened,
  { scope, named }: { scope: Scope; named: Named },
  signal: AbortSignal,
): Promise<Place | null> => {
  const account = await anyAccountOf(opened, named, signal);
  if (!account) return null;
  const place = { list: (await listIn(opened, scope, signal)).list, member: String(account.id) };
  return (await otherOf(opened, { scope, place }, signal)) === null ? place : null;
};

const locate = async (
  opened: Opened,
  { scope, named }: { scope: Scope; named: Named },
  signal: AbortSignal,
): Promise<Located> => {
  const { id, login } = await accountOf(opened, named, signal);
  const { list, named: byName } = await listIn(opened, scope, signal);
  const place = { list, member: String(id) };
  const direct = await otherOf(opened, { scope, place }, signal);
  if (direct === null || 'team' in scope)
    return { place, account: `${login} (${id})`, ...(byName && { named: byName }) };
  throw new ProviderError(
    'denied',
    `${login} has ${scope.repository} by their own name already, as ${direct}. GitHub keeps one permission for each collaborator, so Latchkey could not give that back. Use a team.`,
    untouched,
  );
};

/** The login of now; null where the account is gone. */
const loginOf = async ({ client }: Opened, id: string, signal: AbortSignal): Promise<string | null> => {
  const call = { method: 'GET', path: `/user/${id}` } as const;
  const answer = await client.ask(call, { statuses: [200, 404], doing: `look for the account ${id}` }, signal);
  return answer.status === 200 ? encodeURIComponent(userAnswer.parse(answer.body).login) : null;
};

const invitationsOf = async (
  { client }: Opened,
  { repository, member }: { repository: string; member: string },
  signal: AbortSignal,
): Promise<number[]> => {
  const all = invitations.parse(
    await client.all(`/repositories/${repository}/invitations`, 'list the invitations', signal),
  );
  return all.flatMap(({ id, invitee }) => (String(invitee?.id) === member ? [id] : []));
};

const stateOf = async (opened: Opened, place: Place, signal: AbortSignal): Promise<State> => {
  const list = listOf(place);
  if ('repository' in list) {
    if ((await directOf(opened, place, signal)) !== null) return 'in';
    return (await invitationsOf(opened, { repository: list.repository, member: place.member }, signal)).length > 0
      ? 'pending'
      : 'out';
  }
  const login = await loginOf(opened, place.member, signal);
  if (login === null) return 'out';
  const call = { method: 'GET', path: `/organizations/${list.team}/memberships/${login}` } as const;
  const answer = await opened.client.ask(call, { statuses: [200, 404], doing: 'look into the team' }, signal);
  if (answer.status === 404) return 'out';
  return membershipAnswer.parse(answer.body).state === 'active' ? 'in' : 'pending';
};

const add = async (opened: Opened, place: Place, signal: AbortSignal): Promise<void> => {
  const list = listOf(place);
  const login = await loginOf(opened, place.member, signal);
  if (login === null) throw new ProviderError('denied', `The account ${place.member} is gone from GitHub.`);
  if ('team' in list) {
    // As a member: a maintainer could put others in.
    const call = {
      method: 'PUT',
      path: `/organizations/${list.team}/memberships/${login}`,
      body: { role: 'member' },
    } as const;
    await opened.client.ask(
      call,
      { statuses: [200], doing: `add ${login} to the team; does an identity provider keep it?` },
      signal,
    );
    return;
  }
  const body = { permission: list.permission };
  const call = { method: 'PUT', path: `/repositories/${list.repository}/collaborators/${login}`, body } as const;
  await opened.client.ask(call, { statuses: [201, 204], doing: `add ${login} to the repository` }, signal);
};

/** Also what waits to be accepted: leaving a team does not take the invitation to the organization back. */
const remove = async (opened: Opened, place: Place, signal: AbortSignal): Promise<void> => {
  const { client, config } = opened;
  const list = listOf(place);
  const isPending = (await stateOf(opened, place, signal)) === 'pending';
  const drop = async (path: string): Promise<unknown> =>
    await client.ask({ method: 'DELETE', path }, { statuses: [204, 404], doing: 'take somebody out again' }, signal);
  const login = await loginOf(opened, place.member, signal);
  if ('team' in list) {
    if (login !== null) await drop(`/organizations/${list.team}/memberships/${login}`);
    if (!isPending) return;
    const open = toOrganization.parse(
      await client.all(`/orgs/${config.organization}/invitations`, 'list the invitations', signal),
    );
    for (const one of open) if (one.login === login) await drop(`/orgs/${config.organization}/invitations/${one.id}`);
    return;
  }
  for (const id of await invitationsOf(opened, { repository: list.repository, member: place.member }, signal))
    await drop(`/repositories/${list.repository}/invitations/${id}`);
  if (login !== null) await drop(`/repositories/${list.repository}/collaborators/${login}`);
};

export const openRoster = (config: Config): Roster<Scope> => {
  const opened = { client: openClient(config), config };
  return {
    locate: async (scope, named, signal) => await locate(opened, { scope, named }, signal),
    trace: async (scope, named, signal) => await trace(opened, { scope, named }, signal),
    stateOf: async (place, signal) => await stateOf(opened, place, signal),
    add: async (place, signal) => await add(opened, place, signal),
    remove: async (place, signal) => await remove(opened, place, signal),
    preflight: async (scopes, signal) => await preflight(opened, scopes, signal),
    close: async () => await opened.client.close(),
  };
};
