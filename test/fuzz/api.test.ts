/** The API of clients over HTTP, with the real door and real tokens: sessions, requests, credentials, heartbeats, and keys of calls. */
import { createServer, request as send, Agent } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, SignJWT } from 'jose';
import fc from 'fast-check';
import { afterAll, beforeAll, describe } from 'vitest';
import { githubClaims, gitlabClaims } from '../../sandbox/src/issuer/claims.ts';
import { makeKey } from '../../sandbox/src/issuer/issuer.ts';
import type { IssuerKey } from '../../sandbox/src/issuer/issuer.ts';
import { DomainError } from '../../src/domain/errors.ts';
import type { ClientJob, IssuerKind } from '../../src/domain/principals/client.ts';
import type { Policy } from '../../src/domain/policy/types.ts';
import { createApi } from '../../src/http/api/v1/app.ts';
import type { ApiVerbs } from '../../src/http/api/v1/routes.ts';
import { clientSessionOf } from '../../src/http/auth/login.ts';
import type { IssuerKeys } from '../../src/http/auth/issuer-keys.ts';
import { createSessions } from '../../src/http/auth/session.ts';
import { createLog } from '../../src/lib/log.ts';
import { policyOf } from '../domain/policy/made.ts';
import { AUDIENCE, entry } from '../http/auth/token-rig.ts';
import { forgetfulReplays } from '../support/replays.ts';
import { canBeStored, claim, saysNothingOfTheInside } from './claims.ts';
import { fuzz } from './door.ts';
import { jsonLike, textsLike } from './texts.ts';

const URLS = { github: 'https://token.actions.githubusercontent.com', gitlab: 'https://gitlab.acme.test' };
const issuerOf = (kind: 'github' | 'gitlab') => ({ name: kind, kind, url: URLS[kind], keysFile: null });
const policy: Policy = policyOf([], {
  issuers: { github: issuerOf('github'), gitlab: issuerOf('gitlab') },
  clients: {
    hub: entry('hub', { issuer: 'github', repository: { id: '456789', name: null }, environment: 'production' }),
    lab: entry('lab', { issuer: 'gitlab', project: { id: '77', name: null }, environment: 'production' }),
  },
});
const CLAIMS = {
  github: githubClaims({ iss: URLS.github, aud: AUDIENCE }),
  gitlab: gitlabClaims({ iss: URLS.gitlab, aud: AUDIENCE }),
};
const sessions = createSessions([Buffer.alloc(32, 7)]);
const log = createLog('silent');

let key: IssuerKey;
let other: IssuerKey;
let server: Server;
let port = 0;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

/** What reached a verb: all of it would be written, or looked for, in Postgres. */
let reached = 0;
const notThere = (input: unknown): Promise<never> => {
  reached += 1;
  canBeStored(input);
  return Promise.reject(new DomainError('request_not_found', {}));
};
const verbs: ApiVerbs = {
  createRequest: notThere,
  ownRequest: notThere,
  cancel: notThere,
  showCredentials: notThere,
  end: notThere,
  heartbeat: notThere,
  waitingFor: () => Promise.resolve([]),
  messageUrl: () => Promise.resolve(null),
  grantsOf: (caller) => {
    canBeStored(caller);
    return Promise.resolve([]);
  },
};

beforeAll(async () => {
  [key, other] = await Promise.all([makeKey(), makeKey()]);
  const keySet = createLocalJWKSet({ keys: [key.jwk] });
  const keys: IssuerKeys = { keyFor: () => keySet };
  const auth = { policy: () => policy, publicUrl: AUDIENCE, keys, sessions, replays: forgetfulReplays, log };
  const handle = createApi({
    auth: { ...auth, now: () => Promise.resolve(new Date()), rarely: () => undefined },
    verbs,
    waiting: { change: () => Promise.resolve(), poke: () => undefined, stop: () => undefined },
    version: '1.0.0',
    log,
  });
  server = createServer((incoming, outgoing) => void handle(incoming, outgoing));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  port = (server.address() as AddressInfo).port;
});
afterAll(() => {
  agent.destroy();
  server.closeAllConnections();
  server.close();
});

type Sent = { method: string; path: string; body?: string; headers?: Record<string, string> };
type Answered = { status: number; body: Record<string, unknown> };

/** What HTTP can carry: a client writes no line breaks into a header, and no blanks into an address. */
const inHeader = (text: string): string => text.replaceAll(/[^\x20-\x7e\xa0-\xff]/g, '?');
const inPath = (text: string): string =>
  text.replaceAll(/[^\x21-\x7e]/gu, (char) => (/\p{Cs}/u.test(char) ? '%ff' : encodeURIComponent(char)));

