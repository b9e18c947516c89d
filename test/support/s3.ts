/**
 * A bucket as S3 serves it, versioned and with Object Lock. It checks signature version 4 by itself, wants a checksum where an object is
 * locked, keeps every version, and deletes none that is locked.
 */
import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

const ID = 'AKIATEST';
const SECRET = 'secret/of+the/test';
const REGION = 'eu-central-1';

type Version = { id: string; body: string; mode: string | null; until: string | null };
type Reply = { status: number; body: string };

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');
const error = (status: number, code: string): Reply => ({ status, body: `<Error><Code>${code}</Code></Error>` });
const strict = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

const signatureProblem = ({ method = '', url = '', headers }: IncomingMessage, body: string): Reply | null => {
  const auth =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (!auth) return error(403, 'AccessDenied');
  const [, id = '', date = '', region = '', names = '', signature = ''] = auth;
  const at = String(headers['x-amz-date']);
  if (id !== ID) return error(403, 'InvalidAccessKeyId');
  if (region !== REGION) return error(400, 'AuthorizationHeaderMalformed');
  const iso = at.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
  if (!(Math.abs(Date.now() - Date.parse(iso)) < 900_000)) return error(403, 'RequestTimeTooSkewed');
  const { pathname, searchParams } = new URL(url, 'http://s3');
  const query = [...searchParams]
    .map(([key, value]) => `${strict(key)}=${strict(value)}`)
    .toSorted()
    .join('&');
  const signed = names.split(';');
  if (!signed.includes('host')) return error(403, 'AccessDenied');
  // Every header of Amazon's own has to be signed.
  if (Object.keys(headers).some((name) => name.startsWith('x-amz-') && !signed.includes(name)))
    return error(403, 'AccessDenied');
  const payload = String(headers['x-amz-content-sha256']);
  if (payload !== 'UNSIGNED-PAYLOAD' && payload !== sha(body)) return error(400, 'XAmzContentSHA256Mismatch');
  const lines = signed.map((name) => `${name}:${String(headers[name]).trim()}\n`).join('');
  const canonical = [method, pathname, query, lines, names, payload].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', at, `${date}/${region}/s3/aws4_request`, sha(canonical)].join('\n');
  const key = ['s3', 'aws4_request'].reduce(
    (made, part) => hmac(made, part),
    hmac(hmac(`AWS4${SECRET}`, date), region),
  );
  return hmac(key, toSign).toString('hex') === signature ? null : error(403, 'SignatureDoesNotMatch');
};

const keyOf = (url: string): string => decodeURIComponent(new URL(url, 'http://s3').pathname).replace(/^\/[^/]+\//, '');

export type S3Server = {
  settings: {
    bucket: string;
    region: string;
    endpoint: string;
    keys: { accessKeyId: string; secretAccessKey: string; sessionToken: null };
  };
  versions: Map<string, Version[]>;
  /** Answers every call so, as a bucket whose account is suspended or a service that is down; null goes back to normal. */
  answerAll(reply: Reply | null): void;
  stop(): Promise<void>;
};

const put = (versions: Map<string, Version[]>, { url = '', headers }: IncomingMessage, body: string): Reply => {
  const key = keyOf(url);
  const before = versions.get(key) ?? [];
  const mode = headers['x-amz-object-lock-mode'];
  const until = headers['x-amz-object-lock-retain-until-date'];
  if (mode && headers['content-md5'] !== createHash('md5').update(body).digest('base64'))
    return error(400, 'InvalidRequest');
  if (mode && !(Date.parse(String(until)) > Date.now())) return error(400, 'InvalidArgument');
  if (headers['if-none-match'] === '*' && before.length > 0) return error(412, 'PreconditionFailed');
  const version = {
    id: `v${before.length + 1}`,
    body,
    mode: mode ? String(mode) : null,
    until: until ? String(until) : null,
  };
  versions.set(key, [...before, version]);
  return { status: 200, body: '' };
};

/** Two a page, so that pages are read. */
const PAGE = 2;

const list = (versions: Map<string, Version[]>, query: URLSearchParams): Reply => {
  const prefix = query.get('prefix') ?? '';
  const all = [...versions].filter(([key]) => key.startsWith(prefix)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  // As S3 has them: by key, the newest version first.
  const flat = all.flatMap(([key, made]) => made.toReversed().map(({ id }) => ({ key, id })));
  const marker = flat.findIndex(
    ({ key, id }) => key === query.get('key-marker') && id === query.get('version-id-marker'),
  );
  const page = flat.slice(marker + 1, marker + 1 + PAGE);
  const last = page.at(-1);
  const isCut = marker + 1 + PAGE < flat.length;
  const next =
    isCut && last
      ? `<NextKeyMarker>${last.key}</NextKeyMarker><NextVersionIdMarker>${last.id}</NextVersionIdMarker>`
      : '';
  const rows = page.map(({ key, id }) => `<Version><Key>${key}</Key><VersionId>${id}</VersionId></Version>`).join('');
  return {
    status: 200,
    body: `<ListVersionsResult><IsTruncated>${isCut}</IsTruncated>${next}${rows}</ListVersionsResult>`,
  };
};

const get = (versions: Map<string, Version[]>, { url = '' }: IncomingMessage): Reply => {
  const query = new URL(url, 'http://s3').searchParams;
  if (query.has('versions')) return list(versions, query);
  const made = versions.get(keyOf(url)) ?? [];
  const found = query.has('versionId') ? made.find(({ id }) => id === query.get('versionId')) : made.at(-1);
  return found ? { status: 200, body: found.body } : error(404, 'NoSuchKey');
};

export const startS3 = async (): Promise<S3Server> => {
  const versions = new Map<string, Version[]>();
  let always: Reply | null = null;
  const answer = (request: IncomingMessage, body: string): Reply =>
    always ??
    signatureProblem(request, body) ??
    (request.method === 'PUT' ? put(versions, request, body) : get(versions, request));
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { status, body } = answer(request, Buffer.concat(parts).toString('utf8'));
      response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    settings: {
      bucket: 'acme-audit',
      region: REGION,
      endpoint,
      keys: { accessKeyId: ID, secretAccessKey: SECRET, sessionToken: null },
    },
    versions,
    answerAll: (reply) => (always = reply),
    stop: () => new Promise((resolve) => void server.close(() => resolve())),
  };
};
