/** Who is in a group of the directory. One compare asks, however large the group is. */
import { Attribute, Change, EqualityFilter, type Client, type Entry } from 'ldapts';
import type { Located, Named, Place, Roster } from '../kit/membership.ts';
import { ProviderError } from '../provider.ts';
import type { Config, Scope } from './config.ts';
import { ID_ATTRIBUTES, keepsOf, readEntry, referred, textsOf, unless, type Keeps } from './entries.ts';
import { CODES, resultCodeOf } from './errors.ts';
import { namedBy } from './named-group.ts';
import { isDn, isSameDn, isUnder } from './names.ts';
import { preflight } from './preflight.ts';
import { openServer, type Server } from './server.ts';
import { entryOfId, idOf } from './stable-ids.ts';

type Opened = { server: Server; config: Config };

const nobody = (config: Config, what: string): ProviderError =>
  new ProviderError(
    'denied',
    `There is no account with ${what} under ${config.people.base}. Somebody without one cannot be given this.`,
    {
      isUntouched: true,
    },
  );

const several = (config: Config, what: string): ProviderError =>
  new ProviderError(
    'denied',
    `More than one account under ${config.people.base} has ${what}, so it is not known who is meant.`,
    {
      isUntouched: true,
    },
  );

/** By its DN, which must lie where people are: the map of identity may hold it. */
const accountAt = async ({ server, config }: Opened, dn: string, signal: AbortSignal): Promise<Entry | null> =>
  isUnder(dn, config.people.base)
    ? await readEntry(server, { dn, attributes: [attributeOf(config), ...ID_ATTRIBUTES] }, signal)
    : null;

const attributeOf = ({ people }: Config): string => people.attribute ?? 'uid';

type By = { attribute: string; value: string };

const byOf = (config: Config, named: Named): By =>
  'user' in named
    ? { attribute: attributeOf(config), value: named.user }
    : { attribute: named.lookup, value: named.value };

const whatOf = (config: Config, named: Named): string => {
  if ('user' in named && isDn(named.user)) return `the DN ${named.user}`;
  const { attribute, value } = byOf(config, named);
  return `${attribute} "${value}"`;
};

const accountBy = async ({ server, config }: Opened, named: Named, signal: AbortSignal): Promise<Entry | null> => {
  if ('user' in named && isDn(named.user)) return await accountAt({ server, config }, named.user, signal);
  const { attribute, value } = byOf(config, named);
  const found = await server.ask(
    `look for ${attribute} under ${config.people.base}`,
    async (client) => await searchPeople(client, { server, config }, { attribute, value }),
    signal,
  );
  if (found.length > 1) throw several(config, whatOf(config, named));
  return found[0] ?? null;
};

/** Two are as many as need to be known. */
const searchPeople = async (client: Client, { server, config }: Opened, by: By): Promise<Entry[]> => {
  try {
    const { searchEntries, searchReferences } = await client.search(config.people.base, {
      scope: 'sub',
      // As a value of its own, never as text of a filter.
      filter: new EqualityFilter(by),
      attributes: [attributeOf(config), ...ID_ATTRIBUTES],
      explicitBufferAttributes: ['objectGUID'],
      sizeLimit: 2,
    });
    if (searchReferences.length > 0) throw referred(server);
    return searchEntries;
  } catch (error) {
    if (resultCodeOf(error) === CODES.sizeLimit) throw several(config, `${by.attribute} "${by.value}"`);
    throw error;
  }
};

type Group = { dn: string; keeps: Keeps; id: string | null };

const groupOf = async ({ server }: Opened, dn: string, signal: AbortSignal): Promise<Group> => {
  const entry = await readEntry(server, { dn, attributes: ['objectClass', ...ID_ATTRIBUTES] }, signal);
  if (!entry) throw new ProviderError('misconfigured', `There is no group ${dn}, or Latchkey may not read it.`);
  const keeps = keepsOf(entry);
  if (keeps) return { dn: entry.dn, keeps, id: idOf(entry) };
  throw new ProviderError(
    'misconfigured',
    `${dn} is no group that Latchkey knows: groupOfNames, groupOfUniqueNames, groupOfMembers, posixGroup or group.`,
  );
};

const locate = async (
  opened: Opened,
  { scope, named }: { scope: Scope; named: Named },
  signal: AbortSignal,
): Promise<Located> => {
  const account = await accountBy(opened, named, signal);
  if (!account) throw nobody(opened.config, whatOf(opened.config, named));
  const group = await groupOf(opened, scope.group, signal);
  const byDn = namedBy(scope, group.id);
  const member = memberIn(opened, account, group.keeps);
  if (member === null)
    throw new ProviderError(
      'denied',
      `${account.dn} has not exactly one ${attributeOf(opened.config)}, which ${group.dn} lists.`,
    );
  return { place: placeOf(group, account, member), account: account.dn, ...byDn };
};

const placeOf = ({ dn, keeps, id: list }: Group, account: Entry, member: string): Place => {
  const of = idOf(account);
  return { list: `${keeps}:${dn}`, member, ...(list !== null && of !== null && { ids: { list, member: of } }) };
};

