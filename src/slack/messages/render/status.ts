/** How a request or its access stands, as one sentence. */
import { completenessOf } from '../../../domain/grants/recording.ts';
import type { Grant } from '../../../domain/grants/grant.ts';
import { endWithIncident } from '../../../domain/grants/ending.ts';
import type { EndCause } from '../../../domain/grants/end-cause.ts';
import { isHeld } from '../../../application/grants/hold.ts';
import type { RequestOrigin } from '../../../domain/requests/origin.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { NOTHING_LEFT, howEnded } from './how-ended.ts';
import type { AtTheEnd } from './how-ended.ts';
import { ERROR_SHOWN_MAX, RECORDING_SHOWN_MAX, VOTE_REASON_SHOWN_MAX } from './limits.ts';
import { moveLine, oldEnd } from './moves.ts';
import { iconOf, toneOf } from './card.ts';
import { date, inline, mention, sentenceList } from './text.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { agreed, isAhead, mentionId, ruleName } from './phrases.ts';

const lastError = (grant: Grant): string => (grant.lastError ? ` ${inline(grant.lastError, ERROR_SHOWN_MAX)}` : '');

/** All whose votes made it, not only the last. */
const decidedBy = ({ decision, decidedBy: person, votes }: RequestView): string => {
  if (!person) return decision?.rule ? `rule ${ruleName(decision.rule)}` : 'the policy';
  if (decision?.outcome !== 'approved') return mention(person);
  const agreed = votes.filter(({ kind }) => kind === 'approve').map(({ voter }) => voter);
  const others = agreed.filter(({ id }) => id !== person.id);
  return sentenceList([...others, person].map(mention));
};

const howDecided = (view: RequestView): string => {
  if (view.request.isBreakGlass) return 'Taken by break-glass, without approval.';
  const ahead = view.decision?.outcome === 'approved' ? view.decision.reason : null;
  return `Approved ${ahead ? inline(ahead, VOTE_REASON_SHOWN_MAX) : `by ${decidedBy(view)}`}.`;
};

/** As a sentence: others may follow it. */
const because = (reason: string | null | undefined): string => {
  const shown = reason ? inline(reason, VOTE_REASON_SHOWN_MAX) : '';
  return shown && ` ${shown}${/[.!?…)]$/.test(shown) ? '' : '.'}`;
};

const denied = (view: RequestView): string => {
  const given = view.decision?.reason ?? view.votes.find(({ kind }) => kind === 'deny')?.reason;
  return `*Denied* by ${decidedBy(view)}.${because(given)}`;
};

const endCause = ({ grant, endedBy, requester }: RequestView): string => {
  const by = endedBy ? ` by ${mention(endedBy)}` : '';
  if (grant?.endCause === 'done') return endedBy?.id === requester.id ? 'returned' : `returned${by}`;
  if (grant?.endCause === 'revoked') return `revoked${by}`;
  if (grant?.endCause === 'abandoned') return 'given up';
  if (grant?.endCause === 'cancelled') return `cancelled before it began${by}`;
  if (grant?.endCause === 'not_started') return 'it could not begin';
  if (grant?.endCause === 'window_passed') return 'its window passed without a use';
  if (grant?.endCause === 'incident_closed') return 'its incident was closed';
  if (grant?.endCause === 'client_lost') return 'its job sent no heartbeat for a minute';
  if (grant?.endCause === 'job_completed') return 'its job ended';
  return 'time was up';
};

/** Quiet where the target cannot report it. Looks are taken now and then: what was not seen may have been. */
export const use = ({ firstUsedAt, reportsUsage, activatedAt }: Grant, now?: Date): string => {
  if (firstUsedAt) return ` First seen in use ${date(firstUsedAt, now)}.`;
  return reportsUsage && activatedAt ? ' Not seen in use.' : '';
};

/** Quiet where the role does not record. What is missing may be long. */
const done = ({ recording }: Pick<RequestView, 'recording'>): string => {
  if (!recording) return '';
  const words = completenessOf(recording);
  return ` *What was done:* ${inline(words, RECORDING_SHOWN_MAX)}${words.endsWith('.') ? '' : '.'}`;
};

/** It was never active, so its credentials were shown to nobody. */
const isNeverBegun = ({ activatedAt }: Pick<Grant, 'activatedAt'>): boolean => activatedAt === null;

const NEVER_BEGUN = '*Not set up.* No one got in.';

/** Of access that never began there is nothing to end: what may be left of the attempt is looked for. */
const endingUnbegun = (grant: Grant): string => {
  const why = because(grant.endReason);
  return grant.attempts > 0
    ? `${NEVER_BEGUN}${why} Attempt ${grant.attempts} to confirm that nothing is left in the target failed; trying again.${lastError(grant)}`
    : `${NEVER_BEGUN}${why} Latchkey confirms that nothing is left in the target.`;
};

/** Everyone whose approval counted; a rule or break-glass is named elsewhere. */
const byWhom = (view: RequestView): string =>
  view.decidedBy && !view.request.isBreakGlass ? ` Approved by ${decidedBy(view)}.` : '';

const UNBEGUN: ReadonlySet<EndCause> = new Set(['not_started', 'window_passed']);

/**
 * The same from the moment it is closed: that what was made is removed after that is in the record, and said where that is stuck. Of an
 * attempt that nobody got in by, what is left is all there is to say.
 */
