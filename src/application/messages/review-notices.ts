/** Looks whether what admins were notified of still holds. Where it does not, the message says so, whoever fixed it and wherever. */
import { isDomainError } from '../../domain/errors.ts';
import { handleOf } from '../../domain/principals/user-groups.ts';
import { closeUnreadable, namesFrom } from '../identity/unreadable-groups.ts';
import { channelsNamed } from './channel-names.ts';
import { misfitLine } from '../policy/misfits.ts';
import type { AdminNotificationKind, NoticeFacts, OpenNotice } from '../record/admin-notification-ports.ts';
import { closeNews, refreshNews } from '../record/notify-admins.ts';
import type { Deps } from '../deps.ts';

const REVIEWED = [
  'policy_adopted',
  'group_gone',
  'user_group_moved',
  'address_doubted',
  'channel_taken',
  'channel_gone',
  'targets_unfit',
] as const satisfies AdminNotificationKind[];
const BATCH = 20;

/** `lookAtChannel` finds out which channel has a name of the policy now, and closes what is over. */
export type NoticeReview = {
  lookAtChannel(name: string): Promise<unknown>;
  isChannelUsable(channel: string): Promise<boolean>;
};

export const reviewNotices = async (deps: Deps, review: NoticeReview): Promise<void> => {
  const notices = await deps.store.transaction((tx) => tx.announcements.takeOpen(REVIEWED, BATCH));
  for (const notice of notices) {
    try {
      const closing = await closingOf(deps, review, notice);
      if (closing !== null) await close(deps, notice, closing);
    } catch (error) {
      deps.log.warn({ err: error, announcement: notice.id }, 'it could not be looked at whether a notice still holds');
    }
  }
};

const close = (deps: Deps, { key, facts }: OpenNotice, closing: string): Promise<void> =>
  deps.store.transaction(async (tx) => {
    if (facts?.kind === 'group') await closeUnreadable(tx, facts.origin, closing);
    else await closeNews(tx, key, closing);
  });

/** Null where it still holds, or that cannot be told now. Notices of older versions have no facts and stay as they are. */
const closingOf = async (deps: Deps, review: NoticeReview, notice: OpenNotice): Promise<string | null> => {
  const { facts } = notice;
  if (facts === null) return null;
  if (facts.kind === 'group') return groupClosing(deps, facts.origin);
  if (facts.kind === 'handle') return handleClosing(deps, facts);
  if (facts.kind === 'address') return addressClosing(deps, facts.address);
  if (facts.kind === 'targets') return targetsClosing(deps, notice, facts.misfits);
  const named = channelsNamed(deps.policy());
  if (facts.kind === 'lost_channel') return lostClosing(review, named, facts.channel);
  if (!named.some((channel) => nameOf(channel) === facts.name))
    return `The policy does not name #${facts.name} any more.`;
  await review.lookAtChannel(facts.name);
  return null;
};

const nameOf = (channel: string): string | null => (channel.startsWith('#') ? channel.slice(1).toLowerCase() : null);

const lostClosing = async (review: NoticeReview, named: readonly string[], channel: string): Promise<string | null> => {
  if (!named.includes(channel)) return `The policy does not name ${channel} any more.`;
  return (await review.isChannelUsable(channel)) ? `Latchkey can post in ${channel} again.` : null;
};

/** `readable`, the facts of why it is not, or null where that is not known now. */
const lookAtGroup = async ({ directory }: Deps, name: string): Promise<'readable' | Record<string, unknown> | null> => {
  try {
    await directory.members([{ kind: 'group', name }], null);
    return 'readable';
  } catch (error) {
    if (!isDomainError(error) || error.code !== 'lookup_failed') throw error;
    return error.facts['isNotified'] === true ? error.facts : null;
  }
};

/** That it is readable again, the directory itself notes. */
const groupClosing = async (deps: Deps, origin: string): Promise<string | null> => {
  const [name] = namesFrom(deps.policy(), origin);
  if (name === undefined) return 'The policy does not name it any more.';
  return (await lookAtGroup(deps, name)) === 'readable' ? 'It can be read again, and counts again.' : null;
};

type MovedHandle = Extract<NoticeFacts, { kind: 'handle' }>;

const handleClosing = async (deps: Deps, { handle, found }: MovedHandle): Promise<string | null> => {
  const { groups } = deps.policy();
  const name = Object.keys(groups).find((one) => {
    const group = groups[one];
    return group?.kind === 'slack_usergroup' && handleOf(group.handle) === handle;
  });
  if (name === undefined) return `The policy does not name the handle ${handle} any more.`;
  const state = await lookAtGroup(deps, name);
  if (state === 'readable') return `The handle ${handle} is at its first group again, and counts again.`;
  const isElsewhere = state !== null && state['found'] !== found;
  return isElsewhere ? `The user group ${found} does not have the handle ${handle} any more.` : null;
};

const addressClosing = async (deps: Deps, address: string): Promise<string | null> => {
  const doubts = await deps.directory.doubts([{ kind: 'person', ref: address }]);
  return doubts.length === 0 ? `The address ${address} names one account now, and counts again.` : null;
};

type Unfit = { at: number; target: string; roles: string[]; problem: string };

/** One target of several may be fixed: its line says so, and the others stand. */
const targetsClosing = async (deps: Deps, notice: OpenNotice, misfits: readonly Unfit[]): Promise<string | null> => {
  const states = await Promise.all(misfits.map((one) => fitLine(deps, one)));
  // What else a new policy says stands.
  if (notice.kind === 'targets_unfit' && states.every((line) => line !== null)) return 'All of it is fixed.';
  // One that said *fixed* and is not any more says again what was wrong.
  const said = new Map(misfits.map((misfit, index) => [misfit.at, states[index] ?? misfitLine(misfit)]));
  const lines = notice.lines.map((line, at) => said.get(at) ?? line);
  if (lines.some((line, at) => line !== notice.lines[at]))
    await deps.store.transaction((tx) => refreshNews(tx, notice.id, lines));
  return null;
};

const fitLine = async ({ policy, access }: Deps, { target, roles }: Unfit): Promise<string | null> => {
  const known = policy().targets[target];
  const left = roles.filter((role) => known && Object.hasOwn(known.roles, role));
  if (left.length === 0) return `${target}: the policy does not name it any more`;
  for (const role of left) if ((await access.roleProblem(target, role)) !== null) return null;
  return `${target}: fixed, it can grant ${left.join(', ')}`;
};