/** What the group lists of the account; null where it has not exactly one name to list. */
const memberIn = ({ config }: Opened, account: Entry, keeps: Keeps): string | null => {
  if (keeps !== 'memberUid') return account.dn;
  const [uid, ...others] = textsOf(account, attributeOf(config));
  return others.length > 0 ? null : (uid ?? null);
};

const trace = async (
  opened: Opened,
  { scope, named }: { scope: Scope; named: Named },
  signal: AbortSignal,
): Promise<Place | null> => {
  const account = await accountBy(opened, named, signal);
  if (!account) return null;
  const group = await groupOf(opened, scope.group, signal);
  namedBy(scope, group.id);
  const member = memberIn(opened, account, group.keeps);
  return member === null ? null : placeOf(group, account, member);
};

const inList = ({ list }: Place): { keeps: string; dn: string } => {
  const at = list.indexOf(':');
  return { keeps: list.slice(0, at), dn: list.slice(at + 1) };
};

/** Where the place is now. */
type Now = { keeps: string; dn: string; members: string[] };

/** The group by its id: an entry that has its name now is another one. Null where it is gone, or lies where Latchkey may not look. */
const groupNow = async ({ server }: Opened, { dn, id }: { dn: string; id: string }, signal: AbortSignal) => {
  const there = await readEntry(server, { dn, attributes: ID_ATTRIBUTES }, signal);
  if (there && idOf(there) === id) return there.dn;
  return (await entryOfId(server, { id, near: null, at: dn }, signal))?.dn ?? null;
};

/**
 * The names that the group may list of the account: the one that was put in, and the one that it has now, where the directory keeps up
 * (refint, Active Directory). Null where the group is gone.
 */
const nowOf = async (opened: Opened, place: Place, signal: AbortSignal): Promise<Now | null> => {
  const { keeps, dn } = inList(place);
  const { ids, member } = place;
  if (!ids) return { keeps, dn, members: [member] };
  const { base } = opened.config.people;
  const [group, account] = await Promise.all([
    groupNow(opened, { dn, id: ids.list }, signal),
    entryOfId(opened.server, { id: ids.member, near: base, at: base }, signal),
  ]);
  if (group === null) return null;
  const name = account && memberIn(opened, account, keeps as Keeps);
  const isOther = name !== null && (keeps === 'memberUid' ? name !== member : !isSameDn(name, member));
  return { keeps, dn: group, members: isOther ? [member, name] : [member] };
};

type Listed = { now: Now; member: string };

const isListed = async (
  { server }: Opened,
  { now: { keeps, dn }, member }: Listed,
  signal: AbortSignal,
): Promise<boolean> =>
  await server.ask(
    `ask whether ${member} is in ${dn}`,
    // Nobody is in a group that is gone, or that has no member.
    async (client) =>
      await unless(
        [CODES.noSuchAttribute, CODES.noSuchObject],
        false,
        async () => await client.compare(dn, keeps, member),
      ),
    signal,
  );

const isIn = async (opened: Opened, place: Place, signal: AbortSignal): Promise<boolean> => {
  const now = await nowOf(opened, place, signal);
  if (now === null) return false;
  for (const member of now.members) if (await isListed(opened, { now, member }, signal)) return true;
  return false;
};

const change = (operation: 'add' | 'delete', type: string, value: string): Change =>
  new Change({ operation, modification: new Attribute({ type, values: [value] }) });

const add = async ({ server }: Opened, place: Place, signal: AbortSignal): Promise<void> => {
  const { keeps, dn } = inList(place);
  await server.ask(
    `add ${place.member} to ${dn}`,
    async (client) =>
      await unless(
        [CODES.typeOrValueExists],
        undefined,
        async () => await client.modify(dn, change('add', keeps, place.member)),
      ),
    signal,
  );
};

/** A group of names must have one: where the person is the last, a placeholder takes their place in the same change. */
const takeOut = async (
  { server, config }: Opened,
  { now: { keeps, dn }, member }: Listed,
  signal: AbortSignal,
): Promise<void> => {
  const out = change('delete', keeps, member);
  const gone = [CODES.noSuchAttribute, CODES.noSuchObject];
  await server.ask(
    `take ${member} out of ${dn}`,
    async (client) =>
      await unless(gone, undefined, async () => {
        try {
          await client.modify(dn, out);
        } catch (error) {
          if (resultCodeOf(error) !== CODES.objectClassViolation || keeps === 'memberUid') throw error;
          await client.modify(dn, [out, change('add', keeps, config.placeholder ?? '')]);
        }
      }),
    signal,
  );
};

const remove = async (opened: Opened, place: Place, signal: AbortSignal): Promise<void> => {
  const now = await nowOf(opened, place, signal);
  if (now === null) return;
  for (const member of now.members) await takeOut(opened, { now, member }, signal);
};

export const openRoster = (config: Config): Roster<Scope> => {
  const opened = { server: openServer(config), config };
  return {
    locate: async (scope, named, signal) => await locate(opened, { scope, named }, signal),
    trace: async (scope, named, signal) => await trace(opened, { scope, named }, signal),
    stateOf: async (place, signal) => ((await isIn(opened, place, signal)) ? 'in' : 'out'),
    add: async (place, signal) => await add(opened, place, signal),
    remove: async (place, signal) => await remove(opened, place, signal),
    preflight: async (scopes, signal) => await preflight(opened, scopes, signal),
    close: async () => await opened.server.close(),
  };
};
