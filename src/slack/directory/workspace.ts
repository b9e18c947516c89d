/** The workspace as Slack's Web API knows it. Slack: docs.slack.dev/reference/methods/users.info, users.lookupByEmail and users.profile.get */
import type { WebClient } from '@slack/web-api';
import { DomainError, isDomainError } from '../../domain/errors.ts';
import type { Account } from '../../domain/principals/account.ts';
import type { ListedGroups, LookUp, ProfileField, Workspace } from '../../application/identity/workspace-ports.ts';
import { slackFailureOf } from '../connection/failures.ts';
import type { Limits } from '../connection/client.ts';

export type SlackUser = NonNullable<Awaited<ReturnType<WebClient['users']['info']>>['user']>;

export const UNKNOWN_USER = new Set(['user_not_found', 'users_not_found', 'user_not_visible']);

/** Whose an account is: in an organisation all of its accounts are its own, whichever workspaces they are in. */
const homeOf = ({ team_id: teamId, enterprise_user: own }: SlackUser, enterpriseId: string | null) =>
  enterpriseId !== null && own?.enterprise_id === enterpriseId ? enterpriseId : teamId;

const accountOf = (user: SlackUser | undefined, enterpriseId: string | null): Account | undefined => {
  if (!user) return undefined;
  const { id, is_stranger, is_bot, is_restricted, is_ultra_restricted, deleted, name, real_name, tz, profile } = user;
  const { email, display_name, real_name: full, image_48 } = profile ?? {};
  const flags = { is_stranger, is_bot, is_restricted, is_ultra_restricted, deleted };
  const team_id = homeOf(user, enterpriseId);
  return { id, team_id, ...flags, name, real_name, tz, profile: { email, display_name, real_name: full, image_48 } };
};

/** Slack: docs.slack.dev/reference/methods/users.list: under a thousand a page, twenty calls a minute. */
const PAGE = 999;
const PAGES_MAX = 20;

/** Page by page; a workspace of more than 20,000 accounts is read in part, and who is missing is read by themselves. */
const listAccounts = async (
  client: WebClient,
  enterpriseId: string | null,
  onPage: (accounts: Account[]) => Promise<void>,
): Promise<number> => {
  let count = 0;
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const { members = [], response_metadata: more } = await client.users.list({
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
    });
    // One that is closed in this workspace may be a member of another: it is read by itself.
    const listed = enterpriseId === null ? members : members.filter(({ deleted }) => deleted !== true);
    const accounts = listed.flatMap((member) => accountOf(member, enterpriseId) ?? []);
    count += accounts.length;
    await onPage(accounts);
    cursor = more?.next_cursor ?? '';
    if (!cursor) break;
  }
  return count;
};

/** Where Slack cuts the members of a large group, as in `subteam_updated`; how many there are is said all the same. */
const CUT_AT = 500;

const membersOf = async (client: WebClient, id: string, { listed, count }: { listed: string[]; count: number }) => {
  if (listed.length < CUT_AT || listed.length >= count) return listed;
  return (await client.usergroups.users.list({ usergroup: id, include_disabled: true })).users ?? [];
};

/** With the disabled ones, to distinguish them from those that do not exist. Slack: docs.slack.dev/reference/methods/usergroups.list */
export const listUserGroups = async (client: WebClient): Promise<ListedGroups> => {
  const answer = await client.usergroups.list({ include_users: true, include_count: true, include_disabled: true });
  const listed = answer.usergroups ?? [];
  const groups = await Promise.all(
    listed.map(async ({ id, handle, users = [], user_count: count, date_delete: deletedAt }) => {
      if (!id) return [];
      const members = await membersOf(client, id, { listed: users, count: count ?? 0 });
      return [{ id, handle: handle ?? '', isDisabled: Boolean(deletedAt), users: members }];
    }),
  );
  const changes = listed.flatMap(({ id, date_update: updatedS }) =>
    id && updatedS ? [{ groupId: id, updatedS }] : [],
  );
  return { groups: groups.flat(), changes };
};

const profileFields = async (client: WebClient, userId: string): Promise<ProfileField[]> => {
  const answer = await client.users.profile.get({ user: userId, include_labels: true });
  const fields: Record<string, { value?: string; label?: string }> = answer.profile?.fields ?? {};
  return Object.entries(fields).map(([id, field]) => ({ ...field, id }));
};

/** Translates a failed look-up; an answer without what was looked up counts as unknown. */
const lookUp = async <T>(what: string, call: () => Promise<T | undefined>, id: string | null): Promise<T> => {
  try {
    const found = await call();
    if (found === undefined) throw new DomainError('unknown_person', { id });
    return found;
  } catch (error) {
    if (isDomainError(error)) throw error;
    const failure = slackFailureOf(error);
    if (!failure) throw error;
    if (failure.kind === 'permanent' && UNKNOWN_USER.has(failure.code))
      throw new DomainError('unknown_person', { id }, { cause: error });
    throw new DomainError('lookup_failed', { what, error: failure.code }, { cause: error });
  }
};

const METHODS = {
  account: 'users.info',
  accountOfEmail: 'users.lookupByEmail',
  accounts: 'users.list',
  userGroups: 'usergroups.list',
  profileFields: 'users.profile.get',
} as const satisfies Record<LookUp, string>;

/** `enterpriseId`: of the organisation that is served, null for one workspace. */
export const createWorkspace = (
  client: WebClient,
  { ready, hasRoom }: Pick<Limits, 'ready' | 'hasRoom'>,
  enterpriseId: string | null = null,
): Workspace => ({
  account: (userId) =>
    lookUp(
      'the account',
      async () => accountOf((await client.users.info({ user: userId })).user, enterpriseId),
      userId,
    ),
  accountOfEmail: (email) =>
    lookUp(
      'an email address',
      async () => accountOf((await client.users.lookupByEmail({ email })).user, enterpriseId),
      email,
    ),
  accounts: (onPage) => lookUp('the accounts', () => listAccounts(client, enterpriseId, onPage), null),
  userGroups: () => lookUp('user groups', () => listUserGroups(client), null),
  profileFields: (userId) => lookUp('the profile', () => profileFields(client, userId), null),
  ready: (call) => ready(METHODS[call]),
  hasRoom: (call) => hasRoom(METHODS[call]),
});
