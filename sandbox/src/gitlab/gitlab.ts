/** The stand-in: an API over HTTP on loopback. */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOnLoopback } from '../embedded/listen.ts';
import { route } from './routes.ts';
import type { Answer } from './routes.ts';
import { addDeployment } from './deployments.ts';
import type { NewDeployment } from './deployments.ts';
import { addSnippet } from './snippets.ts';
import type { NewSnippet } from './snippets.ts';
import { newState } from './state.ts';
import type { Account, Deployment, Project, Snippet, State } from './state.ts';

export type Gitlab = {
  state: State;
  /** Of the instance, without a trailing slash. */
  url: string;
  /** With the scope `api` unless others are given. */
  addToken(account: Account, scopes?: string[]): string;
  addProject(project: Project): void;
  addDeployment(deployment: NewDeployment): Deployment;
  addSnippet(snippet: NewSnippet): Snippet;
  stop(): Promise<void>;
};

const BASE = '/api/v4';

const bodyOf = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
};

const send = (response: ServerResponse, { status, body, text }: Answer, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': text === undefined ? 'application/json' : 'text/plain', ...headers });
  response.end(text ?? (body === undefined ? '' : JSON.stringify(body)));
};

/** True where the fault has answered. */
const faultAnswered = ({ fault }: State, request: IncomingMessage, response: ServerResponse): boolean => {
  if (fault === 'down') request.socket.destroy();
  else if (fault === 'error') send(response, { status: 502, text: 'Bad Gateway' });
  else if (fault === 'moved') send(response, { status: 302 }, { location: 'http://127.0.0.1:1/elsewhere' });
  else if (fault === 'limited') send(response, { status: 429, text: 'Retry later' }, { 'retry-after': '1' });
  else return false;
  return true;
};

const serve = async (state: State, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { method = 'GET', headers } = request;
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://localhost');
  state.calls.push(`${method} ${pathname}`);
  if (faultAnswered(state, request, response)) return;
  const token = headers['private-token'] ?? headers.authorization?.replace(/^Bearer /i, '');
  const known = state.tokens.get(String(token));
  if (!known) return send(response, { status: 401, body: { message: '401 Unauthorized' } });
  if (!pathname.startsWith(`${BASE}/`)) return send(response, { status: 404, body: { error: '404 Not Found' } });
  const path = pathname.slice(BASE.length).split('/').slice(1).map(decodeURIComponent);
  const { account: who, scopes } = known;
  send(response, await route(method, { state, who, scopes, path, query, body: await bodyOf(request) }));
};

export const startGitlab = async (): Promise<Gitlab> => {
  const state = newState();
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => response.writeHead(500).end());
  });
  const { port, stop } = await listenOnLoopback(server);
  state.page = `http://127.0.0.1:${port}`;
  return {
    state,
    url: `http://127.0.0.1:${port}`,
    addToken: (account, scopes = ['api']) => {
      const token = `glpat-${randomBytes(15).toString('base64url')}`;
      state.tokens.set(token, { account, scopes });
      return token;
    },
    addProject: (project) => void state.projects.set(project.id, project),
    addDeployment: (deployment) => addDeployment(state, deployment),
    addSnippet: (snippet) => addSnippet(state, snippet),
    stop,
  };
};
