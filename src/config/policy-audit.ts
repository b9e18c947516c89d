/** The section `audit` of `latchkey.yml`: the log's name, how often its head is signed, and where that is published. */
import { z } from 'zod';
import type { AuditSettings } from '../domain/policy/audit-settings.ts';
import { isKeyName } from '../lib/transparency/note.ts';
import { place, placeOf } from './policy-audit-places.ts';
import { reports, reportsOf } from './policy-audit-reports.ts';
import { sinks, sinksOf } from './policy-audit-sinks.ts';
import { duration } from './policy-values.ts';
import { parseDuration } from '../domain/time/durations.ts';

const ORIGIN_MAX = 200;
const MINUTE_MS = 60_000;

const DAY_MS = 86_400_000;

export const auditSection = z.strictObject(
  {
    origin: z
      .string('must be the name of this log')
      .min(1, 'is empty; write a name such as latchkey.acme.test/prod')
      .max(ORIGIN_MAX, `is longer than ${ORIGIN_MAX} characters`)
      .refine(isKeyName, 'must hold no space and no +, as latchkey.acme.test/prod'),
    checkpoint: duration
      .refine((text) => parseDuration(text) >= MINUTE_MS, 'must be 1m or more; evidence is signed at once in any case')
      .optional(),
    publish: z
      .array(place, 'must be a list of places, as [{ file: /var/lib/latchkey/checkpoints }]')
      .max(20)
      .optional(),
    sinks: sinks.optional(),
    reports: reports.optional(),
    retention: duration
      .refine(
        (text) => parseDuration(text) >= DAY_MS,
        'must be 1d or more; auditors usually want a year and more, as 400d',
      )
      .optional(),
  },
  'must be as { origin: latchkey.acme.test/prod, publish: [{ slack: "#audit" }] }',
);

const DEFAULT_CHECKPOINT = '1h';

export const buildAudit = (shape: z.infer<typeof auditSection> | undefined): AuditSettings | null =>
  shape
    ? {
        origin: shape.origin,
        checkpointMs: parseDuration(shape.checkpoint ?? DEFAULT_CHECKPOINT),
        publish: (shape.publish ?? []).map(placeOf),
        sinks: sinksOf(shape.sinks ?? {}),
        reports: reportsOf(shape.reports ?? []),
        retentionMs: shape.retention === undefined ? null : parseDuration(shape.retention),
      }
    : null;
