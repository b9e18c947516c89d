/** The stand-in: every service of it over HTTP on one port of loopback. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { listenOnLoopback } from '../embedded/listen.ts';
import { befell } from '../embedded/weather.ts';
import { callerOf, demand } from './caller.ts';
import { SSO } from './center.ts';
import { IAM } from './iam.ts';
import { STORE_CALLS } from './identity-store.ts';
import { ORGANIZATIONS } from './organizations.ts';
import { Refusal } from './refusal.ts';
import { verify } from './signature.ts';
import { newState, nowOf, type Fault, type State } from './state.ts';
import { byWebIdentity, STS } from './sts.ts';
import { element } from './xml.ts';

export type Aws = { url: string; state: State; stop(): Promise<void> };

const QUERY_CODES = {
  noToken: 'MissingAuthenticationToken',
  mismatch: 'SignatureDoesNotMatch',
  unknown: 'InvalidClientTokenId',
  expired: 'ExpiredToken',
};
const JSON_CODES = {
  noToken: 'MissingAuthenticationTokenException',
  mismatch: 'InvalidSignatureException',
  unknown: 'UnrecognizedClientException',
  expired: 'ExpiredTokenException',
};
const TARGETS = {
  SWBExternalService: { service: 'sso', calls: SSO },
  AWSIdentityStore: { service: 'identitystore', calls: STORE_CALLS },
  AWSOrganizationsV20161128: { service: 'organizations', calls: ORGANIZATIONS },
};
const VERSIONS: Readonly<Record<string, string>> = { iam: '2010-05-08', sts: '2011-06-15' };

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
};

const JSON_TYPE = 'application/x-amz-json-1.1';

type Reply = { status: number; type: string; body: string };
const reply = (type: string, body: string, status = 200): Reply => ({ status, type, body });

const signedBy = (state: State, request: IncomingMessage, body: string) => {
  const secretOf = (id: string): string | null => state.keys.get(id)?.secret ?? null;
  const codes = 'x-amz-target' in request.headers ? JSON_CODES : QUERY_CODES;
  return verify(request, body, { codes, secretOf, now: new Date(nowOf(state)) });
};

/** More than it bears in a second is throttled. */
const count = (state: State, code: string): void => {
  const now = Date.now();
  state.calls = [...state.calls.filter((at) => at > now - 1_000), now];
  if (state.calls.length > state.ratePerSecond) throw new Refusal(400, code, 'Rate exceeded');
};

const query = (state: State, request: IncomingMessage, body: string): Reply => {
  const params = new Map(new URLSearchParams(body));
  const action = params.get('Action') ?? '';
  const version = params.get('Version') ?? '';
  params.delete('Action');
  params.delete('Version');
  const answered = (inside: string): Reply =>
    reply('text/xml', element(`${action}Response`, element(`${action}Result`, inside, false), false));
  if (action === 'AssumeRoleWithWebIdentity') return answered(byWebIdentity(state, params));
  const signed = signedBy(state, request, body);
  const caller = callerOf(state, signed, 'ExpiredToken');
  const call = (signed.service === 'iam' ? IAM : STS)[action];
  if (!call || VERSIONS[signed.service] !== version)
    throw new Refusal(400, 'InvalidAction', `Could not find operation ${action} for version ${version}`);
  if (signed.service === 'iam' && signed.region !== 'us-east-1')
    throw new Refusal(403, 'SignatureDoesNotMatch', "Credential should be scoped to a valid region, not 'other'.");
  count(state, 'Throttling');
  return answered(call({ state, caller, params }));
};

const isTarget = (name: string): name is keyof typeof TARGETS => Object.hasOwn(TARGETS, name);

const json = (state: State, request: IncomingMessage, body: string): Reply => {
  const [target = '', action = ''] = String(request.headers['x-amz-target']).split('.');
  const signed = signedBy(state, request, body);
  const caller = callerOf(state, signed, JSON_CODES.expired);
  const found = isTarget(target) ? TARGETS[target] : null;
  const call = found?.calls[action];
  if (!call || signed.service !== found?.service || request.headers['content-type'] !== JSON_TYPE)
    throw new Refusal(400, 'UnknownOperationException', '');
  if (signed.service === 'organizations' && signed.region !== 'us-east-1')
    throw new Refusal(403, 'InvalidSignatureException', 'Credential should be scoped to a valid region.');
  count(state, 'ThrottlingException');
  return reply(JSON_TYPE, JSON.stringify(call({ state, caller, body: JSON.parse(body) as Record<string, unknown> })));
};

/** A service that is used with the keys: three orders to read, and a place to write one. */
const data = (state: State, request: IncomingMessage, body: string): Reply => {
  const caller = callerOf(state, signedBy(state, request, body), 'ExpiredToken');
  const isRead = request.method === 'GET';
  demand(state, caller, { action: isRead ? 'orders:Read' : 'orders:Write', resource: 'arn:aws:orders:::all' });
  return reply('application/json', JSON.stringify({ orders: state.orders }));
};

const refusalReply = ({ status, code, message }: Refusal, isJson: boolean): Reply => {
  if (isJson) return reply(JSON_TYPE, JSON.stringify({ __type: code, Message: message }), status);
  const inside =
    element('Type', status < 500 ? 'Sender' : 'Receiver') + element('Code', code) + element('Message', message);
  return reply(
    'text/xml',
    element('ErrorResponse', element('Error', inside, false) + element('RequestId', 'r-1'), false),
    status,
  );
};

const answerTo = (state: State, request: IncomingMessage, body: string): Reply => {
  try {
    if ('x-amz-target' in request.headers) return json(state, request, body);
    return request.url === '/data/orders' ? data(state, request, body) : query(state, request, body);
  } catch (error) {
    if (error instanceof Refusal) return refusalReply(error, 'x-amz-target' in request.headers);
    throw error;
  }
};

const nameOf = (request: IncomingMessage, body: string): string => {
  const target = request.headers['x-amz-target'];
  if (typeof target === 'string') return target;
  return request.url === '/' ? (new URLSearchParams(body).get('Action') ?? '') : `${request.method} ${request.url}`;
};

const send = (state: State, response: ServerResponse, { status, type, body }: Reply): void => {
  response.writeHead(status, { 'content-type': type, date: new Date(nowOf(state)).toUTCString() });
  response.end(body);
};

const serve = async (state: State, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const body = await bodyOf(request);
  const name = nameOf(request, body);
  state.log.push(name);
  const isJson = 'x-amz-target' in request.headers;
  const limited = new Refusal(400, isJson ? 'ThrottlingException' : 'Throttling', 'Rate exceeded');
  if (befell(state.weather, { request, response }, () => send(state, response, refusalReply(limited, isJson)))) return;
  const fault: Fault = state.onCall?.(name) ?? null;
  if (fault === 'hang') return;
  if (fault === 'reset') return void request.socket.destroy();
  if (fault !== null && typeof fault === 'object') {
    const { status, code } = fault;
    return send(state, response, refusalReply(new Refusal(status, code, 'a fault'), isJson));
  }
  const answer = answerTo(state, request, body);
  if (fault === 'reset after') return void request.socket.destroy();
  send(state, response, answer);
};

export const startAws = async (): Promise<Aws> => {
  const state = newState();
  const server = createServer((request, response) => {
    serve(state, request, response).catch(() => response.writeHead(500).end());
  });
  const { port, stop } = await listenOnLoopback(server);
  return { state, url: `http://127.0.0.1:${port}`, stop };
};
