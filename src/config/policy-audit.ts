/** The section `audit` of `latchkey.yml`: the log's name, how often its head is signed, and where that is published. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { AuditSettings, Place } from '../domain/policy/types.ts';
import { isKeyName, parseVkey } from '../lib/transparency/note.ts';
import { CHANNEL, duration } from './policy-values.ts';
import { parseDuration } from '../domain/time/durations.ts';

const ORIGIN_MAX = 200;
const URL_MAX = 500;
const MINUTE_MS = 60_000;

const isLoopback = (host: string): boolean => ['127.0.0.1', '[::1]', 'localhost'].includes(host);

const isWitnessUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash, username } = new URL(text);
  const isPlain = search === '' && hash === '' && username === '';
  return isPlain && (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname)));
};

const url = z
  .string('must be an address')
  .max(URL_MAX, `is longer than ${URL_MAX} characters`)
  .refine(isWitnessUrl, 'must be an address that starts with https:// (http:// on loopback only), without a query');

const witness = z.union(
  [
    url,
    z.strictObject({
      url,
      key: z
        .string('must be the verifier key of the witness')
        .refine((text) => parseVkey(text) !== null, 'must be a verifier key, as `latchkey witness serve` prints it'),
    }),
  ],
  'must be an address, or { url, key }',
);

const place = z.union(
  [
    z.strictObject({
      slack: z.string('must be a channel').regex(CHANNEL, 'must be a channel as "#name" (in quotes) or its id (C…)'),
    }),
    z.strictObject({
      file: z.string('must be a folder').refine(isAbsolute, 'must be the whole path of a folder, from / on'),
    }),
    z.strictObject({ witness }),
  ],
  'must be { slack: "#channel" }, { file: /folder } or { witness: https://… }; no other place is built yet',
);

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
  },
  'must be as { origin: latchkey.acme.test/prod, publish: [{ slack: "#audit" }] }',
);

const DEFAULT_CHECKPOINT = '1h';

const placeOf = (shape: z.infer<typeof place>): Place => {
  if ('slack' in shape) return { kind: 'slack', channel: shape.slack };
  if ('file' in shape) return { kind: 'file', folder: shape.file };
  const { witness: of } = shape;
  return { kind: 'witness', ...(typeof of === 'string' ? { url: of, key: null } : of) };
};

export const buildAudit = (shape: z.infer<typeof auditSection> | undefined): AuditSettings | null =>
  shape
    ? {
        origin: shape.origin,
        checkpointMs: parseDuration(shape.checkpoint ?? DEFAULT_CHECKPOINT),
        publish: (shape.publish ?? []).map(placeOf),
      }
    : null;
