/** Which messages a request should have by now. Pure: what was posted and what was looked up go in, copies come out. */
import { isOver as isOverState } from '../../../domain/lifecycle.ts';
import { userIdIn } from '../../../domain/principals/requester.ts';
import { ASKED_AT_ONCE } from '../scene.ts';
import { isStuck } from '../stuck.ts';
import { isHeld } from '../../grants/hold.ts';
import type { MessageCopy, MessageKind, WantedCopy } from '../message-ports.ts';
import type { RequestView } from '../../record/request-view.ts';
import { breakGlassCopies, isBreakGlassCurrent } from './break-glass-wanted.ts';
import type { BreakGlassReach } from './break-glass-reach.ts';

type Wanted = WantedCopy<'request'>;

export type Reach = {
  /** The target's channel; null when it has none, or none that we can find. */
  channelId: string | null;
  /** Of the same target, in other workspaces. */
  otherChannelIds: string[];
  /** Where the policy has messages about this client's requests; null for a person. */
  clientChannelId: string | null;
  /** Who may decide now, by Slack user id; null when that could not be looked up. */
  approvers: string[] | null;
  /** Of them, whose answer is waited for now. */
  waitingFor: string[];
  /** Who may decide because the others were silent, and is not away. */
  fallback: string[];
  /** Whom to notify of a grant that is stuck. */
  helpers: string[];
  /** Of access taken by break-glass; else null. */
  glass: BreakGlassReach | null;
};

/** Of the end that the access has now; how often it was moved distinguishes the ends. */
const isWarned = ({ grant }: RequestView): boolean => grant?.state === 'active' && grant.warnedAt !== null;

const isCancelledByOthers = ({ state, cancelledBy, cancelReason }: RequestView['request']): boolean =>
  state === 'cancelled' && (cancelledBy !== null || cancelReason !== null);

const isOutcome = ({ request, grant, extension }: RequestView): boolean =>
  request.state === 'denied' ||
  request.state === 'lapsed' ||
  extension?.state === 'failed' ||
  isCancelledByOthers(request) ||
  (grant !== null && isOverState(grant.state));

const isOver = (view: RequestView): boolean => isOutcome(view) || view.request.state === 'cancelled';

const isFailed = (copies: readonly MessageCopy<'request'>[], audience: string): boolean =>
  copies.some((copy) => copy.kind === 'approval' && copy.audience === audience && copy.failure !== null);

const channelsOf = ({ channelId, otherChannelIds }: Reach): string[] => [
  ...(channelId === null ? [] : [channelId]),
  ...otherChannelIds,
];

/** The channel, or approvers one by one where there is none or we are not in it; in their place others when they cannot be reached. */
const approvalAudiences = (view: RequestView, reach: Reach, copies: readonly MessageCopy<'request'>[]): string[] => {
  const { approvers } = reach;
  const channels = channelsOf(reach).filter((id) => !isFailed(copies, id));
  if (channels.length > 0) return channels;
  const reachable = (approvers ?? []).filter((userId) => !isFailed(copies, userId));
  return reachable.slice(0, ASKED_AT_ONCE * (view.request.reminders + 1));
};

/** Replies go under the channel's message; where there is none, reminders go under that of each person who is waited for. */
const replies = (view: RequestView, reach: Reach, copies: readonly MessageCopy<'request'>[]): Wanted[] => {
  const { request } = view;
  const parents = copies.filter(({ kind, ts }) => kind === 'approval' && ts !== null).map(({ audience }) => audience);
  const channels = channelsOf(reach);
  const isChannel = (audience: string): boolean => channels.includes(audience);
  const isShared = parents.some(isChannel);
  const isWaited = (audience: string): boolean => !isShared && reach.waitingFor.includes(audience);
  const wanted: Wanted[] = [];
  for (const audience of parents) {
    if (request.reminders > 0 && reach.waitingFor.length > 0 && (isChannel(audience) || isWaited(audience)))
      wanted.push({ kind: 'reminder', audience, part: request.reminders });
    if (request.escalatedAt && isChannel(audience)) wanted.push({ kind: 'escalation', audience, part: 0 });
    if (request.discussedBy && isChannel(audience)) wanted.push({ kind: 'discussion', audience, part: 0 });
  }
  return wanted;
};

const pendingCopies = (view: RequestView, reach: Reach, copies: readonly MessageCopy<'request'>[]): Wanted[] => {
  // Those who are notified because others were silent may not be in the channel.
  const fallback = view.request.escalatedAt ? reach.fallback.slice(0, ASKED_AT_ONCE) : [];
  const audiences = new Set([...approvalAudiences(view, reach, copies), ...fallback]);
  return [
    ...[...audiences].map((audience): Wanted => ({ kind: 'approval', audience, part: 0 })),
    ...replies(view, reach, copies),
  ];
};

/** An end that is stuck is notified anew, though the same grant could not be set up before. */
const stuckCopy = ({ grant }: RequestView, audience: string): Wanted => ({
  kind: 'stuck',
  audience,
  part: grant && isHeld(grant) ? 1 : 0,
});

