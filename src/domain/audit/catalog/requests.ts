/** Events of requests, votes and absences. */
import { z } from 'zod';
import { VOTE_KINDS } from '../../requests/vote.ts';
import {
  at,
  code,
  count,
  defineEvent,
  defineRefusal,
  flag,
  id,
  ids,
  ms,
  personId,
  sha256,
  text,
} from '../define-event.ts';

const requirements = z.array(z.object({ label: text, count }));
/** Sentences of the provider; they name objects of the target. */
const remains = z.array(text);
/** Everyone whose approval made the decision, as they were called then; in the order of `votes`. */
const approvers = z.array(z.object({ id: personId, name: text, email: text.nullable() }));
const terms = z.object({ role: code, durationMs: ms });
/** Slack ids of user groups, by the name of the group in the policy. */
const userGroups = z.record(text, code);

const requests = {
  'request.created': defineEvent({
    about: 'request',
    when: 'A person requested access, requested more time, or took access by break-glass.',
    open: {
      durationMs: ms,
      startsAt: at.nullable().optional(),
      incident: id.nullable().optional(),
      alert: z.strictObject({ id, mapping: code, source: code }).optional(),
      /** The opening of a window that it is for. */
      window: z.strictObject({ name: code, from: at, to: at }).optional(),
      extends: id.optional(),
      extendsByMs: ms.nullable().optional(),
      expiresAt: at.optional(),
      isBreakGlass: flag.optional(),
      isNeedless: flag.optional(),
      rule: code.nullable(),
      policy: sha256,
    },
    personal: {
      reason: text,
      ticket: text.nullable(),
      mayRemain: remains.optional(),
      /** Who the requester is in the target, as approvers read it. */
      inTarget: z.strictObject({ name: text, account: text.nullable(), hadAlready: flag.nullable() }).optional(),
      alertUrl: text.nullable().optional(),
      /** Who clicked on the alert, where the request is a client's. */
      startedBy: text.nullable().optional(),
      /** What the job says that it will run. */
      plan: text.optional(),
      /** The approver who allowed a client's use of a window before any job requested it. */
      allowedBy: text.optional(),
      requirements: requirements.optional(),
      skipped: requirements.optional(),
      overrides: z.object({ rule: code.nullable(), message: text }).nullable().optional(),
    },
  }),
  'request.refused': defineRefusal(
    'A request was not accepted: it was invalid, a rule denied it, or no approver was left.',
    {
      open: {
        codes: z.array(code).optional(),
        rule: code.nullable().optional(),
        policy: sha256.optional(),
        extends: id.optional(),
        max: z.number().optional(),
        count: count.optional(),
        have: count.optional(),
        isOnlyRequester: flag.optional(),
      },
      personal: { label: text.optional(), conflicts: z.array(text).optional() },
    },
  ),
  'request.approved': defineEvent({
    about: 'request',
    when: 'A request was approved, by people or by its rule; from this moment the grant exists, unless only a deployment was decided.',
    open: {
      decision: id,
      rule: code.nullable(),
      policy: sha256,
      preApprovals: ids,
      userGroups: userGroups.optional(),
      requestedAt: at.optional(),
    },
    personal: { votes: ids, approvers: approvers.optional(), managers: ids.optional() },
  }),
  'request.denied': defineEvent({
    about: 'request',
    when: 'A request was denied, by an approver or by the rule of that moment.',
    open: {
      decision: id,
      rule: code.nullable(),
      policy: sha256,
      userGroups: userGroups.optional(),
      requestedAt: at.optional(),
    },
    personal: { reason: text.nullable(), managers: ids.optional() },
  }),
  'freeze.overridden': defineEvent({
    about: 'request',
    when: 'A person overrode freezes for one request, because of an open incident or an alert; its rule still decides it.',
    open: { freezes: z.array(code), frozen: id, incident: id.optional(), alert: id.optional(), policy: sha256 },
    personal: { reason: text, cause: text },
  }),
  'freeze.override_refused': defineRefusal(
    'A person tried to override a freeze and may not, or not for this request.',
    {
      open: { frozen: id.optional(), freezes: z.array(code).optional() },
      personal: {},
    },
  ),
  'request.claimed': defineEvent({
    about: 'request',
    when: 'A job, or a deployment that runs again, took over a request that was made for it before.',
    open: { from: code, via: code.optional() },
    personal: {},
  }),
  'request.pushed': defineEvent({
    about: 'request',
    when: 'A pull request got another commit, other labels or another base while its request waited, so its votes are void.',
    open: { before: code, sha: code },
    personal: {},
  }),
  'deployment.answered': defineEvent({
    about: 'either',
    when: 'GitHub or GitLab got the answer whether a deployment may start.',
    open: { state: code, repositoryId: code, run: code, attempt: count, environment: code, sha: code },
    personal: { repository: text },
  }),
  'request.cancelled': defineEvent({
    about: 'request',
    when: 'A pending request was cancelled, by its requester, a revocation, the close of its incident, or a closed account.',
    open: { cause: code.optional(), incident: id.optional(), revocation: id.optional() },
    personal: { reason: text.nullable().optional() },
  }),
  'request.cancel_refused': defineRefusal("A person tried to cancel another person's request.", {
    open: {},
    personal: {},
  }),
  'request.lapsed': defineEvent({
    about: 'request',
    when: 'A pending request expired, because it was not decided in time or the access that it extends ended first.',
    open: { lapsesAt: at },
    personal: {},
  }),
  'request.unreachable': defineEvent({
    about: 'request',
    when: 'No approver of a request could be notified.',
    open: { why: code },
    personal: { requirements: z.array(text) },
  }),
  'request.changed': defineEvent({
    about: 'request',
    when: 'An approver made a request smaller: a shorter time, or a smaller role of the same target.',
    open: { before: terms, after: terms, policy: sha256 },
    personal: { note: text.nullable(), mayRemain: remains },
  }),
  'request.remains_changed': defineEvent({
    about: 'request',
    when: 'What may remain in the target after the access ends changed while the request was pending.',
    open: {},
    personal: { before: remains, mayRemain: remains },
  }),
  'request.reminded': defineEvent({
    about: 'request',
    when: 'Approvers who had not answered were reminded.',
    open: { number: count },
    personal: {},
  }),
  'request.escalated': defineEvent({
    about: 'request',
    when: 'No approver had voted for a while, so the approvers of the escalation were notified as well.',
    open: { afterMs: ms.nullable() },
    personal: { to: text.nullable() },
  }),
  'request.discussed': defineEvent({
    about: 'request',
    when: 'A person opened the thread of a request to discuss it.',
    open: {},
    personal: {},
  }),
};

