/** Events of grants, of their credentials, and of revocations of many. */
import { z } from 'zod';
import { END_CAUSES, END_OUTCOMES } from '../../grants/end-cause.ts';
import {
  FAILURE,
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

/** Who takes it back at its deadline, and a sentence on what its end does not cut. */
const guarantee = {
  endsBy: z.enum(['revoke', 'itself', 'both']).optional(),
  survives: text.nullable().optional(),
};

const starting = {
  'grant.activating': defineEvent({
    about: 'grant',
    when: 'A grant was opened by an approval, and its target is about to give it.',
    open: { durationMs: ms, startsAt: at.nullable() },
    personal: {},
  }),
  'grant.activation_retried': defineEvent({
    about: 'grant',
    when: 'The target could not make the access now; Latchkey tries again.',
    ...FAILURE,
  }),
  'grant.active': defineEvent({
    about: 'grant',
    when: 'The target made the access, and it can be used until the expiry.',
    open: { expiresAt: at, hadAlready: flag.optional(), ...guarantee },
    personal: { handle: z.json(), person: personId },
  }),
  'grant.used': defineEvent({
    about: 'grant',
    when: 'The access was first seen in use in its target.',
    open: { since: at.nullable() },
    personal: { person: personId },
  }),
  'grant.held': defineEvent({
    about: 'grant',
    when: 'The target refused the access until a person fixes the target; the grant waits.',
    open: { kind: code, attempts: count },
    personal: { message: text },
  }),
  'grant.rescoped': defineEvent({
    about: 'grant',
    when: 'The policy changed what the role allows, and its rule approved the new scope before the grant became active.',
    open: { before: z.json(), after: z.json(), policy: sha256 },
    personal: {},
  }),
  'grant.retry_requested': defineEvent({
    about: 'grant',
    when: 'A person made Latchkey try a waiting grant again.',
    open: {},
    personal: {},
  }),
  'grant.retry_refused': defineRefusal('A person who may not help tried to retry a waiting grant.', {
    open: {},
    personal: {},
  }),
  'grant.failed': defineEvent({
    about: 'grant',
    when: 'A grant could not be made in time and left nothing in its target.',
    open: { kind: code.nullable() },
    personal: { message: text },
  }),
};

const extending = {
  'grant.extending': defineEvent({
    about: 'grant',
    when: 'More time was approved; the target is about to move the expiry.',
    open: { decision: id, from: at, to: at },
    personal: {},
  }),
  'grant.extension_retried': defineEvent({
    about: 'grant',
    when: 'The target could not move the expiry now; Latchkey tries again.',
    ...FAILURE,
  }),
  'grant.extension_failed': defineEvent({
    about: 'grant',
    when: 'The expiry could not be moved, and the old expiry stays.',
    open: { attempts: count, expiresAt: at },
    personal: { error: text },
  }),
  'grant.extended': defineEvent({
    about: 'grant',
    when: 'The target confirmed the new expiry.',
    open: { decision: id, from: at, to: at, durationMs: ms },
    personal: {},
  }),
  'grant.kept': defineEvent({
    about: 'grant',
    when: 'A person kept their access beyond the close of its incident, to its own expiry.',
    open: { incident: id, expiresAt: at },
    personal: {},
  }),
  'grant.keep_refused': defineRefusal(
    'A person tried to keep access that the rules do not give without the incident.',
    { open: {}, personal: {} },
  ),
};

const ending = {
  'grant.ending': defineEvent({
    about: 'grant',
    when: 'A grant is about to end, and its target is about to close the access.',
    open: { cause: z.enum(END_CAUSES), expiresAt: at.optional(), incident: id.optional(), revocation: id.optional() },
    personal: { reason: text.nullable().optional() },
  }),
  'grant.end_retried': defineEvent({
    about: 'grant',
    when: 'The target could not close the access now; Latchkey tries again until it is closed.',
    ...FAILURE,
  }),
  'grant.end_refused': defineRefusal('A person tried to end access that they may not end.', { open: {}, personal: {} }),
  'grant.closed': defineEvent({
    about: 'grant',
    when: 'The access ended, confirmed by the target: it is closed, another grant holds the same access, or the person had it before.',
    open: {
      cause: z.enum(END_CAUSES).nullable(),
      lateMs: ms,
      attempts: count,
      expiresAt: at,
      readback: z.strictObject({
        operation: z.literal('close_and_read_back'),
        answer: z.enum(['closed', 'absent', 'held_by_another_grant', 'held_before_the_grant']),
      }),
      ...guarantee,
    },
    personal: { handle: z.json() },
  }),
  'grant.removal_retried': defineEvent({
    about: 'grant',
    when: 'The access is closed, and the target could not remove what was made for it now; Latchkey tries again.',
    ...FAILURE,
  }),
  'grant.removed': defineEvent({
    about: 'grant',
    when: 'The target confirmed that what was made for the grant is gone, another grant holds the same access, or the person had it before.',
    open: {
      cause: z.enum(END_CAUSES).nullable(),
      outcome: z.enum(END_OUTCOMES).nullable(),
      /** How late it was closed. */
      lateMs: ms,
      attempts: count,
      expiresAt: at,
      /** Events of older versions have none: they closed and removed in one. */
      closedAt: at.optional(),
      /** The last question to the target, and what it answered; events of older versions have none. */
      readback: z
        .strictObject({
          operation: z.literal('revoke_and_read_back'),
          answer: z.enum(['absent', 'held_by_another_grant', 'held_before_the_grant']),
        })
        .optional(),
      ...guarantee,
    },
    personal: { handle: z.json().optional() },
  }),
};

const missing = z.array(z.strictObject({ session: text, from: z.int(), to: z.int() }));
const done = { statements: count, sessions: count, missing, lost: z.array(text) };

const statements = {
  'statements.recorded': defineEvent({
    about: 'grant',
    when: 'Statements that were run through the access were read from the log of its target and kept; or lines of that log are missing.',
    open: { segment: count.optional(), sha256: sha256.optional(), ...done },
    personal: {},
  }),
  'statements.completed': defineEvent({
    about: 'grant',
    when: 'The log of the target was read to the end of the access: what was recorded, and whether it is complete.',
    open: { outcome: z.enum(['complete', 'incomplete']), segments: count, ...done },
    personal: {},
  }),
};

const credentials = {
  'credentials.shown': defineEvent({
    about: 'grant',
    when: 'The holder of a grant opened its credentials; written before they are decrypted, with the SSH key where they are a certificate.',
    open: {},
    personal: { fingerprint: text.optional() },
  }),
  'credentials.refused': defineRefusal(
    'A person tried to see credentials that are not theirs, or of access that is not active.',
    { open: {}, personal: {} },
  ),
};

const revocations = {
  'revocation.started': defineEvent({
    about: 'none',
    when: 'A person revoked all access of a person, of a target, or all of it.',
    open: { revocation: id, targets: ids.nullable(), grants: count, requests: count, preApprovals: count },
    personal: { person: personId.nullable(), reason: text.nullable() },
  }),
  'revocation.refused': defineRefusal('A person tried to revoke access of many that they may not revoke.', {
    open: { what: code },
    personal: { person: personId.nullable() },
  }),
  'revocation.finished': defineEvent({
    about: 'none',
    when: 'Everything that a revocation of many found has ended.',
    open: { revocation: id },
    personal: {},
  }),
};

const drift = { finding: id, kind: code };
const described = { name: text, description: text };

const differences = {
  'drift.found': defineEvent({
    about: 'either',
    when: 'A target was found to differ from what Latchkey granted in it.',
    open: drift,
    personal: described,
  }),
  'drift.repaired': defineEvent({
    about: 'either',
    when: 'A difference was repaired in the target, or the grant that it concerns is being ended.',
    open: { ...drift, outcome: code },
    personal: described,
  }),
  'drift.failed': defineEvent({
    about: 'either',
    when: 'A difference could not be repaired; each look tries again.',
    open: drift,
    personal: { ...described, error: text.nullable() },
  }),
  'drift.decided': defineEvent({
    about: 'none',
    when: 'An admin decided whether a batch of repairs is carried out.',
    open: { batch: id, count, isRepairing: flag },
    personal: {},
  }),
  'drift.refused': defineRefusal('A person who is not an admin tried to decide on a batch of repairs.', {
    open: { batch: id },
    personal: {},
  }),
};

export const GRANT_EVENTS = {
  ...starting,
  ...extending,
  ...ending,
  ...statements,
  ...credentials,
  ...revocations,
  ...differences,
};
