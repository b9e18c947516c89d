/** The list `audit.publish` of `latchkey.yml`: where the signed head of the log is kept. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { Place } from '../domain/policy/audit-settings.ts';
import { parseDuration } from '../domain/time/durations.ts';
import { isLocalHttp } from '../lib/local-http.ts';
import { parseVkey } from '../lib/transparency/note.ts';
import { CHANNEL, duration } from './policy-values.ts';

const URL_MAX = 500;
const DAY_MS = 86_400_000;
const DEFAULT_BRANCH = 'checkpoints';
export const DEFAULT_PREFIX = 'latchkey/';
const DEFAULT_LOCK = '400d';

const isPlainUrl = (text: string): boolean => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const { protocol, search, hash, username, password } = url;
  const isPlain = search === '' && hash === '' && username === '' && password === '';
  return isPlain && (protocol === 'https:' || isLocalHttp(url));
};

/** Plain HTTP on loopback alone. */
export const address = z
  .string('must be an address')
  .max(URL_MAX, `is longer than ${URL_MAX} characters`)
  .refine(isPlainUrl, 'must be an address that starts with https:// (http:// on loopback only), without a query');

const witness = z.union(
  [
    address,
    z.strictObject({
      url: address,
      key: z
        .string('must be the verifier key of the witness')
        .refine((text) => parseVkey(text) !== null, 'must be a verifier key, as `latchkey witness serve` prints it'),
    }),
  ],
  'must be an address, or { url, key }',
);

/** `https://…`, `ssh://…`, `git@host:path` or a folder; no address with a password, which a list of processes would show. */
const isRepository = (text: string): boolean =>
  isAbsolute(text) ||
  /^[\w.-]{1,64}@[\w.-]+:[^\s:-][^\s:]*$/.test(text) ||
  (URL.canParse(text) && ['https:', 'ssh:'].includes(new URL(text).protocol) && new URL(text).password === '');

const git = z.strictObject(
  {
    url: z
      .string('must be the address of a repository')
      .max(URL_MAX, `is longer than ${URL_MAX} characters`)
      .refine(
        isRepository,
        'must be https://…, ssh://…, git@host:path or the whole path of a folder, without a password',
      ),
    branch: z
      .string('must be the name of a branch')
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_./-]{0,99}$/, 'must be the name of a branch')
      .refine(
        (text) => !text.includes('..') && !text.endsWith('.lock') && !text.endsWith('/'),
        'must be the name of a branch',
      )
      .optional(),
  },
  'must be { url: git@git.acme.test:audit/checkpoints.git }',
);

export const s3Bucket = {
  bucket: z
    .string('must be the name of a bucket')
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket'),
  region: z.string('must be a region').regex(/^[a-z0-9-]{2,40}$/, 'must be a region, as eu-central-1'),
  prefix: z
    .string('must be the beginning of the names')
    .regex(
      /^(?:[A-Za-z0-9_.-]{1,100}\/){0,8}$/,
      'must be as latchkey/prod/ with letters, digits, _ . - and a / at its end',
    )
    .optional(),
  endpoint: address.optional(),
};

const s3 = z.strictObject(
  {
    ...s3Bucket,
    lock: z.enum(['compliance', 'governance', 'none'], 'must be compliance, governance or none').optional(),
    for: duration.refine((text) => parseDuration(text) >= DAY_MS, 'must be 1d or more').optional(),
  },
  'must be { bucket: acme-audit, region: eu-central-1 }',
);

export const place = z.union(
  [
    z.strictObject({
      slack: z.string('must be a channel').regex(CHANNEL, 'must be a channel as "#name" (in quotes) or its id (C…)'),
    }),
    z.strictObject({
      file: z.string('must be a folder').refine(isAbsolute, 'must be the whole path of a folder, from / on'),
    }),
    z.strictObject({ s3 }),
    z.strictObject({ git }),
    z.strictObject({ witness }),
    z.strictObject({ tsa: address }),
  ],
  'must be { slack: "#channel" }, { file: /folder }, { s3: { bucket, region } }, { git: { url } }, { witness: https://… } or { tsa: https://… }',
);

type Shape = z.infer<typeof place>;

const s3Of = ({ s3: of }: Extract<Shape, { s3: object }>): Place => {
  const { bucket, region, prefix = DEFAULT_PREFIX, endpoint = null, lock = 'compliance' } = of;
  const mode = lock === 'governance' ? 'GOVERNANCE' : 'COMPLIANCE';
  const locked = lock === 'none' ? null : ({ mode, forMs: parseDuration(of.for ?? DEFAULT_LOCK) } as const);
  return { kind: 's3', bucket, region, prefix, endpoint, lock: locked };
};

export const placeOf = (shape: Shape): Place => {
  if ('slack' in shape) return { kind: 'slack', channel: shape.slack };
  if ('file' in shape) return { kind: 'file', folder: shape.file };
  if ('s3' in shape) return s3Of(shape);
  if ('git' in shape) return { kind: 'git', url: shape.git.url, branch: shape.git.branch ?? DEFAULT_BRANCH };
  if ('tsa' in shape) return { kind: 'tsa', url: shape.tsa };
  const { witness: of } = shape;
  return { kind: 'witness', ...(typeof of === 'string' ? { url: of, key: null } : of) };
};
