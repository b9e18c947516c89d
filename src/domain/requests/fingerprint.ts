/**
 * One short text for all that a decision on a request is about: what is requested, by whom, for which job, and who is behind it. Two that
 * are equal are the same request to an approver. So a decision is bound to what was judged, and to what its approver was shown.
 */
import { hash } from 'node:crypto';
import { canonicalJson } from '../canonical-json.ts';
import type { Json } from '../json.ts';
import type { Request } from './request.ts';

/** `decided`: an approver, a rule or a look-up goes by it. `kept`: what became of the request, or what each decision reads anew. */
type Part = 'decided' | 'kept';

/** Every part of a request is one of the two: a new one does not compile before it says which. */
const PARTS = {
  id: 'decided',
  requesterId: 'decided',
  target: 'decided',
  role: 'decided',
  durationMs: 'decided',
  reason: 'decided',
  ticket: 'decided',
  isBreakGlass: 'decided',
  startsAt: 'decided',
  incidentId: 'decided',
  extendsGrantId: 'decided',
  extendsByMs: 'decided',
  job: 'decided',
  startedBy: 'decided',
  accounts: 'decided',
  origin: 'decided',
  state: 'kept',
  rule: 'kept',
  policySha256: 'kept',
  requirements: 'kept',
  isInOrder: 'kept',
  version: 'kept',
  createdAt: 'kept',
  lapsesAt: 'kept',
  decidedAt: 'kept',
  remindMs: 'kept',
  reminders: 'kept',
  nextReminderAt: 'kept',
  escalateAfterMs: 'kept',
  escalateTo: 'kept',
  escalateAt: 'kept',
  escalatedAt: 'kept',
  discussedBy: 'kept',
  unreachableAt: 'kept',
  cancelledBy: 'kept',
  cancelReason: 'kept',
  changes: 'kept',
  mayRemain: 'kept',
  inTarget: 'kept',
} as const satisfies Record<keyof Request, Part>;

const DECIDED = (Object.keys(PARTS) as (keyof Request)[]).filter((part) => PARTS[part] === 'decided');

/** Of the hash; nobody finds another text with the same 128 bits, and what a job writes is among what is hashed. */
const LENGTH = 22;

/** As JSON has it: dates as text, and nothing of what is undefined. */
const asJson = (value: unknown): Json => JSON.parse(JSON.stringify(value)) as Json;

/** Of other things that are decided by what was shown of them. */
export const fingerprintOfJson = (value: unknown): string =>
  hash('sha256', canonicalJson(asJson(value)), 'base64url').slice(0, LENGTH);

export const fingerprintOf = (request: Request): string =>
  fingerprintOfJson(DECIDED.map((part) => [part, request[part]]));

/** `judged` as it was looked up by, `locked` as it is now. Bookkeeping between the two changes no decision. */
export const isAsJudged = (judged: Request, locked: Request): boolean =>
  fingerprintOf(judged) === fingerprintOf(locked);

/** A client's request that no job had taken over, and now one has. */
const isTakenOver = ({ origin, job }: Request): boolean =>
  job !== null && (origin?.isClaimed === true || (origin?.kind === 'override' && origin.gate !== undefined));

const isMoved = ({ origin }: Request): boolean =>
  origin?.kind === 'pull_request' && (origin.diffUrl !== null || origin.isRefreshed === true);

/** Since it was made. */
const hasChanged = (request: Request): boolean =>
  request.changes.length > 0 || isTakenOver(request) || isMoved(request);

/** `shown`: the fingerprint that the button carries; null on a message from before they did, where only what never changed is as shown. */
export const isAsShown = (shown: string | null, now: Request): boolean =>
  shown === null ? !hasChanged(now) : shown === fingerprintOf(now);