const votes = {
  'vote.cast': defineEvent({
    about: 'request',
    when: 'An approver voted, or changed their vote.',
    open: { kind: z.enum(VOTE_KINDS), policy: sha256, isChanged: flag },
    personal: { reason: text.nullable(), onBehalfOf: personId.nullable() },
  }),
  'vote.refused': defineRefusal('A vote was not counted: its voter may not vote, voted before, or came too late.', {
    open: {},
    personal: {},
  }),
  'vote.voided': defineEvent({
    about: 'request',
    when: 'A vote on a pending request counts no more: its voter withdrew it or has no account any more, or a commit was pushed.',
    open: { why: code },
    personal: { voter: personId },
  }),
};

const absences = {
  'public_key.set': defineEvent({
    about: 'none',
    when: 'A person set the SSH public key that certificates of their access are made for.',
    open: {},
    personal: { fingerprint: text },
  }),
  'absence.set': defineEvent({
    about: 'none',
    when: 'A person said that they are away, and named a delegate if they have one.',
    open: { until: at },
    personal: { delegate: personId.nullable() },
  }),
  'absence.ended': defineEvent({
    about: 'none',
    when: 'A person came back early, or their account was closed.',
    open: {},
    personal: { leaver: personId.optional(), reason: text.optional() },
  }),
};

export const REQUEST_EVENTS = { ...requests, ...votes, ...absences };
