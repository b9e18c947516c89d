/** The server: discovery and key set over HTTP on loopback, keys that rotate, and faults that a real issuer has. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import type { Claims } from './claims.ts';
import { answerToken } from './token-address.ts';
import type { TokenAddress } from './token-address.ts';

/**
 * `down`: connections are closed. `slow`: no answer comes. `error`: 500. `html`: a page in place of JSON. `empty`: a key set without keys.
 * `other`: discovery of another issuer. `elsewhere`: keys at an address that is not https. `large`: more than any key set.
 */
export const ISSUER_FAULTS = ['down', 'slow', 'error', 'html', 'empty', 'other', 'elsewhere', 'large'] as const;
export type IssuerFault = (typeof ISSUER_FAULTS)[number];

export type MintOptions = { alg?: string; header?: Record<string, unknown>; key?: IssuerKey };
export type IssuerKey = { kid: string; alg: string; privateKey: CryptoKey; jwk: JWK };

export type StandInIssuer = {
  /** What its tokens have as `iss`. */
  url: string;
  /** Signed with the newest key; `iss` is this issuer's unless `claims` has another, `aud` is theirs. */
  mint(claims: Claims, options?: MintOptions): Promise<string>;
  /** A new key signs from now on; the old one is still listed until the next rotation. */
  rotate(): Promise<void>;
  /** The old keys are taken back. */
  forgetOld(): void;
  fail(fault: IssuerFault | null): void;
  /** The newest. */
  key(): IssuerKey;
  /** How often each was fetched. */
  fetched: { discovery: number; keys: number };
  /** Where a GitHub job requests its token; its bearer token is `secret`. */
  tokenAddress(claims: () => Claims): { url: string; secret: string };
  stop(): Promise<void>;
};

const PAGE = '<!doctype html><title>Maintenance</title>';
const LARGE = 700_000;

export const makeKey = async (alg = 'RS256'): Promise<IssuerKey> => {
  const kid = crypto.randomUUID();
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } };
};

type State = {
  url: string;
  keys: IssuerKey[];
  fault: IssuerFault | null;
  fetched: StandInIssuer['fetched'];
  tokens: TokenAddress | null;
};

const send = (response: ServerResponse, body: unknown, type = 'application/json'): void => {
  response.writeHead(200, { 'content-type': type });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
};

/** True where the fault has answered. */
const faultAnswered = ({ fault }: State, request: IncomingMessage, response: ServerResponse): boolean => {
  if (fault === 'slow') return true;
  if (fault === 'down') request.socket.destroy();
  else if (fault === 'error') response.writeHead(500).end();
  else if (fault === 'html') send(response, PAGE, 'text/html');
  else if (fault === 'large') send(response, `{"keys":["${'x'.repeat(LARGE)}"]}`);
  else return false;
  return true;
};

const answerDiscovery = ({ url, fault }: State, response: ServerResponse): void => {
  const issuer = fault === 'other' ? 'https://other.acme.test' : url;
  const uri = fault === 'elsewhere' ? 'http://keys.acme.test/jwks' : `${url}/jwks`;
  send(response, { issuer, jwks_uri: uri, id_token_signing_alg_values_supported: ['RS256'] });
};

const answer = (state: State, request: IncomingMessage, response: ServerResponse): void => {
  const { pathname } = new URL(request.url ?? '/', state.url);
  const below = pathname.slice(new URL(state.url).pathname.replace(/\/$/, '').length);
  if (below === '/.well-known/openid-configuration') state.fetched.discovery += 1;
  else if (below === '/jwks') state.fetched.keys += 1;
  if (faultAnswered(state, request, response)) return;
  if (below === '/.well-known/openid-configuration') answerDiscovery(state, response);
  else if (below === '/jwks') send(response, { keys: state.fault === 'empty' ? [] : state.keys.map(({ jwk }) => jwk) });
  else if (below === '/token' && state.tokens) answerToken(state.tokens, request, response);
  else response.writeHead(404).end();
};

const newestOf = ({ keys }: State): IssuerKey => {
  const newest = keys.at(-1);
  if (!newest) throw new Error('this issuer has no key');
  return newest;
};

const mint = async (state: State, claims: Claims, options: MintOptions): Promise<string> => {
  const key = options.key ?? newestOf(state);
  const header = { alg: options.alg ?? key.alg, kid: key.kid, typ: 'JWT', ...options.header };
  return new SignJWT({ iss: state.url, ...claims }).setProtectedHeader(header).sign(key.privateKey);
};

const listen = async (server: Server, port: number): Promise<number> => {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

export type IssuerOptions = {
  /** Below the host, as `/acme-inc`. */
  path?: string;
  alg?: string;
  port?: number;
};

export const startIssuer = async ({
  path = '',
  alg = 'RS256',
  port = 0,
}: IssuerOptions = {}): Promise<StandInIssuer> => {
  const fetched = { discovery: 0, keys: 0 };
  const state: State = { url: '', keys: [await makeKey(alg)], fault: null, fetched, tokens: null };
  const server = createServer((request, response) => answer(state, request, response));
  state.url = `http://127.0.0.1:${await listen(server, port)}${path}`;
  return {
    url: state.url,
    mint: (claims, options = {}) => mint(state, claims, options),
    rotate: async () => {
      state.keys = [...state.keys.slice(-1), await makeKey(alg)];
    },
    forgetOld: () => {
      state.keys = state.keys.slice(-1);
    },
    fail: (fault) => {
      state.fault = fault;
    },
    key: () => newestOf(state),
    fetched: state.fetched,
    tokenAddress: (claims) => {
      const secret = crypto.randomUUID();
      state.tokens = { secret, mint: (audience) => mint(state, { ...claims(), aud: audience }, {}) };
      return { url: `${state.url}/token?api-version=2.0`, secret };
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
