/**
 * A bucket: events as lines of JSON in objects that are named by their first and last number, and by the hash of the last, which covers all
 * before it: an object that is written again has the same events, also where two logs share a bucket, or a database was restored.
 */
import { createHash } from 'node:crypto';
import type { Outcome } from '../application/evidence/deliver-events.ts';
import type { SealedRecord } from '../domain/audit/events.ts';
import { callBucket, codeIn, pathOf } from '../lib/s3.ts';
import type { BucketWithKeys } from '../lib/s3.ts';

/** Not an object for each look at the log, and none that is large. */
export const S3_GATHERED = { batch: 1_000, gatherMs: 60_000 };

/** So that names sort as numbers do. */
const DIGITS = 15;
const numbered = (seq: number): string => String(seq).padStart(DIGITS, '0');

const HASH_LETTERS = 16;

const LATER = new Set([408, 409, 429]);

const outcomeOf = (status: number, why: string): Outcome => {
  if (status === 200) return { kind: 'taken' };
  const isOurs = status >= 300 && status < 500 && !LATER.has(status);
  return isOurs ? { kind: 'closed', why } : { kind: 'later', why, afterMs: null };
};

export const sendS3 =
  (bucket: BucketWithKeys, line: (event: SealedRecord) => string) =>
  async (events: readonly SealedRecord[]): Promise<Outcome> => {
    const [first, last] = [events[0], events.at(-1)];
    if (!first || !last) return { kind: 'taken' };
    const body = events.map((event) => `${line(event)}\n`).join('');
    const name = `${numbered(first.seq)}-${numbered(last.seq)}-${last.hash.slice(0, HASH_LETTERS)}.jsonl`;
    const path = pathOf(`${bucket.prefix}events/${name}`);
    const headers = {
      'content-type': 'application/x-ndjson',
      // A bucket that locks what it is given demands it.
      'content-md5': createHash('md5').update(body).digest('base64'),
    };
    try {
      const answer = await callBucket(bucket, { method: 'PUT', path, headers, body });
      return outcomeOf(answer.status, `The bucket ${bucket.bucket} does not take events (${codeIn(answer)})`);
    } catch (error) {
      return { kind: 'later', why: error instanceof Error ? error.message : 'no answer', afterMs: null };
    }
  };
