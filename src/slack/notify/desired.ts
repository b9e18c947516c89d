/** Which messages a request should have by now. Pure: what was posted and what was looked up go in, copies come out. */
import { isStuck } from '../blocks/stuck.ts';
import type { MessageCopy, MessageKind, RequestView } from '../../usecases/ports.ts';
import { glassCopies, isGlassNews } from './break-glass-copies.ts';
import type { GlassReach } from './break-glass-reach.ts';

/** `part` is 0 where it is left out. */
export type Wanted = { kind: MessageKind; audience: string; part?: number };

export type Reach = {
  /** The target's channel; null when it has none, or none that we can find. */
  channelId: string | null;
  /** Who may decide now, by Slack user id; null when that could not be looked up. */
  approvers: string[] | null;
  /** Whom to tell of a grant that is stuck. */
  helpers: string[];
  /** Of access taken by break-glass; else null. */
  glass: GlassReach | null;
};

const isOutcome = ({ request, grant }: RequestView): boolean =>
  request.state === 'denied' || request.state === 'lapsed' || grant?.state === 'ended' || grant?.state === 'failed';

const isOver = (view: RequestView): boolean => isOutcome(view) || view.request.state === 'cancelled';

const failedChannel = (copies: readonly MessageCopy[], channelId: string): boolean =>
  copies.some(({ kind, audience, failure }) => kind === 'approval' && audience === channelId && failure !== null);

/** The channel, or the approvers one by one where there is none or we are not in it. */
const approvalAudiences = ({ channelId, approvers }: Reach, copies: readonly MessageCopy[]): string[] =>
  channelId && !failedChannel(copies, channelId) ? [channelId] : (approvers ?? []);

export const wantedCopies = (view: RequestView, reach: Reach, copies: readonly MessageCopy[]): Wanted[] => {
  const userId = view.requester.userId;
  const wanted: Wanted[] = [];
  if (view.request.state === 'pending') {
    wanted.push(...approvalAudiences(reach, copies).map((audience): Wanted => ({ kind: 'approval', audience })));
  }
  if (!isOver(view)) wanted.push({ kind: 'requester', audience: userId });
  if (view.grant?.state === 'active') wanted.push({ kind: 'granted', audience: userId });
  if (isOutcome(view)) wanted.push({ kind: 'outcome', audience: userId });
  if (reach.glass) wanted.push(...glassCopies(view, reach.glass));
  if (isStuck(view)) wanted.push(...reach.helpers.map((audience): Wanted => ({ kind: 'stuck', audience })));
  return wanted;
};

/** A copy that was planned and never posted is posted only while what it says is still news. */
export const isNews = (view: RequestView, { kind, part }: Pick<MessageCopy, 'kind' | 'part'>): boolean => {
  const news = {
    approval: view.request.state === 'pending',
    requester: !isOver(view),
    granted: view.grant?.state === 'active',
    outcome: isOutcome(view),
    stuck: isStuck(view),
    ...isGlassNews(view, part),
  } satisfies Record<MessageKind, boolean>;
  return news[kind];
};

/** Nobody who may decide could be told: there is no copy for them that was posted. */
export const isUnreachable = (view: RequestView, reach: Reach, copies: readonly MessageCopy[]): boolean => {
  if (view.request.state !== 'pending' || reach.approvers === null) return false;
  const approvals = copies.filter(({ kind }) => kind === 'approval');
  return approvals.every(({ ts }) => ts === null) && approvals.every(({ failure }) => failure !== null);
};
