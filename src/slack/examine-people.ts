/** Whether the people and user groups of the policy are there, so that somebody can approve. */
import type { WebClient } from '@slack/web-api';
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { Finding } from '../domain/finding.ts';
import type { Policy } from '../domain/policy/types.ts';
import { userGroupNamed } from '../domain/principals/user-groups.ts';
import { createLanes } from '../lib/limiter.ts';
import { slackFailureOf } from './connection/client.ts';
import { listUserGroups } from './directory/user-groups.ts';

/** One call each: Slack allows some fifty a minute. */
const PEOPLE_MAX = 150;
const AT_ONCE = 5;
const UNKNOWN = new Set(['user_not_found', 'users_not_found', 'user_not_visible']);
const USER_ID = /^[UW][A-Z0-9]{4,}$/;

type User = NonNullable<Awaited<ReturnType<WebClient['users']['info']>>['user']>;

/** null: a full member who is active. Else why they do not count. */
type WhyNot = string | null;

const lookUp = async (client: WebClient, ref: string): Promise<WhyNot> => {
  try {
    const { user }: { user?: User } = ref.includes('@')
      ? await client.users.lookupByEmail({ email: ref })
      : await client.users.info({ user: ref });
    if (user?.deleted === true) return 'has a closed account';
    if (user?.is_bot === true) return 'is a bot';
    const isGuest = user?.is_restricted === true || user?.is_ultra_restricted === true || user?.is_stranger === true;
    return isGuest ? 'is a guest, and only full members count' : null;
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure?.kind === 'permanent' && UNKNOWN.has(failure.code)) return 'has no account in this workspace';
    throw error;
  }
};

const isPerson = (ref: string): boolean => ref.includes('@') || USER_ID.test(ref);

/** Every place of the policy that names people or groups by themselves, outside of groups. */
const placesOf = (policy: Policy): { place: string; refs: readonly string[] }[] => [
  ...Object.values(policy.targets).map(({ name, owners }) => ({ place: `owners of ${name}`, refs: owners })),
  ...policy.rules.flatMap(({ name, effect, escalate }) => [
    ...(effect.kind === 'ask'
      ? effect.approvals.map(({ from, also = [] }) => ({ place: `rule "${name}"`, refs: [...from, ...also] }))
      : []),
    { place: `escalate of rule "${name}"`, refs: escalate ? [escalate.to] : [] },
  ]),
  { place: 'admins', refs: policy.admins },
  { place: 'auditors', refs: policy.auditors },
  {
    place: 'break_glass',
    refs: [policy.breakGlass].flatMap((one) => (one ? [...one.who, ...one.tell, ...one.reviewers] : [])),
  },
  {
    place: 'incidents',
    refs: [policy.incidents].flatMap((one) => (one ? [...(one.openBy ?? []), ...(one.keepBy ?? [])] : [])),
  },
];

type Listed = { place: string; people: string[]; isGroup: boolean };

const listedIn = (policy: Policy): Listed[] => [
  ...Object.entries(policy.groups).flatMap(([name, group]) =>
    group.kind === 'people' ? [{ place: `group ${name}`, people: group.people, isGroup: true }] : [],
  ),
  ...placesOf(policy).map(({ place, refs }) => ({ place, people: refs.filter(isPerson), isGroup: false })),
];

/** Where one of several is gone the others still decide; where all are, nobody does. */
const listFindings = ({ place, people, isGroup }: Listed, why: ReadonlyMap<string, WhyNot>): Finding[] => {
  const gone = people.filter((ref) => (why.get(ref) ?? null) !== null);
  const isEmpty = isGroup && people.length > 0 && gone.length === people.length;
  return gone.map((ref) => {
    const message = `${ref} (${place}) ${why.get(ref)}: correct the address, or remove it.`;
    return isEmpty
      ? errorFinding('nobody_in_group', `${message} No one else is in this group.`)
      : warningFinding('unknown_person', message);
  });
};

const examineUserGroups = async (client: WebClient, policy: Policy): Promise<Finding[]> => {
  const wanted = Object.entries(policy.groups).flatMap(([name, group]) =>
    group.kind === 'slack_usergroup' ? [{ name, handle: group.handle.replace(/^@/, '') }] : [],
  );
  if (wanted.length === 0) return [];
  const userGroups = await listUserGroups(client);
  return wanted.flatMap(({ name, handle }): Finding[] => {
    const named = userGroupNamed(handle, userGroups);
    const what = `The Slack user group @${handle} (group ${name})`;
    if (named.group === null) return [errorFinding('no_user_group', `${what}: ${named.problem}`)];
    return named.group.users.length > 0
      ? []
      : [errorFinding('nobody_in_group', `${what} has no members: add people to it.`)];
  });
};

export const examinePeople = async (
  client: WebClient,
  { policy, hasUserGroups }: { policy: Policy; hasUserGroups: boolean },
): Promise<Finding[]> => {
  const lists = listedIn(policy);
  const all = [...new Set(lists.flatMap(({ people }) => people))];
  const lane = createLanes(AT_ONCE);
  const { signal } = new AbortController();
  const asked = all.slice(0, PEOPLE_MAX);
  const [userGroups, ...found] = await Promise.all([
    hasUserGroups ? examineUserGroups(client, policy) : [],
    ...asked.map((ref) => lane(async () => [ref, await lookUp(client, ref)] as const, signal)),
  ]);
  const left = all.length - asked.length;
  const why = new Map(found);
  return [
    ...userGroups,
    ...lists.flatMap((list) => listFindings(list, why)),
    ...(left > 0
      ? [
          warningFinding(
            'people_not_checked',
            `${left} of ${all.length} people were not looked up: Slack answers few such questions a minute.`,
          ),
        ]
      : []),
  ];
};
