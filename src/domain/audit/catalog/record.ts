/** Events of the log itself: its keys, its checkpoints, evidence made of it, and what was erased from it. */
import { z } from 'zod';
import { CAMPAIGN_SUBJECTS, LINE_DECISIONS, SILENCES } from '../../reviews/campaign.ts';
import { at, code, count, defineEvent, defineRefusal, flag, id, ms, sha256, text } from '../define-event.ts';

export const RECORD_EVENTS = {
  'log.upgraded': defineEvent({
    about: 'none',
    when: 'The log became a tree; this first leaf commits to the chain before it.',
    open: { chainSeq: count, chainHash: sha256 },
    personal: {},
  }),
  'key.added': defineEvent({
    about: 'none',
    when: 'A key that signs checkpoints came into use.',
    open: { vkey: text, origin: text.optional() },
    personal: {},
  }),
  'key.retired': defineEvent({
    about: 'none',
    when: 'A key that signed checkpoints is used no more.',
    open: { vkey: text, origin: text.optional() },
    personal: {},
  }),
  'key.revoked': defineEvent({
    about: 'none',
    when: 'An operator said that a key counts for nothing from a moment on, as after a theft; `size` is of the last head before it.',
    open: { vkey: text, from: at, size: count },
    personal: { reason: text },
  }),
  'checkpoint.refused': defineEvent({
    about: 'none',
    when: 'Latchkey did not sign a checkpoint, because the log is not the one that was signed before.',
    open: {},
    personal: { problems: z.array(text) },
  }),
  'evidence.made': defineEvent({
    about: 'either',
    when: 'A bundle of evidence was made of the log.',
    open: { manifest: sha256.optional(), isRedacted: flag.optional(), size: count.optional(), root: sha256.optional() },
    personal: {},
  }),
  'evidence.refused': defineRefusal('A person tried to get evidence that they may not have.', {
    open: {},
    personal: {},
  }),
  'report.due': defineEvent({
    about: 'none',
    when: 'A period is over of which the policy wants a report.',
    open: { report: id, period: code },
    personal: { name: text },
  }),
  'report.made': defineEvent({
    about: 'none',
    when: 'A report of a period was made of the log; `report` is the id of one that made itself.',
    open: { period: code, manifest: sha256, size: count, rows: count, exceptions: count, report: id.optional() },
    personal: {},
  }),
  'report.delivered': defineEvent({
    about: 'none',
    when: 'A report that made itself was brought to a person, a channel or a folder.',
    open: { report: id, period: code, manifest: sha256, way: z.enum(['person', 'channel', 'folder']) },
    personal: { to: text },
  }),
  'report.withdrawn': defineEvent({
    about: 'none',
    when: 'A report that was due was given up, because the policy does not have it any more.',
    open: { report: id, period: code },
    personal: { name: text },
  }),
  'report.refused': defineRefusal('A person tried to get a report that they may not have.', {
    open: {},
    personal: {},
  }),
  'campaign.started': defineEvent({
    about: 'none',
    when: 'A review campaign was started, and its lines were frozen.',
    open: {
      campaign: id,
      what: z.enum(CAMPAIGN_SUBJECTS),
      period: code,
      silence: z.enum(SILENCES),
      withinMs: ms,
      lines: count,
      policy: sha256,
    },
    personal: { name: text },
  }),
  'campaign.decided': defineEvent({
    about: 'none',
    when: 'A reviewer decided on a line of a review campaign.',
    open: { campaign: id, line: id, decision: z.enum(LINE_DECISIONS) },
    personal: { subject: text, note: text.nullable() },
  }),
  'campaign.reminded': defineEvent({
    about: 'none',
    when: 'Reviewers of an open review campaign were reminded.',
    open: { campaign: id, dueAt: at, reminders: count },
    personal: {},
  }),
  'campaign.overdue': defineEvent({
    about: 'none',
    when: 'A review campaign had undecided lines at its deadline, and the admins may decide on them, too.',
    open: { campaign: id, dueAt: at, reminders: count },
    personal: { name: text.optional() },
  }),
  'campaign.closed': defineEvent({
    about: 'none',
    when: 'Each line of a review campaign was decided, or its deadline kept the rest.',
    open: { campaign: id, undecided: count, bySilence: count },
    personal: { name: text.optional() },
  }),
  'campaign.refused': defineRefusal('A person tried to decide on a line of a review that is not theirs to decide.', {
    open: { campaign: id, line: id },
    personal: {},
  }),
  'advice.refused': defineRefusal('A person who is no admin tried to get the advice of reviews.', {
    open: {},
    personal: {},
  }),
  'record.erased': defineEvent({
    about: 'none',
    when: 'Personal parts of old events were erased; their commitments stay.',
    open: {
      throughSeq: count,
      batch: id.optional(),
      outcome: code.optional(),
      ground: code.optional(),
      before: at.optional(),
      retentionMs: ms.optional(),
    },
    personal: {},
  }),
  'statements.erased': defineEvent({
    about: 'none',
    when: 'Recorded statements were erased after the retention; their digests stay.',
    open: { before: at, retentionMs: ms, segments: count, grants: count },
    personal: {},
  }),
  'sink.parked': defineEvent({
    about: 'none',
    when: 'A sink does not take these events; they are parked, and what comes after them is sent.',
    open: { sink: text, fromSeq: count, toSeq: count },
    personal: { why: text },
  }),
  'sink.paused': defineEvent({
    about: 'none',
    when: 'A sink refuses the credentials or wants no more events; it is tried every ten minutes.',
    open: { sink: text },
    personal: { why: text },
  }),
  'day.closed': defineEvent({
    about: 'none',
    when: 'A day in UTC was over: which numbers are of it, how many events of each type, and which grants.',
    open: {
      day: text,
      firstSeq: count,
      lastSeq: count,
      events: z.record(code, count),
      openGrants: count,
      grants: count,
      grantsRoot: sha256,
    },
    personal: {},
  }),
};
