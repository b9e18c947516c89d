/** Access that a server of your own opens and closes, asked by signed HTTP as Standard Webhooks describes it. */
import { createHmac, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Json } from '../../domain/json.ts';
import { createLanes } from '../../lib/limiter.ts';
import { isLocalHttp } from '../../lib/local-http.ts';
import { defineProvider } from '../define-provider.ts';
import { textWithin } from '../kit/answer-text.ts';
import { caField } from '../kit/config-fields.ts';
import {
  handleSchema,
  scopeSchema,
  spokenConnection,
  spokenFields,
  type Handle,
  type Question,
  type Scope,
  type Speaker,
} from '../kit/spoken.ts';
import { openAgent, type HttpAgent } from '../kit/http-agent.ts';
import { ProviderError, type ProviderErrorKind } from '../provider.ts';

/** A thousand ends at once are no thousand calls at a server of yours. */
const AT_ONCE = 16;

const LONGEST_ANSWER = 65_536;
const SECRET = /^(?:whsec_)?([A-Za-z0-9+/]{32,88}={0,2})$/;
const LEAST_BYTES = 24;

const urlProblem = (text: string): string | null => {
  if (!URL.canParse(text)) return 'must be a URL like https://access.internal/latchkey';
  const url = new URL(text);
  const { protocol, username, password, hash } = url;
  if (username || password) return 'must hold no user and password: the signature says who calls';
  if (hash) return 'must hold no part after "#"';
  if (protocol === 'https:' || isLocalHttp(url)) return null;
  return 'must start with https:// (http:// is for this machine only)';
};

const secretProblem = (text: string): string | null => {
  const secrets = text.split(' ');
  const isFit = secrets.every((secret) => Buffer.from(SECRET.exec(secret)?.[1] ?? '', 'base64').length >= LEAST_BYTES);
  return isFit && secrets.length <= 2
    ? null
    : 'must be whsec_ and at least 24 random bytes in base64 (openssl rand -base64 32); two with a space between them while you change it';
};

const checked =
  (find: (text: string) => string | null) =>
  (text: string, ctx: z.RefinementCtx<string>): void => {
    const message = find(text);
    if (message !== null) ctx.addIssue({ code: 'custom', message });
  };

const configSchema = z.strictObject({
  url: z.string('must be a URL').superRefine(checked(urlProblem)),
  /** Standard Webhooks; a second one is sent as well, for a change without a gap. Secret. */
  secret: z.string('must be a secret').superRefine(checked(secretProblem)),
  ca: caField('write ca: "${ACCESS_CA}", and set ACCESS_CA_FILE to that path where Latchkey starts').optional(),
  ...spokenFields,
});
type Config = z.infer<typeof configSchema>;

/** Standard Webhooks, v1: HMAC-SHA256 over id, time and body. */
const headersFor = (secrets: readonly Buffer[], id: string, body: string): Record<string, string> => {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`,
  );
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  };
};

const KINDS: Readonly<Record<number, ProviderErrorKind>> = {
  401: 'denied',
  403: 'denied',
  408: 'unavailable',
  409: 'conflict',
  410: 'denied',
  425: 'unavailable',
  429: 'throttled',
  501: 'unsupported',
  503: 'throttled',
};
const kindOf = (status: number): ProviderErrorKind =>
  KINDS[status] ?? (status >= 500 ? 'unavailable' : 'misconfigured');

const read = async (body: AsyncIterable<Buffer>, name: string): Promise<Json> => {
  const tooLong = new ProviderError('misconfigured', `${name} gave an answer of more than ${LONGEST_ANSWER} bytes.`);
  const text = await textWithin(body, LONGEST_ANSWER, tooLong);
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ProviderError('misconfigured', `${name} gave an answer that is no JSON.`);
  }
};

const UNTOUCHED = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

const codeOf = (error: unknown): string => {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? code : '';
};

const speakerTo = ({ url, secret }: Config, name: string, agent: HttpAgent): Speaker => {
  const secrets = secret.split(' ').map((one) => Buffer.from(SECRET.exec(one)?.[1] ?? '', 'base64'));
  const send = async ({ id, body: question }: Question, signal: AbortSignal) => {
    const body = JSON.stringify(question);
    const headers = headersFor(secrets, id || `look:${randomUUID()}`, body);
    try {
      return await agent.request(url, { method: 'POST', headers, body, signal });
    } catch (error) {
      const code = codeOf(error);
      if (signal.aborted || code === '') throw error;
      throw new ProviderError('unavailable', `${name} cannot be reached, or broke the connection (${code}).`, {
        cause: error,
        isUntouched: UNTOUCHED.has(code),
      });
    }
  };
  const ask: Speaker = async (question, signal) => {
    const { statusCode, body } = await send(question, signal);
    if (statusCode === 200) return await read(body, name);
    await body.dump();
    const what = statusCode >= 300 && statusCode < 400 ? 'Latchkey follows no redirect' : 'its log says why';
    throw new ProviderError(
      kindOf(statusCode),
      `${name} answered ${question.body.action} with ${statusCode}; ${what}.`,
    );
  };
  const inLane = createLanes(AT_ONCE);
  return async (question, signal) => await inLane(async () => await ask(question, signal), signal);
};

export const webhook = defineProvider<Config, Scope, Handle>({
  id: 'webhook',
  title: 'Webhook',
  config: configSchema,
  scope: scopeSchema,
  handle: handleSchema,
  connect: (config) => {
    const name = `The server at ${new URL(config.url).host}`;
    const agent = openAgent({ connections: AT_ONCE, ca: config.ca });
    const connection = spokenConnection({
      say: speakerTo(config, name, agent),
      name,
      extras: config.supports ?? [],
      survives: config.survives ?? null,
    });
    return { ...connection, disconnect: async () => await agent.destroy() };
  },
});