const call = ({ method, path, body, headers = {} }: Sent): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const made = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, inHeader(value)]));
    const sent = send({ port, host: '127.0.0.1', method, path: inPath(path), agent, headers: made }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => (text += part));
      answer.on('end', () => {
        const isJson = text !== '' && answer.headers['content-type']?.includes('json') === true;
        resolve({
          status: answer.statusCode ?? 0,
          body: isJson ? (JSON.parse(text) as Record<string, unknown>) : { text },
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });

let jobs = 0;
/** Each of a job of its own: one may make so many calls a minute. */
const session = (): string => {
  jobs += 1;
  const [client, issuer] = [policy.clients['hub'], policy.issuers['github']];
  if (!client || !issuer) throw new Error('no client');
  const job: ClientJob = {
    ...{ key: `job ${jobs}`, repository: 'acme/api', repositoryId: '456789', ref: 'refs/heads/main', workflow: '' },
    ...{ environment: 'production', event: 'push', run: '1', attempt: 1, sha: 'f00d', actor: 'octo', actorId: '1' },
    ...{ subject: '', runUrl: null },
  };
  const times = { issuedAt: new Date(), tokenEndsAt: new Date(Date.now() + 60_000) };
  return sessions.derive({ client, issuer, job, token: String(jobs), ...times }).session;
};

describe('the API of clients', () => {
  fuzz({
    name: 'tokens for sessions',
    share: 20,
    inputs: fc.record({
      kind: fc.constantFrom('github' as const, 'gitlab' as const),
      changed: fc.nat(5_000),
      claims: fc.oneof(
        jsonLike([JSON.stringify(CLAIMS.github), JSON.stringify(CLAIMS.gitlab)]),
        fc.constantFrom<unknown>(CLAIMS.github, CLAIMS.gitlab),
      ),
      edit: fc.option(textsLike({ seeds: ['', '.', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.'], max: 400 })),
      isOurs: fc.boolean(),
      isWrapped: fc.integer({ min: 0, max: 9 }),
    }),
    run: async ({ claims, edit, isOurs, isWrapped }) => {
      const by = isOurs ? key : other;
      const bytes = Buffer.from(JSON.stringify(claims) ?? 'null');
      const isObject = typeof claims === 'object' && claims !== null && !Array.isArray(claims);
      const signed = isObject
        ? await new SignJWT(claims as Record<string, unknown>)
            .setProtectedHeader({ alg: 'RS256', kid: key.kid })
            .sign(by.privateKey)
        : `eyJhbGciOiJSUzI1NiJ9.${bytes.toString('base64url')}.AAAA`;
      const token = edit === null ? signed : `${signed.slice(0, signed.length - edit.length)}${edit}`;
      const body = JSON.stringify(isWrapped === 0 ? token : { token });
      const { status, body: answer } = await call({ method: 'POST', path: '/api/v1/sessions', body });
      claim([201, 400, 401, 429]).toContain(status);
      saysNothingOfTheInside(answer, body);
      if (status !== 201) return;
      claim([isOurs, isObject]).toEqual([true, true]);
      const opened = sessions.open(String(answer['session']), { policy, now: new Date() });
      if (!opened) throw new Error('a session that was given is none');
      canBeStored(clientSessionOf(opened, policy));
      const kinds: Record<string, IssuerKind> = { hub: 'github', lab: 'gitlab' };
      claim(opened.issuer.kind).toBe(kinds[String(answer['client'])]);
    },
  });

  const REQUESTS = [
    { role: 'orders-db/read', for: '30m', reason: 'migration', ticket: 'OPS-1', starts: '2026-12-01T10:00:00Z' },
    { role: 'orders-db/write', for: '1h', reason: 'repair', window: 'night' },
    { public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH8 ada' },
    {},
  ].map((one) => JSON.stringify(one));
  const PATHS = [
    ...['/requests', '/requests/01hzyx', '/requests/01hzyx/credentials', '/requests/01hzyx/cancel', '/grants?mine'],
    ...['/grants/01hzyx/heartbeat', '/grants/01hzyx?exit=3', '/requests/01hzyx?wait=0&version=2', '/openapi.json'],
  ];
  const PIECES = ['%00', '%ff', '%2f', '..', '//', '?mine', '&wait=1e9', '&version=-1', '%E2%80%AE', '%ED%A0%80'];

  fuzz({
    name: 'calls with a session',
    share: 25,
    inputs: fc.record({
      method: fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'HEAD'),
      path: fc.oneof(fc.constantFrom(...PATHS), textsLike({ seeds: PATHS, words: PIECES, max: 600 })),
      body: fc.oneof(
        jsonLike(REQUESTS).map((value) => JSON.stringify(value) ?? ''),
        textsLike({ seeds: REQUESTS }),
      ),
      keyed: fc.option(textsLike({ seeds: ['attempt-1'], max: 260 })),
    }),
    run: async ({ method, path, body, keyed }) => {
      const headers = { authorization: `Bearer ${session()}`, ...(keyed !== null && { 'idempotency-key': keyed }) };
      const isBodied = method === 'POST' || method === 'PUT';
      const at = `/api/v1/${path.replace(/^\/+/, '')}`;
      const { status, body: answer } = await call({ method, path: at, headers, ...(isBodied && { body }) });
      claim(status).toBeLessThan(500);
      saysNothingOfTheInside(answer, body + path);
    },
  });

  fuzz({
    name: 'sessions that are none',
    share: 15,
    inputs: fc.record({
      at: fc.nat(2_000),
      piece: textsLike({ seeds: ['a', '.', 'lks1.', '='], max: 60 }),
      length: fc.nat(4),
      scheme: fc.constantFrom('Bearer ', 'bearer ', 'Bearer  ', 'Basic ', 'Bearer', ''),
    }),
    run: async ({ at, piece, length, scheme }) => {
      const good = session();
      const place = at % (good.length + 1);
      const changed = good.slice(0, place) + piece + good.slice(place + length);
      const before = reached;
      const headers = { authorization: `${scheme}${changed}` };
      const { status, body } = await call({ method: 'GET', path: '/api/v1/requests/01hzyx', headers });
      saysNothingOfTheInside(body, piece);
      if (status === 401) return claim(reached).toBe(before);
      // What is read as the same bytes is the same session.
      const sent = sessions.open(inHeader(changed).trim(), { policy, now: new Date() });
      claim([status, sent?.job.key]).toEqual([404, `job ${jobs}`]);
    },
  });
});
