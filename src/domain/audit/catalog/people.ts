/** Events of pre-approvals, break-glass, identity and the policy. */
import { z } from 'zod';
import { at, code, count, defineEvent, defineRefusal, flag, id, personId, sha256, text } from '../define-event.ts';

const preApprovals = {
  'pre_approval.given': defineEvent({
    about: 'none',
    when: 'An approver approved a role for a person before the request.',
    open: { preApproval: id, expiresAt: at, rule: code.nullable(), policy: sha256 },
    personal: { person: personId },
  }),
  'pre_approval.refused': defineRefusal(
    'A person tried to give or to withdraw a pre-approval that is not theirs to give or withdraw.',
    {
      open: { preApproval: id.optional() },
      personal: { for: personId.optional() },
    },
  ),
  'pre_approval.withdrawn': defineEvent({
    about: 'none',
    when: 'A pre-approval was withdrawn, by a person, by a revocation, or because an account was closed.',
    open: { preApproval: id, revocation: id.optional() },
    personal: {
      person: personId.optional(),
      by: personId.optional(),
      leaver: personId.optional(),
      reason: text.optional(),
    },
  }),
};

const due = { dueAt: at };
const reminded = { ...due, reminders: count };

const breakGlass = {
  'break_glass.refused': defineRefusal('Access was not given by break-glass.', {
    open: { codes: z.array(code).optional(), extends: id.optional() },
    personal: {},
  }),
  'break_glass.allowed': defineEvent({
    about: 'grant',
    when: 'An admin let a person use break-glass again although a follow-up is overdue.',
    open: due,
    personal: { person: personId },
  }),
  'follow_up.opened': defineEvent({
    about: 'grant',
    when: 'Access was taken by break-glass, or a freeze was overridden for it, so its follow-up was opened.',
    open: { ...due, extension: id.optional() },
    personal: { reviewers: z.array(text), notified: z.array(text) },
  }),
  'follow_up.reminded': defineEvent({
    about: 'grant',
    when: 'The reviewers of an open follow-up were reminded.',
    open: reminded,
    personal: {},
  }),
  'follow_up.overdue': defineEvent({
    about: 'grant',
    when: 'A follow-up was still open at its deadline, and the admins were notified.',
    open: reminded,
    personal: {},
  }),
  'follow_up.closed': defineEvent({
    about: 'grant',
    when: 'A reviewer said whether break-glass, or the override of a freeze, was justified.',
    open: { ...due, outcome: code },
    personal: { note: text.nullable(), person: personId },
  }),
  'follow_up.refused': defineRefusal(
    'A person tried to close a follow-up, or to lift a block, that is not theirs to close or lift.',
    {
      open: {},
      personal: { allowing: personId.optional() },
    },
  ),
};

const identity = {
  'email_binding.conflicted': defineEvent({
    about: 'none',
    when: 'An email address no longer names the account that it named, so it is not trusted.',
    open: { conflict: code },
    personal: { address: text, userIds: z.array(text) },
  }),
  'email_binding.confirmed': defineEvent({
    about: 'none',
    when: 'An admin confirmed whose an email address is.',
    open: {},
    personal: { address: text, person: personId, before: text.nullable() },
  }),
  'email_binding.refused': defineRefusal(
    'A person tried to see or confirm email bindings and may not, or the address is not that of the account.',
    {
      open: {},
      personal: { address: text.optional(), for: personId.optional() },
    },
  ),
  'account_link.made': defineEvent({
    about: 'none',
    when: 'A person proved that an account of GitHub or GitLab is theirs, which counts only against them.',
    open: { kind: code, host: text },
    personal: { account: text, login: text, place: text },
  }),
  'account_link.ended': defineEvent({
    about: 'none',
    when: 'A person took back the link to an account: it is shown no more, and still counts against them.',
    open: { kind: code, host: text },
    personal: { account: text, login: text },
  }),
  'account_link.released': defineEvent({
    about: 'none',
    when: 'An admin released an account from the person it was linked to: it counts against them no more.',
    open: { kind: code, host: text },
    personal: { account: text, login: text, person: personId },
  }),
  'account_link.refused': defineRefusal(
    'A person tried to link, list or release an account and may not, or did not prove that it is theirs.',
    {
      open: { kind: code.optional() },
      personal: { account: text.optional(), place: text.optional() },
    },
  ),
  'user_group.moved': defineEvent({
    about: 'none',
    when: 'A handle of a Slack user group now belongs to another group than the one that Latchkey knows.',
    open: { handle: text, before: code, found: code },
    personal: {},
  }),
  'target_name.moved': defineEvent({
    about: 'none',
    when: 'A name in the scope of a role leads to another thing of the target than the one that Latchkey knows.',
    open: { name: text, before: code, found: code },
    personal: {},
  }),
  'slack_app.installed': defineEvent({
    about: 'none',
    when: 'The Slack app was installed in a workspace of the organisation, or in all of it.',
    open: { workspace: code, title: text, scopes: z.array(code) },
    personal: { installedBy: text },
  }),
  'slack_app.removed': defineEvent({
    about: 'none',
    when: 'The Slack app was removed from a workspace, or its token was revoked there.',
    open: { workspace: code, title: text, why: code },
    personal: {},
  }),
};

const policy = {
  'policy.loaded': defineEvent({
    about: 'none',
    when: 'Another policy came into force.',
    open: { sha256, before: sha256.nullable(), rules: count, targets: z.array(code), found: count.optional() },
    personal: {
      warnings: z.array(text),
      differences: z.array(text).nullable(),
      author: z
        .object({ by: text.nullable(), revision: text.nullable(), subject: text.nullable(), isEdited: flag })
        .nullable(),
    },
  }),
  'policy.rejected': defineEvent({
    about: 'none',
    when: 'A policy file was refused, and the policy before stays in force.',
    open: { kept: sha256 },
    personal: { problems: z.array(text) },
  }),
  'targets.found': defineEvent({
    about: 'none',
    when: 'A list of targets (targets_from) was read for the first time, or gave other targets than before.',
    open: {
      list: code,
      policy: sha256,
      sha256: sha256.nullable(),
      targets: count,
      added: count,
      removed: count,
      changed: count,
      /** The first of each, by name; the policy that `policy` names has them all. */
      addedNames: z.array(code),
      removedNames: z.array(code),
      changedNames: z.array(code),
    },
    personal: {},
  }),
  'targets.list_unreadable': defineEvent({
    about: 'none',
    when: 'A list of targets could not be read, or lost so many that it is taken for a fault; the last good one stays.',
    open: { list: code },
    personal: { problem: text },
  }),
  'targets.list_readable': defineEvent({
    about: 'none',
    when: 'A list of targets can be read again.',
    open: { list: code, since: at, sha256 },
    personal: {},
  }),
  'calendar.loaded': defineEvent({
    about: 'none',
    when: 'A calendar file of a freeze was read for the first time, or held something else than before.',
    open: {
      freeze: code,
      sha256,
      before: sha256.nullable(),
      policy: sha256,
      times: count,
      from: at.nullable(),
      to: at.nullable(),
    },
    personal: { file: text, why: text.nullable() },
  }),
};

export const PEOPLE_EVENTS = { ...preApprovals, ...breakGlass, ...identity, ...policy };
