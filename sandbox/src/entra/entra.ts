/** The stand-in: Graph and the token endpoint over HTTP on loopback. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOnLoopback } from '../embedded/listen.ts';
import { befell } from '../embedded/weather.ts';
import { failed, route } from './routes.ts';
import type { Answer } from './routes.ts';
import { newState } from './state.ts';
import type { State } from './state.ts';
import { giveToken, permissionsOf } from './tokens.ts';

export type Entra = {
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
  response.writeHead(status, { 'content-type': 'application/json', 'request-id': 'stand-in', ...headers });
  response.end(body === undefined ? '' : JSON.stringify(body));
};

const LIMITED = failed(429, 'TooManyRequests', 'Too many requests.');

/** True where the fault has answered. */
const faultAnswered = ({ fault }: State, request: IncomingMessage, response: ServerResponse): boolean => {
  if (fault === 'down') request.socket.destroy();
  else if (fault === 'error') send(response, failed(500, 'InternalServerError', 'Try again.'));
  else if (fault === 'busy') send(response, failed(503, 'ServiceUnavailable', 'Busy.'), { 'retry-after': '30' });
  else if (fault === 'moved') send(response, { status: 302 }, { location: 'http://127.0.0.1:1/elsewhere' });
  else if (fault === 'limit') send(response, LIMITED, { 'retry-after': '30' });
  else return false;
  return true;
};

const page = ({ pageSize, fault }: State, items: object[], url: URL): Answer => {
  const from = Number(url.searchParams.get('$skiptoken') ?? 0);
  const size = Math.min(Number(url.searchParams.get('$top') ?? pageSize), pageSize);
  const next = new URL(url);
  next.searchParams.set('$skiptoken', String(from + size));
  if (fault === 'elsewhere') next.port = '1';
  const more = from + size < items.length || fault === 'elsewhere';
  return {
    status: 200,
    body: { value: items.slice(from, from + size), ...(more && { '@odata.nextLink': next.href }) },
  };
};

const serve = async (state: State, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { method = 'GET', headers } = request;
  const url = new URL(request.url ?? '/', `http://${headers.host}`);
  state.calls.push(`${method} ${url.pathname}`);
  const refuse = (waitsMs: number): void =>
    send(response, LIMITED, { 'retry-after': String(Math.ceil(waitsMs / 1000)) });
  if (befell(state.weather, { request, response }, refuse) || faultAnswered(state, request, response)) return;
  const text = await textOf(request);
  if (method === 'POST' && url.pathname.endsWith('/oauth2/v2.0/token'))
    return send(response, await giveToken(state, new URLSearchParams(text), url));
  const permissions = await permissionsOf(state, headers.authorization ?? '', url.origin);
  if (!permissions) return send(response, failed(401, 'InvalidAuthenticationToken', 'Access token is not valid.'));
  const path = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const answer = route(method, path, {
    state,
    permissions,
    query: url.searchParams,
    body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    isEventual: headers['consistencylevel'] === 'eventual',
    origin: url.origin,
  });
  send(response, answer.items ? page(state, answer.items, url) : answer);
};

export const startEntra = async (): Promise<Entra> => {
  const state = newState();
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => response.writeHead(500).end());
  });
  const { port, stop } = await listenOnLoopback(server);
  return { state, url: `http://127.0.0.1:${port}`, stop };
};
