/** The messages of a request: to those who may approve, to the requester, about break-glass, and to who can help where it is stuck. */
import { SYSTEM } from '../../../domain/audit/events.ts';
import type { MessageFacts } from '../facts.ts';
import { lookUpFacts } from '../look-up-facts.ts';
import type { LookedUp } from '../look-up-facts.ts';
import type { MessageCopy, MessageKind, Place } from '../message-ports.ts';
import { LOOKUP_RETRY_MS, placeOf } from '../scene.ts';
import type { OpenScene, SceneDeps, SyncOutcome } from '../scene.ts';
import type { RequestView } from '../../record/request-view.ts';
import { noteLostChannels } from './lost-channels.ts';
import { findReach } from './request-reach.ts';
import { isBeside, isCurrent, isReply, isUntold, wantedCopies } from './request-wanted.ts';
import type { Reach } from './request-wanted.ts';

type Copy = MessageCopy<'request'>;
type Known = { view: RequestView; lookedUp: LookedUp; reach: Reach };

/** What says to the requester again what they know. */
const LATE_POSTS: ReadonlySet<MessageKind> = new Set(['requester', 'changed']);
const isPatient = ({ ts, kind }: Copy): boolean => (ts === null ? LATE_POSTS.has(kind) : kind !== 'approval');

/** The message a reply goes under; null when it does not stand, and then there is nothing to reply to. */
const threadOf = ({ audience }: Copy, copies: readonly Copy[]): Place | null => {
  const parent = copies.find((copy) => copy.kind === 'approval' && copy.audience === audience);
  return parent ? placeOf(parent) : null;
};

/** Whom it waits for is not known now: the reminder that was posted stays until it is. */
const isReminderUnknown = ({ view: { request }, lookedUp: { facts } }: Known, { kind, part }: Copy): boolean =>
  kind === 'reminder' && part === request.reminders && request.state === 'pending' && !facts.waitingFor?.length;

const unreachableOf = ({ view, reach, lookedUp }: Known, copies: readonly Copy[]): MessageFacts['unreachable'] =>
  lookedUp.facts.unreachable ?? (isUntold(view, reach, copies) ? 'untold' : null);

/** Once per request, however often it is rendered. */
const recordUnreachable = ({ store }: SceneDeps, { request }: RequestView, why: 'untold' | 'away'): Promise<void> =>
  store.transaction(async (tx) => {
    if (request.unreachableAt !== null || !(await tx.requests.setUnreachable(request.id))) return;
    const { target, role } = request;
    const data = { why, requirements: request.requirements.map(({ label }) => label) };
    await tx.audit.append({
      type: 'request.unreachable',
      actor: SYSTEM,
      requestId: request.id,
      grantId: null,
      target,
      role,
      data,
    });
  });

/** Without a channel, who could not be looked up was not written to either. */
const isWaitingForLookUp = ({ view: { request }, reach, lookedUp }: Known): boolean =>
  request.state === 'pending' &&
  reach.channelId === null &&
  (reach.approvers === null || (lookedUp.facts.eligible ?? []).some(({ unknown = [] }) => unknown.length > 0));

const isWaiting = (known: Known): boolean => isWaitingForLookUp(known) || known.reach.glass?.isComplete === false;

const finish = async (
  deps: SceneDeps,
  known: Known,
  { outcome, copies }: { outcome: SyncOutcome; copies: readonly Copy[] },
): Promise<SyncOutcome> => {
  const { view, lookedUp, reach } = known;
  const wanted = view.request.state === 'pending' ? (lookedUp.facts.target?.channel ?? null) : null;
  await noteLostChannels(deps, { copies, wanted, channelId: reach.channelId });
  if (outcome.outcome === 'done' && isWaiting(known))
    return { outcome: 'retry', retryInMs: LOOKUP_RETRY_MS, error: 'lookup_failed' };
  const unreachable = unreachableOf(known, copies);
  if (unreachable) await recordUnreachable(deps, view, unreachable);
  return outcome;
};

export const openRequest: OpenScene<'request'> = async (deps, id) => {
  const view = await deps.store.read.view(id);
  if (!view) return null;
  const lookedUp = await lookUpFacts(deps, view);
  const known: Known = { view, lookedUp, reach: await findReach(deps, view, lookedUp) };
  return {
    version: view.request.version,
    wanted: (copies) => wantedCopies(view, known.reach, copies),
    isCurrent: (copy) => isCurrent(view, copy),
    isStill: (copy) => isReminderUnknown(known, copy),
    // First those who may approve: what the others read depends on whether any of them could be reached.
    isLater: ({ kind }) => kind !== 'approval',
    isPatient,
    threadOf: (copy, copies) => (isReply(copy.kind) ? threadOf(copy, copies) : null),
    content: (copy, copies) => {
      if (isReply(copy.kind) && !threadOf(copy, copies)) return null;
      const facts = {
        ...lookedUp.facts,
        unreachable: unreachableOf(known, copies),
        isBeside: isBeside(copy, copies),
      };
      return { subject: 'request', kind: copy.kind, part: copy.part, view, facts };
    },
    finish: (outcome, copies) => finish(deps, known, { outcome, copies }),
  };
};
