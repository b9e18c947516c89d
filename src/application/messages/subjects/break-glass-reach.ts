/** Who is notified of access taken without approval: looked up when the messages are rendered, each list by itself. */
import { isBehind, personIn } from '../../../domain/principals/requester.ts';
import { sourceOf } from '../../../domain/policy/sources.ts';
import type { Source } from '../../../domain/requests/request.ts';
import type { RequestView } from '../../record/request-view.ts';
import { readMembers } from '../../identity/members.ts';
import type { SceneDeps } from '../scene.ts';
import { CHANNEL_NAME } from '../channel-names.ts';

export type BreakGlassReach = {
  /** The target's channel. */
  banner: string | null;
  /** Channels and people, by id. */
  notified: string[];
  reviewers: string[];
  admins: string[];
  /** A channel that should be notified is not there for us; the admins are instead. */
  isChannelLost: boolean;
  /** False when a look-up failed: whom it names is notified at the next attempt. */
  isComplete: boolean;
};

type ReachSources = Pick<SceneDeps, 'directory' | 'policy' | 'log' | 'channel'>;

export const findBreakGlassReach = async (
  sources: ReachSources,
  view: RequestView,
): Promise<BreakGlassReach | null> => {
  if (!view.review) return null;
  const policy = sources.policy();
  // What overrode a freeze was approved: no alarm is due, and no banner.
  const isTaken = view.request.origin?.kind !== 'override';
  const channel = (isTaken && policy.targets[view.request.target]?.channel) || null;
  const banner = channel ? await sources.channel.findChannel(channel) : null;
  const { breakGlass } = policy;
  const names = (isTaken && breakGlass?.notify) || [];
  const channels = await channelsOf(sources, names);
  const isChannelLost = channels.includes(null);
  if (isChannelLost)
    sources.log.error({ names, requestId: view.request.id }, 'a channel of break_glass.tell is not there for us');
  const named = (all: readonly string[]): Source[] => all.map((ref) => sourceOf(policy, ref));
  const refs = named(names.filter((name) => !CHANNEL_NAME.test(name)));
  const skipped = isTaken ? view.request.requirements.flatMap(({ from }) => from) : [];
  const [notified, reviewers, admins] = await Promise.all([
    peopleOf(sources, view, [...refs, ...skipped]),
    peopleOf(sources, view, named(breakGlass?.reviewers ?? [])),
    peopleOf(sources, view, named(policy.admins)),
  ]);
  // A reviewer reads it all there already.
  const others = notified.userIds.filter((userId) => !reviewers.userIds.includes(userId));
  const rooms = channels.filter((id): id is string => id !== null && id !== banner);
  return {
    banner,
    notified: [...new Set([...rooms, ...others])],
    reviewers: reviewers.userIds,
    admins: admins.userIds,
    isChannelLost,
    isComplete: [notified, reviewers, admins].every(({ isComplete }) => isComplete),
  };
};

const channelsOf = ({ channel }: ReachSources, names: readonly string[]): Promise<(string | null)[]> =>
  Promise.all(names.filter((name) => CHANNEL_NAME.test(name)).map((name) => channel.findChannel(name)));

type Found = { userIds: string[]; isComplete: boolean };

/** Without the person who took the access, in any identity. One group that cannot be looked up keeps the message from nobody else. */
const peopleOf = async (
  { directory, log }: ReachSources,
  { requester, request }: RequestView,
  from: Source[],
): Promise<Found> => {
  const { people, unknown } = await readMembers(directory, personIn(requester), { from, freshness: 'recent' });
  if (unknown.length > 0)
    log.error({ unknown, requestId: request.id }, 'people who should hear of a break-glass cannot be looked up');
  const userIds = people.filter((member) => !isBehind(requester, member)).map(({ userId }) => userId);
  return { userIds, isComplete: unknown.length === 0 };
};
