/** The stand-in: an API over HTTP on loopback, and what happens in its repositories. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { jwtVerify } from 'jose';
import { listenOnLoopback } from '../embedded/listen.ts';
import { befell } from '../embedded/weather.ts';
import { createActs } from './acts.ts';
import type { Acts } from './acts.ts';
import { route } from './routes.ts';
import type { Answer } from './api.ts';
import { addGist } from './gists.ts';
import { newState } from './state.ts';
import type { Account, Gist, State } from './state.ts';

export type Github = Acts & {
  state: State;
  /** Without a trailing slash. */
  apiUrl: string;
  addGist(owner: Account | null, files: Record<string, string>): Gist;
  stop(): Promise<void>;
};

const JWT_MAX_S = 600;

/** What a bearer token is; null where GitHub would not know it. */
const identify = async (state: State, authorization: string): Promise<{ installation: number | null } | null> => {
  const token = authorization.replace(/^(?:Bearer|token) /i, '');
  const known = state.tokens.get(token);
  if (known) return known.expiresAt > Date.now() ? { installation: known.installation } : null;
  try {
    const options = { algorithms: ['RS256'], issuer: state.appId, requiredClaims: ['iat', 'exp'] };
    const { payload } = await jwtVerify(token, state.publicKey, options);
    const { iat = 0, exp = 0 } = payload;
    const now = Date.now() / 1000;
    return iat <= now && exp - now <= JWT_MAX_S ? { installation: null } : null;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  }
};

const bodyOf = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
};

const send = (response: ServerResponse, { status, body }: Answer, headers: Record<string, string> = {}): void => {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'x-ratelimit-remaining': '4999',
    ...headers,
  });
  response.end(body === undefined ? '' : JSON.stringify(body));
};

/** True where the fault has answered. */
const faultAnswered = ({ fault }: State, request: IncomingMessage, response: ServerResponse): boolean => {
  const limited = (message: string): Answer => ({ status: 403, body: { message } });
  if (fault === 'down') request.socket.destroy();
  else if (fault === 'error') send(response, { status: 502, body: { message: 'Server Error' } });
  else if (fault === 'moved') send(response, { status: 301, body: {} }, { location: 'http://127.0.0.1:1/elsewhere' });
  else if (fault === 'secondary')
    send(response, limited('You have exceeded a secondary rate limit'), { 'retry-after': '1' });
  else if (fault === 'primary') {
    const reset = String(Math.ceil(Date.now() / 1000) + 1);
    send(response, limited('API rate limit exceeded'), { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset });
  } else return false;
  return true;
};

const serve = async (state: State, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { method = 'GET', headers } = request;
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  state.calls.push(`${method} ${pathname}`);
  const refuse = (waitsMs: number): void => {
    const wait = { 'retry-after': String(Math.ceil(waitsMs / 1000)) };
    send(response, { status: 403, body: { message: 'You have exceeded a secondary rate limit' } }, wait);
  };
  if (befell(state.weather, { request, response }, refuse) || faultAnswered(state, request, response)) return;
  if (!headers['user-agent'])
    return send(response, { status: 403, body: { message: 'Request forbidden by administrative rules' } });
  const who = await identify(state, headers.authorization ?? '');
  if (!who) return send(response, { status: 401, body: { message: 'Bad credentials' } });
  const path = pathname.split('/').slice(1).map(decodeURIComponent);
  const asked = { state, ...who, path, query: searchParams, body: await bodyOf(request) };
  send(response, await route(method, asked));
};

export const startGithub = async (): Promise<Github> => {
  const state = newState();
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => response.writeHead(500).end());
  });
  const { port, stop } = await listenOnLoopback(server);
  return {
    ...createActs(state),
    state,
    apiUrl: `http://127.0.0.1:${port}`,
    addGist: (owner, files) => addGist(state, owner, files),
    stop,
  };
};
