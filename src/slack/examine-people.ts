/** Whether the people and user groups of the policy are there, so that somebody can approve. */
import type { WebClient } from '@slack/web-api';
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { Finding } from '../domain/finding.ts';
import type { Policy } from '../domain/policy/types.ts';
import { NO_ACCOUNT, whyNotCounted } from '../domain/principals/account.ts';
import { userGroupNamed } from '../domain/principals/user-groups.ts';
import { namedPlaces } from '../domain/policy/named-places.ts';
import { createLanes } from '../lib/limiter.ts';
import { slackFailureOf } from './connection/failures.ts';
import { toolProblem } from './directory/tools.ts';
import { UNKNOWN_USER, listUserGroups } from './directory/workspace.ts';
import type { SlackUser } from './directory/workspace.ts';

/** One call each: Slack allows some fifty a minute. */
const PEOPLE_MAX = 150;
const AT_ONCE = 5;
/** null: a full member who is active. Else why they do not count. */
type WhyNot = string | null;

const lookUp = async (client: WebClient, ref: string): Promise<WhyNot> => {
  try {
    const { user }: { user?: SlackUser } = ref.includes('@')
      ? await client.users.lookupByEmail({ email: ref })
      : await client.users.info({ user: ref });
    return whyNotCounted(user ?? {});
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure?.kind === 'permanent' && UNKNOWN_USER.has(failure.code)) return NO_ACCOUNT;
    throw error;
  }
};

type Listed = { place: string; people: string[]; isGroup: boolean };

/** By the places that name them; a group has one place. */
const listedIn = (policy: Policy): Listed[] => {
  const lists = new Map<string, Listed>();
  for (const named of namedPlaces(policy)) {
    if (named.kind !== 'person') continue;
    const { where: place, ref } = named;
    const list = lists.get(place) ?? { place, people: [], isGroup: place.startsWith('group ') };
    lists.set(place, { ...list, people: [...list.people, ref] });
  }
  return [...lists.values()];
};

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
  const wanted = namedPlaces(policy).flatMap((named) =>
    named.kind === 'user_group' ? [{ name: named.group, handle: named.handle.replace(/^@/, '') }] : [],
  );
  if (wanted.length === 0) return [];
  const userGroups = (await listUserGroups(client)).groups;
  return wanted.flatMap(({ name, handle }): Finding[] => {
    const named = userGroupNamed(handle, userGroups);
    const what = `The Slack user group @${handle} (group ${name})`;
    if (named.group === null) return [errorFinding('no_user_group', `${what}: ${named.problem}`)];
    return named.group.users.length > 0
      ? []
      : [errorFinding('nobody_in_group', `${what} has no members: add people to it.`)];
  });
};

const examineTools = async (client: WebClient, policy: Policy): Promise<Finding[]> => {
  const ids = namedPlaces(policy).flatMap((named) => (named.kind === 'tool' ? [named] : []));
  const found = await Promise.all(
    ids.map(async ({ id, where }) => ({ id, where, why: await toolProblem(client, id) })),
  );
  return found.flatMap(({ id, where, why }) =>
    why === null ? [] : [warningFinding('unknown_tool', `${id} (${where}) ${why}: correct the id, or remove it.`)],
  );
};

export const examinePeople = async (
  client: WebClient,
  { policy, hasUserGroups }: { policy: Policy; hasUserGroups: boolean },
): Promise<Finding[]> => {
  const lists = listedIn(policy);
  const all = [...new Set(lists.flatMap(({ people }) => people))];
  const lane = createLanes(AT_ONCE);
  const { signal } = new AbortController();
  const looked = all.slice(0, PEOPLE_MAX);
  const [userGroups, tools, ...found] = await Promise.all([
    hasUserGroups ? examineUserGroups(client, policy) : [],
    examineTools(client, policy),
    ...looked.map((ref) => lane(async () => [ref, await lookUp(client, ref)] as const, signal)),
  ]);
  const left = all.length - looked.length;
  const why = new Map(found);
  return [
    ...userGroups,
    ...tools,
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
