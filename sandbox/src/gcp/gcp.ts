/** The stand-in: Google's APIs over HTTP on loopback, each under the path that the real one has. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOnLoopback } from '../embedded/listen.ts';
import { askProject, askRole, failed, nowAtGoogle } from './iam.ts';
import type { Answer } from './iam.ts';
import { newState } from './state.ts';
import type { State } from './state.ts';
import { giveToken, impersonate, memberOf, metadataToken } from './tokens.ts';

export type Gcp = { state: State; url: string; stop(): Promise<void> };

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
};

const send = (state: State, response: ServerResponse, { status, body }: Answer): void => {
  const date = new Date(nowAtGoogle(state)).toUTCString();
  response.writeHead(status, { 'content-type': 'application/json', date });
  response.end(JSON.stringify(body));
};

type Asked = { method: string; url: URL; body: string; headers: IncomingMessage['headers'] };

const authorized = (state: State, member: string, { method, url, body }: Asked): Answer => {
  const path = decodeURIComponent(url.pathname);
  const impersonated = /^\/v1\/projects\/-\/serviceAccounts\/([^/]+):generateAccessToken$/.exec(path)?.[1];
  if (impersonated !== undefined) return impersonate(state, member, impersonated);
  const [, project, verb] = /^\/v3\/projects\/([^/]+):(\w+)$/.exec(path) ?? [];
  if (method === 'POST' && project !== undefined && verb !== undefined)
    return askProject(verb, { state, project, member, body: JSON.parse(body) as Record<string, unknown> });
  return method === 'GET' && path.startsWith('/v1/')
    ? askRole(state, path.slice('/v1/'.length))
    : failed(404, 'Not found.');
};

const answerTo = async (state: State, asked: Asked): Promise<Answer> => {
  const { method, url, body, headers } = asked;
  if (method === 'POST' && url.pathname === '/token')
    return await giveToken(state, new URLSearchParams(body), `${url.origin}${url.pathname}`);
  if (url.pathname === '/computeMetadata/v1/instance/service-accounts/default/token')
    return headers['metadata-flavor'] === 'Google'
      ? metadataToken(state)
      : failed(403, 'Missing Metadata-Flavor:Google header.');
  const member = memberOf(state, headers.authorization ?? '');
  return member === null
    ? failed(401, 'Request had invalid authentication credentials.')
    : authorized(state, member, asked);
};

const serve = async (state: State, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { method = 'GET', headers } = request;
  const url = new URL(request.url ?? '/', `http://${headers.host}`);
  const line = `${method} ${url.pathname}`;
  state.log.push(line);
  const body = await bodyOf(request);
  const fault = state.onRequest(line);
  if (fault === 'hang') return;
  if (fault === 'reset') return void request.socket.destroy();
  if (fault !== null && fault !== 'reset after')
    return send(state, response, failed(fault.status, 'fault', fault.reason));
  const answer = await answerTo(state, { method, url, body, headers });
  if (fault === 'reset after') request.socket.destroy();
  else send(state, response, answer);
};

export const startGcp = async (): Promise<Gcp> => {
  const state = newState();
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => response.writeHead(500).end());
  });
  const { port, stop } = await listenOnLoopback(server);
  return { state, url: `http://127.0.0.1:${port}`, stop };
};