export const wantedCopies = (view: RequestView, reach: Reach, copies: readonly MessageCopy<'request'>[]): Wanted[] => {
  const wanted: Wanted[] = view.request.state === 'pending' ? pendingCopies(view, reach, copies) : [];
  const userId = userIdIn(view.requester);
  wanted.push(...(userId === null ? clientCopies(reach, copies) : requesterCopies(view, userId, copies)));
  if (reach.glass) wanted.push(...breakGlassCopies(view, reach.glass, copies));
  if (isStuck(view)) wanted.push(...reach.helpers.map((audience) => stuckCopy(view, audience)));
  return wanted;
};

/** One message in the client's channel, which follows the request to its end; none where the approval message stands there. */
const clientCopies = ({ clientChannelId, channelId }: Reach, copies: readonly MessageCopy<'request'>[]): Wanted[] => {
  if (clientChannelId === null || clientChannelId === channelId) return [];
  const isThere = copies.some(({ kind, audience, ts }) => kind === 'approval' && audience === clientChannelId && ts);
  return isThere ? [] : [{ kind: 'requester', audience: clientChannelId, part: 0 }];
};

type Copies = readonly MessageCopy<'request'>[];

/** Of these the one that was posted first is the requester's message of the request; the others are short, beside it. */
const OWN: ReadonlySet<MessageKind> = new Set(['requester', 'granted', 'outcome']);

/** Whether another message says all of it already. */
export const isBeside = ({ kind }: Pick<MessageCopy<'request'>, 'kind'>, copies: Copies): boolean => {
  const posted = copies.filter((copy) => OWN.has(copy.kind) && copy.ts !== null);
  const [first] = posted.toSorted((a, b) => Number(a.ts) - Number(b.ts));
  return first !== undefined && first.kind !== kind;
};

/** Access that a rule gives at once is said when it works: nothing before that is worth a message. */
const isComing = ({ grant, now }: RequestView): boolean =>
  grant?.state === 'activating' && grant.attempts === 0 && (grant.startsAt === null || grant.startsAt <= now);

const isBegun = (view: RequestView): boolean => !isOver(view) && view.grant?.state !== 'active' && !isComing(view);

/** Who gave it back knows that it is over. */
const isOwnEnd = ({ grant, endedBy, requester }: RequestView): boolean =>
  grant?.endCause === 'done' && endedBy?.id === requester.id;

/** How it came out is a message of its own, beside the one that follows the request. */
export const isOutcomePinged = (view: RequestView): boolean => isOutcome(view) && !isOwnEnd(view);

const requesterCopies = (view: RequestView, userId: string, copies: Copies): Wanted[] => {
  const wanted: Wanted[] = [];
  const { length: changes } = view.request.changes;
  if (changes > 0 && isCurrent(view, { kind: 'changed', part: changes }))
    wanted.push({ kind: 'changed', audience: userId, part: changes });
  if (isBegun(view)) wanted.push({ kind: 'requester', audience: userId, part: 0 });
  if (view.grant?.state === 'active') wanted.push({ kind: 'granted', audience: userId, part: 0 });
  if (view.grant && isWarned(view)) wanted.push({ kind: 'warning', audience: userId, part: view.grant.extensions });
  const isKnown = isOwnEnd(view) && isBeside({ kind: 'outcome' }, copies);
  if (isOutcome(view) && !isKnown) wanted.push({ kind: 'outcome', audience: userId, part: 0 });
  return wanted;
};

/** What stands in the thread of an approval message. */
const REPLIES: ReadonlySet<MessageKind> = new Set(['reminder', 'escalation', 'discussion']);
export const isReply = (kind: MessageKind): boolean => REPLIES.has(kind);

/** A copy that was planned and never posted is posted only while what it says is still so. */
export const isCurrent = (
  view: RequestView,
  { kind, part }: Pick<MessageCopy<'request'>, 'kind' | 'part'>,
): boolean => {
  const { request } = view;
  const isPending = request.state === 'pending';
  const current = {
    approval: isPending,
    requester: view.requester.kind === 'client' || isBegun(view),
    granted: view.grant?.state === 'active',
    warning: isWarned(view) && part === view.grant?.extensions,
    outcome: isOutcome(view),
    stuck: isStuck(view),
    ...isBreakGlassCurrent(view, part),
    changed: part === request.changes.length && (isPending || (request.state === 'approved' && !isOver(view))),
    reminder: isPending && part === request.reminders,
    escalation: isPending && request.escalatedAt !== null,
    discussion: isPending && request.discussedBy !== null,
  } satisfies Record<MessageKind, boolean>;
  return current[kind];
};

/** Nobody who may decide could be notified: there is no copy for them that was posted. */
export const isUntold = (view: RequestView, reach: Reach, copies: readonly MessageCopy<'request'>[]): boolean => {
  if (view.request.state !== 'pending' || reach.approvers === null) return false;
  const approvals = copies.filter(({ kind }) => kind === 'approval');
  return approvals.every(({ ts }) => ts === null) && approvals.every(({ failure }) => failure !== null);
};
