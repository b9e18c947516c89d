/** The stand-in: the API and the token endpoint over HTTP on loopback. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOnLoopback } from '../embedded/listen.ts';
import { befell } from '../embedded/weather.ts';
import { failed, route } from './routes.ts';
import type { Answer } from './routes.ts';
import { newState } from './state.ts';
import type { State } from './state.ts';
import { actsAs, giveToken } from './tokens.ts';

export type Google = {
  state: State;
  /** Of both, without a trailing slash. */
  url: string;
  stop(): Promise<void>;
};

const textOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

const send = (response: ServerResponse, { status, body }: Answer, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=UTF-8', ...headers });
  response.end(body === undefined ? '' : JSON.stringify(body));
};

const LIMITED = failed(429, 'RESOURCE_EXHAUSTED', "Quota exceeded for quota metric 'Queries'.");
/** As the older APIs of Google say it. */
const QUOTA: Answer = {
  status: 403,
  body: { error: { code: 403, message: 'Rate Limit Exceeded', errors: [{ reason: 'rateLimitExceeded' }] } },
};

/** True where the fault has answered. */
const faultAnswered = ({ fault }: State, request: IncomingMessage, response: ServerResponse): boolean => {
  if (fault === 'down') request.socket.destroy();
  else if (fault === 'error') send(response, failed(503, 'UNAVAILABLE', 'The service is currently unavailable.'));
  else if (fault === 'moved') send(response, { status: 302 }, { location: 'http://127.0.0.1:1/elsewhere' });
  else if (fault === 'limit') send(response, LIMITED);
  else if (fault === 'quota') send(response, QUOTA);
  else return false;
  return true;
};

const serve = async (state: State, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { method = 'GET', headers } = request;
  const url = new URL(request.url ?? '/', `http://${headers.host}`);
  state.calls.push(`${method} ${url.pathname}`);
  // Google says no time to wait.
  const refuse = (): void => send(response, LIMITED);
  if (befell(state.weather, { request, response }, refuse) || faultAnswered(state, request, response)) return;
  const text = await textOf(request);
  if (method === 'POST' && url.pathname === '/token')
    return send(response, await giveToken(state, new URLSearchParams(text), `${url.origin}/token`));
  const who = actsAs(state, headers.authorization ?? '');
  if (who === null)
    return send(response, failed(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'));
  const path = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  send(response, route(method, path, { state, actsAs: who, query: url.searchParams, body }));
};

export const startGoogle = async (): Promise<Google> => {
  const state = newState();
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => response.writeHead(500).end());
  });
  const { port, stop } = await listenOnLoopback(server);
  return { state, url: `http://127.0.0.1:${port}`, stop };
};
