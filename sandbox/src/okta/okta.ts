/** The stand-in: the API over HTTP on loopback. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOnLoopback } from '../embedded/listen.ts';
import { befell } from '../embedded/weather.ts';
import { LIMITED, NO_TOKEN, route } from './routes.ts';
import type { Answer } from './routes.ts';
import { newState } from './state.ts';
import type { State } from './state.ts';
import { giveToken, scopesOf } from './tokens.ts';

export type Okta = {
  state: State;
  /** Of the organization, without a trailing slash. */
  url: string;
  stop(): Promise<void>;
};

type Headers = Record<string, string | string[]>;

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

const send = (response: ServerResponse, { status, body }: Answer, headers: Headers = {}): void => {
  const limits = { 'x-rate-limit-limit': '600', 'x-rate-limit-remaining': '599' };
  response.writeHead(status, { 'content-type': 'application/json', ...limits, ...headers });
  response.end(body === undefined ? '' : JSON.stringify(body));
};

/** True where the fault has answered. */
const faultAnswered = ({ fault }: State, request: IncomingMessage, response: ServerResponse): boolean => {
  const inSeconds = String(Math.ceil(Date.now() / 1000) + 30);
  if (fault === 'down') request.socket.destroy();
  else if (fault === 'error') send(response, { status: 503, body: { errorCode: 'E0000010' } });
  else if (fault === 'moved') send(response, { status: 302 }, { location: 'http://127.0.0.1:1/elsewhere' });
  else if (fault === 'limit')
    send(response, LIMITED, { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': inSeconds });
  else return false;
  return true;
};

/** With an opaque cursor in `Link`, twice: one for `self`, one for `next`. */
const page = ({ pageSize, fault }: State, items: object[], url: URL): { answer: Answer; headers: Headers } => {
  const from = Number(Buffer.from(url.searchParams.get('after') ?? '', 'base64').toString() || 0);
  const size = Math.min(Number(url.searchParams.get('limit') ?? pageSize), pageSize);
  const next = new URL(url);
  next.searchParams.set('after', Buffer.from(String(from + size)).toString('base64'));
  if (fault === 'elsewhere') next.port = '1';
  const more = from + size < items.length ? [`<${next.href}>; rel="next"`] : [];
  const link = [`<${url.href}>; rel="self"`, ...more];
  return { answer: { status: 200, body: items.slice(from, from + size) }, headers: { link } };
};

const serve = async (state: State, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { method = 'GET', headers } = request;
  const url = new URL(request.url ?? '/', `http://${headers.host}`);
  state.calls.push(`${method} ${url.pathname}`);
  const refuse = (waitsMs: number): void => {
    const reset = String(Math.ceil((Date.now() + waitsMs) / 1000));
    send(response, LIMITED, { 'x-rate-limit-remaining': '0', 'x-rate-limit-reset': reset });
  };
  if (befell(state.weather, { request, response }, refuse) || faultAnswered(state, request, response)) return;
  if (method === 'POST' && url.pathname === '/oauth2/v1/token') {
    const form = new URLSearchParams(await bodyOf(request));
    return send(response, await giveToken(state, form, `${url.origin}${url.pathname}`));
  }
  const scopes = scopesOf(state, headers.authorization ?? '');
  if (!scopes) return send(response, NO_TOKEN);
  const path = url.pathname.split('/').slice(1).map(decodeURIComponent);
  const answer = route(method, path, { state, scopes, query: url.searchParams });
  if (!answer.items) return send(response, answer);
  const paged = page(state, answer.items, url);
  return send(response, paged.answer, paged.headers);
};

export const startOkta = async (): Promise<Okta> => {
  const state = newState();
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => response.writeHead(500).end());
  });
  const { port, stop } = await listenOnLoopback(server);
  return {
    state,
    url: `http://127.0.0.1:${port}`,
    stop,
  };
};
