/** Looks up whom the messages of a request reach: channels of the policy, approvers, who can help, who is notified of break-glass. */
import { isDomainError } from '../../../domain/errors.ts';
import { sourceOf } from '../../../domain/policy/sources.ts';
import type { Target } from '../../../domain/policy/types.ts';
import { personIn } from '../../../domain/principals/requester.ts';
import type { RequestView } from '../../record/request-view.ts';
import type { LookedUp } from '../look-up-facts.ts';
import type { SceneDeps } from '../scene.ts';
import { isStuck } from '../stuck.ts';
import { findBreakGlassReach } from './break-glass-reach.ts';
import type { Reach } from './request-wanted.ts';

export const findReach = async (
  deps: SceneDeps,
  view: RequestView,
  { facts, approvers, fallback }: LookedUp,
): Promise<Reach> => {
  const find = (named: string | null | undefined): Promise<string | null> | null =>
    named ? deps.channel.findChannel(named) : null;
  const isPending = view.request.state === 'pending';
  const clientChannelId = await find(view.requester.kind === 'client' ? view.requester.channel : null);
  const ofTarget = isPending ? await find(facts.target?.channel) : null;
  const others = isPending
    ? await Promise.all((facts.target?.otherChannels ?? []).map((one) => deps.channel.findChannel(one)))
    : [];
  const otherChannelIds = others.filter((id) => id !== null);
  // Where the target has none, the client's channel is where its approvers are: nobody else has to be written to.
  const channelId = ofTarget ?? (isPending ? clientChannelId : null);
  const helpers = isStuck(view) ? await findHelpers(deps, view, facts.target) : [];
  const glass = await findBreakGlassReach(deps, view);
  return {
    channelId,
    otherChannelIds,
    clientChannelId,
    approvers,
    fallback,
    waitingFor: facts.waitingFor ?? [],
    helpers,
    glass,
  };
};

const unique = (ids: string[]): string[] => [...new Set(ids)];

/** Admins, and the owners of the target. */
const findHelpers = async (
  { directory, policy, log }: SceneDeps,
  { requester }: RequestView,
  target: Target | null,
): Promise<string[]> => {
  const rules = policy();
  const names = unique([...rules.admins, ...(target?.owners ?? [])]);
  const found = await Promise.all(
    names.map(async (name) => {
      try {
        return await directory.recentMembers([sourceOf(rules, name)], personIn(requester));
      } catch (error) {
        if (!isDomainError(error)) throw error;
        log.error({ err: error, group: name }, 'a group that is to be notified of a stuck grant cannot be looked up');
        return [];
      }
    }),
  );
  return unique(found.flat().map(({ userId }) => userId));
};
