/** Who is in a Google group. Addresses are what names people there, and the group itself is kept by its name in the API. */
import { z } from 'zod';
import type { Located, Named, Place, Roster } from '../kit/membership.ts';
import { ProviderError } from '../provider.ts';
import { openClient, saidIn, type Client } from './client.ts';
import { isName, type Config, type Scope } from './config.ts';
import { changeableGroup, findGroup, groupNamed } from './groups.ts';
import { deadlineOf, hasByNesting, MAY, membershipNamed, readMembership } from './memberships.ts';
import { preflight } from './preflight.ts';

type Opened = { client: Client; config: Config };

const operation = z.object({ response: z.object({ name: z.string() }).optional() });
const untouched = { isUntouched: true };

/** In lower case, as Google compares them. */
const addressOf = (named: Named): string | null => {
  const name = 'user' in named ? named.user : named.value;
  return isName(name) ? name.toLowerCase() : null;
};

const ownAddressOf = ({ domains }: Config, named: Named): string => {
  const name = 'user' in named ? named.user : named.value;
  const address = addressOf(named);
  if (address === null) throw new ProviderError('denied', `${name} is no address of a Google account.`, untouched);
  if (domains.includes(address.slice(address.lastIndexOf('@') + 1))) return address;
  const sentence = `${address} is outside of ${domains.join(', ')}, and Latchkey puts nobody else into a group.`;
  throw new ProviderError('denied', sentence, untouched);
};

const NO_PERSON = (address: string): string =>
  `${address} is no account of a person in Google. All who are in it would be let in, too, so Latchkey gives it nothing.`;

const locate = async (
  { client, config }: Opened,
  { scope, named }: { scope: Scope; named: Named },
  signal: AbortSignal,
): Promise<Located> => {
  const member = ownAddressOf(config, named);
  if ((await groupNamed(client, member, signal)) !== null)
    throw new ProviderError('denied', NO_PERSON(member), untouched);
  const { list, named: byAddress } = await changeableGroup(client, scope, signal);
  return { place: { list, member }, account: member, ...(byAddress && { named: byAddress }) };
};

const remove = async (client: Client, place: Place, signal: AbortSignal): Promise<void> => {
  const name = await membershipNamed(client, place, signal);
  if (name === null) return;
  const doing = `take the account out of the group; ${MAY}`;
  await client.ask({ method: 'DELETE', path: `/${name}` }, { statuses: [200, 404], doing }, signal);
};

/** Google keeps seconds: a deadline is never earlier than that of the grant. */
const timeOf = (at: Date): string => new Date(Math.ceil(at.getTime() / 1000) * 1000).toISOString();

const add = async (
  { client, config }: Opened,
  { place, expiresAt }: { place: Place; expiresAt: Date },
  signal: AbortSignal,
): Promise<void> => {
  const deadline = config.enterprise ? { expiryDetail: { expireTime: timeOf(expiresAt) } } : {};
  const body = { preferredMemberKey: { id: place.member }, roles: [{ name: 'MEMBER', ...deadline }] };
  const call = { method: 'POST', path: `/${place.list}/memberships`, body } as const;
  const doing = `add the account to the group; ${MAY}`;
  const answer = await client.ask(call, { statuses: [200, 409], doing }, signal);
  if (answer.status === 409) {
    // Of those who are in already, and of two changes at once.
    if ((await membershipNamed(client, place, signal)) !== null) return;
    throw new ProviderError('conflict', `Google could not ${doing} It answers 409${saidIn(answer)}.`);
  }
  const name = operation.parse(answer.body).response?.name ?? (await membershipNamed(client, place, signal));
  const made = name === null ? null : await readMembership(client, name, signal);
  if (!made || made.type === 'USER') return;
  await remove(client, place, signal);
  throw new ProviderError('denied', NO_PERSON(place.member));
};

/** Later and never earlier: another grant may have it for longer. One without a deadline was there before, and stays so. */
const keepUntil = async (
  client: Client,
  { place, expiresAt }: { place: Place; expiresAt: Date },
  signal: AbortSignal,
): Promise<void> => {
  const read = async (): Promise<{ name: string; until: Date | null }> => {
    const name = await membershipNamed(client, place, signal);
    const membership = name === null ? null : await readMembership(client, name, signal);
    if (membership) return { name: membership.name, until: deadlineOf(membership) };
    throw new ProviderError('denied', `${place.member} is not in the group any more.`);
  };
  const isEnough = ({ until }: { until: Date | null }): boolean =>
    until === null || until.getTime() >= expiresAt.getTime();
  const before = await read();
  if (isEnough(before)) return;
  const membershipRole = { name: 'MEMBER', expiryDetail: { expireTime: timeOf(expiresAt) } };
  const body = { updateRolesParams: [{ fieldMask: 'expiryDetail.expire_time', membershipRole }] };
  const call = { method: 'POST', path: `/${before.name}:modifyMembershipRoles`, body } as const;
  await client.ask(call, { statuses: [200], doing: `move the deadline of the membership; ${MAY}` }, signal);
  if (!isEnough(await read()))
    throw new ProviderError('conflict', 'Google has another deadline than the one it was given.');
};

export const openRoster = (config: Config): Roster<Scope> => {
  const client = openClient(config);
  const opened = { client, config };
  return {
    locate: async (scope, named, signal) => await locate(opened, { scope, named }, signal),
    trace: async ({ group }, named, signal) => {
      const member = addressOf(named);
      return member === null ? null : { list: await findGroup(client, group, signal), member };
    },
    stateOf: async (place, signal) => ((await membershipNamed(client, place, signal)) === null ? 'out' : 'in'),
    add: async (place, signal, expiresAt) => await add(opened, { place, expiresAt }, signal),
    remove: async (place, signal) => await remove(client, place, signal),
    ...(config.enterprise && {
      hasByNesting: async (place: Place, signal: AbortSignal) => await hasByNesting(client, place, signal),
      keepUntil: async (place: Place, signal: AbortSignal, expiresAt: Date) =>
        await keepUntil(client, { place, expiresAt }, signal),
    }),
    preflight: async (scopes, signal) => await preflight(opened, scopes, signal),
    close: async () => await client.close(),
  };
};
