/** The stand-in: an API server over HTTPS on loopback, and what happens in its cluster. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { listenOnLoopback } from '../embedded/listen.ts';
import { create, list, readOne, remove, replace } from './objects.ts';
import type { Request } from './objects.ts';
import { aboutOf, collectionOf, KINDS } from './paths.ts';
import { demand } from './rbac.ts';
import { selfSubjectRulesReview, subjectAccessReview } from './reviews.ts';
import { freshMeta, MASTERS, newState, put } from './state.ts';
import type { State, Stored } from './state.ts';
import { statusBody, StatusError } from './status.ts';
import { createToken, userOf } from './tokens.ts';

/** What a test does to the next requests that fit; null lets one through. */
export type Fault = 'reset' | 'reset after' | 'hang' | { status: number } | null;

export type ApiServer = {
  url: string;
  state: State;
  /** Of an administrator, who may do everything. */
  adminToken: string;
  addUser(name: string): string;
  /** `find` looks at each request, as `create /apis/…`. */
  onRequest(find: ((request: string) => Fault) | null): void;
  stop(): Promise<void>;
};

const bodyOf = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  const text = Buffer.concat(parts).toString('utf8');
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
};

/** A controller makes another pod in the place of one that has its label, and streams into the old one end. */
const onRemoved = (state: State, object: Stored): void => {
  if (object.kind !== 'Pod') return;
  const { uid, namespace = '', labels = {} } = object.metadata;
  for (const stream of state.streams) if (stream.pod === uid) stream.end();
  const name = `pod-${randomBytes(4).toString('hex')}`;
  const metadata = { ...freshMeta(name, namespace), labels };
  if (labels['restarted'] === 'true')
    put(state, { at: '/pods', namespace, name }, { apiVersion: 'v1', kind: 'Pod', metadata });
};

/** Authorization was looked at when it was opened, and is never looked at again. */
const stream = (request: Request, response: ServerResponse): void => {
  const { state, about } = request;
  const pod = about.name === '' ? null : readOne({ ...request, about: { ...about, subresource: '' } }).metadata.uid;
  response.writeHead(200, { 'content-type': 'text/plain' });
  response.write('open\n');
  const beat = setInterval(() => response.write('still open\n'), 50);
  const entry = {
    pod,
    end: (): void => {
      clearInterval(beat);
      state.streams.delete(entry);
      response.end();
    },
  };
  state.streams.add(entry);
  response.on('close', entry.end);
};

const STREAMED = ['log', 'exec', 'attach', 'portforward'];

const act = (request: Request): { status: number; body: object } => {
  const { state, about } = request;
  const { verb, resource, subresource } = about;
  if (!KINDS[collectionOf(about)])
    throw new StatusError(404, 'NotFound', 'the server could not find the requested resource');
  if (resource === 'subjectaccessreviews') return { status: 201, body: subjectAccessReview(request) };
  if (resource === 'selfsubjectrulesreviews') return { status: 201, body: selfSubjectRulesReview(request) };
  if (resource === 'serviceaccounts' && subresource === 'token') return { status: 201, body: createToken(request) };
  if (verb === 'create') return { status: 201, body: create(request) };
  if (verb === 'update') return { status: 200, body: replace(request) };
  if (verb === 'delete') return { status: 200, body: remove(request, (object) => onRemoved(state, object)) };
  return { status: 200, body: verb === 'list' ? list(request) : readOne(request) };
};

const answer = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...(status === 429 && { 'retry-after': '1' }) });
  response.end(JSON.stringify(body));
};

const serve = async (state: State, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? '/', 'https://127.0.0.1');
  const body = await bodyOf(request);
  if (url.pathname === '/version')
    return answer(response, 200, { major: '1', minor: '30', gitVersion: 'v1.30.0-standin' });
  const user = userOf(state, (request.headers.authorization ?? '').replace(/^Bearer /, ''));
  if (!user) throw new StatusError(401, 'Unauthorized', 'Unauthorized');
  const about = aboutOf(request.method ?? 'GET', url);
  if (!about) throw new StatusError(404, 'NotFound', 'the server could not find the requested resource');
  demand(state, user, about);
  const asked = { state, user, about, body };
  if (about.verb === 'watch' || STREAMED.includes(about.subresource)) return stream(asked, response);
  const said = act(asked);
  answer(response, said.status, said.body);
};

const fail = (response: ServerResponse, error: unknown): void => {
  if (!(error instanceof StatusError)) throw error;
  if (!response.headersSent) answer(response, error.code, statusBody(error));
};

type Holder = { find: ((request: string) => Fault) | null };

const withFaults = async (state: State, holder: Holder, pair: [IncomingMessage, ServerResponse]): Promise<void> => {
  const [request, response] = pair;
  const what = `${request.method ?? ''} ${request.url ?? ''}`;
  state.log.push(what);
  const fault = holder.find?.(what) ?? null;
  if (fault === 'hang') return;
  if (fault === 'reset') return void request.socket.destroy();
  if (fault !== null && typeof fault === 'object')
    return answer(response, fault.status, statusBody(new StatusError(fault.status, 'Fault', 'a fault of the test')));
  if (fault === 'reset after') response.end = () => (request.socket.destroy(), response);
  try {
    await serve(state, request, response);
  } catch (error) {
    fail(response, error);
  }
};

export const startApiServer = async (tls: { key: string; cert: string }): Promise<ApiServer> => {
  const state = newState();
  const holder: Holder = { find: null };
  const server = createServer(tls, (request, response) => {
    withFaults(state, holder, [request, response]).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      response.destroy();
    });
  });
  const { port, stop } = await listenOnLoopback(server);
  const adminToken = randomBytes(24).toString('hex');
  state.users.set(adminToken, { name: 'admin', groups: [MASTERS, 'system:authenticated'] });
  return {
    url: `https://127.0.0.1:${port}`,
    state,
    adminToken,
    addUser: (name) => {
      const token = randomBytes(24).toString('hex');
      state.users.set(token, { name, groups: ['system:authenticated'] });
      return token;
    },
    onRequest: (find) => void (holder.find = find),
    stop: async () => {
      for (const one of state.streams) one.end();
      await stop();
    },
  };
};
