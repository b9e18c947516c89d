/** Who is told of access taken without approval: looked up when the messages are drawn, each list by itself. */
import { isDomainError } from '../../core/errors.ts';
import { isSameHuman } from '../../core/policy/identity.ts';
import { sourceOf } from '../../core/policy/sources.ts';
import type { Policy } from '../../core/policy/types.ts';
import type { Source } from '../../core/types.ts';
import type { Log } from '../../lib/log.ts';
import type { Directory, RequestView } from '../../usecases/ports.ts';
import { CHANNEL_NAME } from '../channels.ts';

export type GlassReach = {
  /** The target's channel. */
  banner: string | null;
  /** Channels and people, by id. */
  told: string[];
  reviewers: string[];
  admins: string[];
  /** False when a look-up failed: whom it names is told at the next attempt. */
  isComplete: boolean;
};

export type ReachSources = {
  directory: Directory;
  policy: () => Policy;
  log: Log;
  /** A channel's name to its id; null when there is none for us. */
  findChannel: (channel: string) => Promise<string | null>;
};

const NOBODY: Omit<GlassReach, 'banner'> = { told: [], reviewers: [], admins: [], isComplete: true };

export const findGlassReach = async (sources: ReachSources, view: RequestView): Promise<GlassReach | null> => {
  if (!view.review) return null;
  const policy = sources.policy();
  const channel = policy.targets[view.request.target]?.channel ?? null;
  const banner = channel ? await sources.findChannel(channel) : null;
  const { breakGlass } = policy;
  const names = breakGlass?.tell ?? [];
  const channels = await Promise.all(names.filter((name) => CHANNEL_NAME.test(name)).map(sources.findChannel));
  const refs = names.filter((name) => !CHANNEL_NAME.test(name)).map((name) => sourceOf(policy, name));
  const skipped = view.request.requirements.flatMap(({ from }) => from);
  const [told, reviewers, admins] = await Promise.all([
    peopleOf(sources, view, [...refs, ...skipped]),
    peopleOf(
      sources,
      view,
      (breakGlass?.reviewers ?? []).map((ref) => sourceOf(policy, ref)),
    ),
    peopleOf(
      sources,
      view,
      policy.admins.map((ref) => sourceOf(policy, ref)),
    ),
  ]);
  if (!told || !reviewers || !admins) return { ...NOBODY, banner, isComplete: false };
  // Who is asked to review reads it all there already.
  const others = told.filter((userId) => !reviewers.includes(userId));
  const rooms = channels.filter((id): id is string => id !== null && id !== banner);
  return { banner, told: [...new Set([...rooms, ...others])], reviewers, admins, isComplete: true };
};

/** User ids without whoever took the access, in any identity; null when they could not be looked up. */
const peopleOf = async (
  { directory, log }: ReachSources,
  { requester, request }: RequestView,
  from: Source[],
): Promise<string[] | null> => {
  try {
    const members = await directory.recentMembers(from, requester);
    return members.filter((member) => !isSameHuman(member, requester)).map(({ userId }) => userId);
  } catch (error) {
    if (!isDomainError(error)) throw error;
    log.error({ err: error, requestId: request.id }, 'people who should hear of a break-glass cannot be looked up');
    return null;
  }
};
