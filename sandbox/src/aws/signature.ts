/** Signature version 4, checked as AWS checks it. docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

const SKEW_MS = 5 * 60_000;
const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const strict = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

export type Signed = { id: string; service: string; region: string; token: string | null };
export type Codes = { noToken: string; mismatch: string; unknown: string; expired: string };

const canonical = ({ method = '', url = '', headers }: IncomingMessage, body: string, names: string): string => {
  const { pathname, searchParams } = new URL(url, 'http://aws');
  const query = [...searchParams]
    .map(([key, value]) => `${strict(key)}=${strict(value)}`)
    .toSorted()
    .join('&');
  const lines = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  return [method, pathname, query, lines.join(''), names, sha(body)].join('\n');
};

/** Who says to have signed it; `secretOf` knows the secret of a key, or null. */
export const verify = (
  request: IncomingMessage,
  body: string,
  { codes, secretOf, now }: { codes: Codes; secretOf: (id: string) => string | null; now: Date },
): Signed => {
  const { headers } = request;
  const found = AUTHORIZATION.exec(headers.authorization ?? '');
  if (!found) throw new Refusal(403, codes.noToken, 'Request is missing Authentication Token');
  const [, id = '', date = '', region = '', service = '', names = '', signature = ''] = found;
  const at = String(headers['x-amz-date']);
  const iso = at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  if (!at.startsWith(date) || !(Math.abs(now.getTime() - Date.parse(iso)) < SKEW_MS))
    throw new Refusal(403, codes.mismatch, `Signature expired: ${at} is not within 5 minutes of ${now.toISOString()}`);
  const needed = ['host', ...Object.keys(headers).filter((name) => name.startsWith('x-amz-'))];
  if (needed.some((name) => !names.split(';').includes(name)))
    throw new Refusal(403, codes.mismatch, 'Headers that must be signed are not');
  const secret = secretOf(id);
  if (secret === null) throw new Refusal(403, codes.unknown, 'The security token included in the request is invalid.');
  const toSign = [
    'AWS4-HMAC-SHA256',
    at,
    `${date}/${region}/${service}/aws4_request`,
    sha(canonical(request, body, names)),
  ];
  const key = [region, service, 'aws4_request'].reduce((made, part) => hmac(made, part), hmac(`AWS4${secret}`, date));
  if (hmac(key, toSign.join('\n')).toString('hex') !== signature)
    throw new Refusal(
      403,
      codes.mismatch,
      'The request signature we calculated does not match the signature you provided.',
    );
  const token = headers['x-amz-security-token'];
  return { id, service, region, token: typeof token === 'string' ? token : null };
};
