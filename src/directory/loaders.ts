/** The look-ups that a directory is made of: each is made once for everyone who needs the same, and kept as long as it is proven to be so. */
import type { Account } from '../domain/principals/account.ts';
import { managerFieldOf } from '../domain/principals/profile-field.ts';
import type { Policy } from '../domain/policy/types.ts';
import type { UserGroup } from '../domain/principals/user-groups.ts';
import type { EmailBindings } from '../application/identity/email-binding-ports.ts';
import type { OnCallServices } from '../application/identity/on-call-ports.ts';
import type { LookUp, Workspace } from '../application/identity/workspace-ports.ts';
import { createLoader } from '../lib/loader.ts';
import type { Loader } from '../lib/loader.ts';
import type { AddressSources } from './email-lookup.ts';
import { createFinder, createKeptLoader } from './kept.ts';
import type { Finder, KeptKind, KeptLoader, KeptSettings } from './kept.ts';
import { createSchedules } from './schedules.ts';
import type { Schedules } from './schedules.ts';

const OBSERVATIONS_MS = 60_000;
const UNLIMITED = { ready: () => Promise.resolve(), hasRoom: () => Promise.resolve(true) };
/** More accounts than this are read from the list of all. */
const ONE_BY_ONE_MAX = 25;

export type LoaderSettings = KeptSettings & {
  workspace: Workspace;
  policy: () => Policy;
  book: EmailBindings;
  onCall: OnCallServices;
};

export type Loaders = {
  users: KeptLoader<Account>;
  emails: Loader<string, Account>;
  groups: Loader<string, UserGroup[]>;
  managers: Loader<string, string | null>;
  schedules: Schedules;
  /** Reads those of many accounts that are not known, in few calls. */
  readMany(userIds: readonly string[]): Promise<void>;
} & Pick<AddressSources, 'observations'>;

/** The account in the profile field that names the manager, or null. */
const findManager = async (workspace: Workspace, key: string): Promise<string | null> => {
  const userId = key.slice(0, key.indexOf(' '));
  const wanted = key.slice(userId.length + 1);
  return managerFieldOf(wanted, await workspace.profileFields(userId))?.value || null;
};

/** When each group last changed is kept beside them: a later change that does not follow on it proves that one was not heard. */
const readGroups = async ({ workspace, facts, teamId }: LoaderSettings): Promise<UserGroup[]> => {
  const { groups, changes } = await workspace.userGroups();
  await facts.noteGroups(teamId(), changes);
  return groups;
};

const readAll = ({ workspace, facts, teamId }: LoaderSettings, asOf: string): Promise<number> =>
  workspace.accounts((users) =>
    facts.keep(
      teamId(),
      users.flatMap((user) => (user.id ? [{ kind: 'user', key: user.id, value: user } as const] : [])),
      asOf,
    ),
  );

const createReadMany = (
  find: Finder,
  all: Pick<KeptLoader<number>, 'young'>,
): ((userIds: readonly string[]) => Promise<void>) => {
  const isKnown = async (key: string): Promise<boolean> =>
    (await find({ kind: 'user', key, known: null, use: 'shown' })).found !== null;
  return async (userIds) => {
    const known = await Promise.all(userIds.map(isKnown));
    if (known.filter((one) => !one).length > ONE_BY_ONE_MAX) await all.young('all');
  };
};

type Kept = <T>(kind: Omit<KeptKind<T>, 'ready' | 'hasRoom'> & { call: LookUp }) => KeptLoader<T>;

const createManagers = ({ workspace, policy }: LoaderSettings, kept: Kept): Loaders['managers'] => {
  const managers = kept({
    kind: 'manager',
    call: 'profileFields',
    load: (key) => findManager(workspace, key),
  });
  const key = (userId: string): string => `${userId} ${policy().managerField ?? 'Manager'}`;
  return { fresh: (userId) => managers.fresh(key(userId)), recent: (userId) => managers.recent(key(userId)) };
};

export const createLoaders = (settings: LoaderSettings): Loaders => {
  const { workspace, onCall, book, teamId } = settings;
  const find = createFinder(settings);
  const kept: Kept = ({ call, ...kind }) =>
    createKeptLoader(
      { ...settings, find },
      { ...kind, ready: () => workspace.ready(call), hasRoom: () => workspace.hasRoom(call) },
    );
  const all = kept({ kind: 'accounts', call: 'accounts', load: (_all, asOf) => readAll(settings, asOf) });
  return {
    users: kept({ kind: 'user', call: 'account', load: workspace.account }),
    emails: kept({ kind: 'email', call: 'accountOfEmail', load: workspace.accountOfEmail }),
    groups: kept({ kind: 'user_groups', call: 'userGroups', load: () => readGroups(settings) }),
    managers: createManagers(settings, kept),
    readMany: createReadMany(find, all),
    schedules: createSchedules(onCall, (load) =>
      createKeptLoader({ ...settings, find }, { kind: 'on_call', ...UNLIMITED, load }),
    ),
    observations: createLoader(
      (address) => book.find(teamId(), { addresses: [address], userIds: [] }),
      OBSERVATIONS_MS,
    ),
  };
};