const ended = (view: RequestView, grant: Grant, facts?: AtTheEnd): string => {
  const isBegun = grant.activatedAt !== null || (!grant.startsAt && !UNBEGUN.has(grant.endCause ?? 'expired'));
  if (!isBegun && grant.endOutcome === 'already_absent')
    return `*Not begun* (${endCause(view)}). No one got in.${because(grant.endReason)}`;
  if (isNeverBegun(grant))
    return `*Not set up* (${endCause(view)}). No one got in.${because(grant.endReason)} ${NOTHING_LEFT[grant.endOutcome ?? 'removed']}`;
  const at = grant.closedAt ? ` ${date(grant.closedAt)}` : '';
  // A job uses what it gets, and a short one is over before a look.
  const isJob = view.requester.kind === 'client';
  const head = isJob && grant.endCause === 'done' && grant.endReason !== null ? 'Finished' : 'Ended';
  return `*${head}*${at} (${endCause(view)}). ${howEnded(grant, facts)}${isJob ? '' : use(grant)}${done(view)}${because(grant.endReason)}${byWhom(view)}`;
};

const approvedBold = (view: RequestView): string => howDecided(view).replace(/^\w+/, '*$&*');

/** Nothing is set up before the job comes that it was requested for; null where that has come, or none is waited for. */
const forJob = ({ request: { origin }, requester }: RequestView): string | null => {
  if (!origin || origin.isClaimed) return null;
  const who = mention(requester);
  const gets = {
    gate: `The job of ${who} that this deployment starts gets it.`,
    pull_request: `The first job of ${who} for this pull request gets it.`,
    window: `The first job of ${who} in the window gets it.`,
    alert: `The first job of ${who} gets it.`,
    override: `The job of ${who} gets it when it runs again.`,
  } satisfies Record<RequestOrigin['kind'], string>;
  // A deployment that ran again waits for it by now.
  return origin.kind === 'override' && origin.gate !== undefined ? gets.gate : gets[origin.kind];
};

const activating = (view: RequestView, grant: Grant): string => {
  const job = forJob(view);
  return job
    ? `${approvedBold(view)} ${job}`
    : isAhead(view)
      ? `${approvedBold(view)} Starts ${grant.startsAt ? date(grant.startsAt) : ''}.`
      : isHeld(grant)
        ? `${approvedBold(view)} *It could not be set up yet.* The owners and the admins were notified. Once the target is fixed, you get access without a new approval. There is nothing for you to do.`
        : grant.attempts > 0
          ? `${approvedBold(view)} Access is not set up yet; trying again.${lastError(grant)}`
          : `${approvedBold(view)} Access is being set up.`;
};

/** `03:40`, or `03:38, with the incident` where that comes first. */
export const untilWhen = (grant: Grant, { incident, now }: Pick<RequestView, 'incident' | 'now'>): string => {
  const earlier = endWithIncident(grant, incident);
  return earlier ? `${date(earlier, now)}, with the incident` : date(grant.expiresAt, now);
};

const stillEnding = (grant: Grant): string =>
  `*Still being ended, not yet confirmed.* Attempt ${grant.attempts} failed; trying again.${lastError(grant)}`;

const grantLine = (view: RequestView, grant: Grant, facts?: AtTheEnd): string => {
  const lines = {
    activating: () => activating(view, grant),
    active: () =>
      `*Active* until ${untilWhen(grant, view)}${view.requester.kind === 'client' ? ': the job is running' : ''}. ${howDecided(view)}`,
    ending: () =>
      isNeverBegun(grant)
        ? endingUnbegun(grant)
        : grant.attempts > 0
          ? stillEnding(grant)
          : '*Being ended*, not yet confirmed.',
    closed: () => ended(view, grant, facts),
    removed: () => ended(view, grant, facts),
    failed: () => `*Not set up.* No one got in. ${howDecided(view)} The owners and the admins have the cause.`,
  } satisfies Record<Grant['state'], () => string>;
  return lines[grant.state]();
};

const lapsed = (view: RequestView): string => {
  if (view.extended && view.extended.state !== 'active')
    return '*Expired*: the access ended before an approver decided.';
  const why = view.decision ? 'approved, and not used in time.' : 'no approver decided in time.';
  return `*Expired*: ${why}${oldEnd(view)}`;
};

const approved = (view: RequestView, facts?: AtTheEnd): string => {
  if (view.grant) return grantLine(view, view.grant, facts);
  const move = moveLine(view);
  return move ? `${move} ${howDecided(view)}` : `*Approved* by ${decidedBy(view)}.`;
};

const cancelled = ({ request, requester }: RequestView): string => {
  const { cancelledBy, cancelReason } = request;
  const others = cancelledBy === null ? 'Latchkey' : mentionId(cancelledBy);
  const by = cancelledBy === null && cancelReason === null ? mention(requester) : others;
  return `*Cancelled* by ${by}.${because(cancelReason)}`;
};

/** One line that says where the request stands, in words that the database bears out. */
export const status = (view: RequestView, facts?: AtTheEnd): string => {
  const lines = {
    pending: () => `*Waiting for approval* · expires ${date(view.request.lapsesAt, view.now)}`,
    denied: () => `${denied(view)}${oldEnd(view)}`,
    cancelled: () => `${cancelled(view)}${oldEnd(view)}`,
    lapsed: () => lapsed(view),
    approved: () => approved(view, facts),
  } satisfies Record<RequestView['request']['state'], () => string>;
  return lines[view.request.state]();
};

/** The state at a glance, as an icon. */
export const mark = (view: RequestView): string => iconOf(toneOf(view));

/** What the status does not say already: nothing is said twice. */
export const votesBeside = (view: RequestView, facts: Pick<MessageFacts, 'ahead'>): string | null => {
  const approvals = view.votes.filter(({ kind }) => kind === 'approve');
  const shown = status(view);
  const isSaid =
    facts.ahead.length === 0 && approvals.every(({ voter, inSteadOf }) => !inSteadOf && shown.includes(mention(voter)));
  const so = isSaid ? null : agreed(view, facts);
  return so && `${so}.`;
};
