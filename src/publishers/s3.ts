/**
 * A bucket with Object Lock: each checkpoint is an object of its own that cannot be deleted or overwritten until its date. With the same
 * key somebody could put a newer version over it, so the oldest version of each is what counts.
 */
import { createHash } from 'node:crypto';
import type { Held, Publisher, StoredCheckpoint } from '../application/evidence/evidence-ports.ts';
import { callBucket, codeIn, pathOf, valueIn } from '../lib/s3.ts';
import type { Bucket, BucketWithKeys, S3Answer } from '../lib/s3.ts';
import { checkpointName, isCheckpointName } from './checkpoint-name.ts';

const PAGES_MAX = 1_000;
const EXISTS = 412;

/** `lock` is null for a bucket without Object Lock. */
type Settings = BucketWithKeys & { lock: { mode: 'COMPLIANCE' | 'GOVERNANCE'; forMs: number } | null };

const demand = (answer: S3Answer, { bucket }: Bucket, what: string): void => {
  if (answer.status === 200) return;
  throw new Error(
    `The bucket ${bucket} does not ${what} (${codeIn(answer)}); give the keys s3:PutObject, s3:PutObjectRetention, s3:GetObjectVersion and s3:ListBucketVersions there.`,
  );
};

const put = async (settings: Settings, checkpoint: StoredCheckpoint): Promise<void> => {
  const { lock, prefix } = settings;
  const body = checkpoint.note;
  const locked = lock && {
    'x-amz-object-lock-mode': lock.mode,
    'x-amz-object-lock-retain-until-date': new Date(Date.now() + lock.forMs).toISOString(),
  };
  const headers = {
    'content-type': 'text/plain; charset=utf-8',
    // S3 demands it where an object is locked.
    'content-md5': createHash('md5').update(body).digest('base64'),
    'if-none-match': '*',
    ...locked,
  };
  const path = pathOf(`${prefix}${checkpointName(checkpoint)}`);
  const answer = await callBucket(settings, { method: 'PUT', path, headers, body });
  if (answer.status !== EXISTS) demand(answer, settings, 'take a checkpoint');
};

type Version = { key: string; version: string };

const versionsIn = (xml: string): Version[] =>
  [...xml.matchAll(/<Version>([\s\S]*?)<\/Version>/g)].flatMap(([, inner = '']) => {
    const [key, version] = [valueIn(inner, 'Key'), valueIn(inner, 'VersionId')];
    return key !== null && version !== null ? [{ key, version }] : [];
  });

/** The oldest of each, which stands last of its versions; deletion marks change nothing. */
const oldest = async (settings: Settings): Promise<Version[]> => {
  const found = new Map<string, Version>();
  let markers = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    // In the order of the alphabet, as the signature has them.
    const path = `/?${markers}prefix=${encodeURIComponent(settings.prefix)}&versions=`;
    const answer = await callBucket(settings, { method: 'GET', path });
    demand(answer, settings, 'list its versions');
    for (const one of versionsIn(answer.text))
      if (isCheckpointName(one.key.slice(settings.prefix.length))) found.set(one.key, one);
    const [key, version] = [valueIn(answer.text, 'NextKeyMarker'), valueIn(answer.text, 'NextVersionIdMarker')];
    if (valueIn(answer.text, 'IsTruncated') !== 'true' || key === null) break;
    markers = `key-marker=${encodeURIComponent(key)}&version-id-marker=${encodeURIComponent(version ?? '')}&`;
  }
  return [...found.values()].toSorted((a, b) => (a.key < b.key ? -1 : 1));
};

const read = async (settings: Settings, { key, version }: Version): Promise<Held> => {
  const path = `${pathOf(key)}?versionId=${encodeURIComponent(version)}`;
  const answer = await callBucket(settings, { method: 'GET', path });
  demand(answer, settings, `give ${key}`);
  return { text: answer.text, source: `s3://${settings.bucket}/${key}` };
};

export const s3Publisher = (settings: Settings): Publisher => ({
  name: `s3:${settings.bucket}/${settings.prefix}`,
  kind: 's3',
  vkey: null,
  takesEach: true,
  put: async (checkpoint) => {
    await put(settings, checkpoint);
    return { signatures: '' };
  },
  held: async (wanted) => {
    const all = await oldest(settings);
    const made: Held[] = [];
    for (const one of wanted === 'all' ? all : all.slice(-1)) made.push(await read(settings, one));
    return made;
  },
});
