/** Events of the log itself: its keys, its checkpoints, evidence made of it, and what was erased from it. */
import { z } from 'zod';
import { code, count, defineEvent, defineRefusal, flag, id, sha256, text } from '../define-event.ts';

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
  'record.erased': defineEvent({
    about: 'none',
    when: 'Personal parts of old events were erased; their commitments stay.',
    open: { throughSeq: count, batch: id.optional(), outcome: code.optional() },
    personal: {},
  }),
};
