/** Calls to a bucket of S3, or of a service that speaks the same: signed, with a time-out, and what an answer says. */
import { AwsClient } from 'aws4fetch';
import { boundedText } from './bounded-text.ts';

const TIMEOUT_MS = 20_000;
const ANSWER_MAX = 16 * 1024 * 1024;

export type Bucket = { bucket: string; region: string; prefix: string; endpoint: string | null };
type Keys = { accessKeyId: string; secretAccessKey: string; sessionToken: string | null };
export type BucketWithKeys = Bucket & { keys: Keys | null };

export type S3Answer = { status: number; text: string };
type Call = { method: 'GET' | 'PUT'; path: string; headers?: Record<string, string>; body?: string };

const rootOf = ({ endpoint, bucket, region }: Bucket): string =>
  endpoint === null ? `https://${bucket}.s3.${region}.amazonaws.com` : `${endpoint.replace(/\/+$/, '')}/${bucket}`;

const whyOf = (error: unknown): string =>
  error instanceof Error ? (error.cause instanceof Error ? error.cause.message : error.message) : 'no answer';

/** @throws Error with a sentence where there are no keys, or no answer. */
export const callBucket = async (
  settings: BucketWithKeys,
  { method, path, headers = {}, body }: Call,
): Promise<S3Answer> => {
  const { keys, region, bucket } = settings;
  if (!keys)
    throw new Error(`There are no keys for the bucket ${bucket}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`);
  const { sessionToken, ...pair } = keys;
  const client = new AwsClient({ ...pair, ...(sessionToken !== null && { sessionToken }), service: 's3', region });
  const signed = await client.sign(`${rootOf(settings)}${path}`, {
    method,
    headers,
    ...(body !== undefined && { body }),
  });
  try {
    const response = await fetch(signed, { redirect: 'error', signal: AbortSignal.timeout(TIMEOUT_MS) });
    return { status: response.status, text: await boundedText(response.body, ANSWER_MAX) };
  } catch (error) {
    throw new Error(`The bucket ${bucket} cannot be reached (${whyOf(error)}).`, { cause: error });
  }
};

/** For elements whose values are plain: names are ours, and version ids have no characters that XML escapes. */
export const valueIn = (xml: string, element: string): string | null =>
  new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1] ?? null;

/** The code of a refusal, as `NoSuchBucket`. */
export const codeIn = ({ status, text }: S3Answer): string => valueIn(text, 'Code') ?? `status ${status}`;

/** Of an object, as an address has it. */
export const pathOf = (key: string): string => `/${key.split('/').map(encodeURIComponent).join('/')}`;
