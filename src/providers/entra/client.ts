/** Calls to Microsoft Graph by an app of its own, without a user. learn.microsoft.com/graph, v1.0 */
import { X509Certificate, createHash, createPrivateKey } from 'node:crypto';
import { SignJWT, decodeJwt } from 'jose';
import { z } from 'zod';
import { openBearerApi, type BearerApi } from '../kit/bearer-api.ts';
import { refusedBy, type JsonAnswer } from '../kit/json-http.ts';
import { readTokenFile } from '../kit/token-file.ts';
import { ProviderError } from '../provider.ts';
import type { Config } from './config.ts';

const NAME = 'Entra';
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const ASSERTION_LIFE_S = 300;
const PAGES_MAX = 100;

export type Client = Pick<BearerApi, 'ask' | 'close'> & {
  /** Each page, to the last. Null where the first is 404. With filters that Graph answers from its index only. */
  allIfThere(path: string, doing: string, signal: AbortSignal): Promise<unknown[] | null>;
  /** Application permissions that the app was given; null where its token does not say. */
  permissions(signal: AbortSignal): Promise<string[] | null>;
  /** What a member is named by when it is added. */
  referenceOf(id: string): string;
};

const graphError = z.object({ error: z.object({ code: z.string(), message: z.string().default('') }) });
const loginError = z.object({ error: z.string(), error_description: z.string().default('') });
const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });
const pageAnswer = z.object({ value: z.array(z.unknown()), '@odata.nextLink': z.string().optional() });

const oneLine = (text: string): string => (text.split('\n')[0] ?? '').slice(0, 200);

export const saidIn = ({ body }: Pick<JsonAnswer, 'body'>): string => {
  const graph = graphError.safeParse(body);
  if (graph.success) return ` (${graph.data.error.code.slice(0, 60)}: ${oneLine(graph.data.error.message)})`;
  const login = loginError.safeParse(body);
  return login.success ? ` (${login.data.error.slice(0, 60)}: ${oneLine(login.data.error_description)})` : '';
};

const refused = (answer: JsonAnswer, doing: string): ProviderError =>
  refusedBy(answer, `${NAME} could not ${doing}: it answers ${answer.status}${saidIn(answer)}.`);

const signed = async (
  { certificate, key }: NonNullable<Config['certificate']>,
  { clientId, audience }: { clientId: string; audience: string },
): Promise<string> => {
  const thumbprint = createHash('sha256').update(new X509Certificate(certificate).raw).digest('base64url');
  return await new SignJWT({})
    .setProtectedHeader({ alg: 'PS256', typ: 'JWT', 'x5t#S256': thumbprint })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(audience)
    .setJti(crypto.randomUUID())
    .setIssuedAt()
    .setNotBefore('0s')
    .setExpirationTime(`${ASSERTION_LIFE_S}s`)
    .sign(createPrivateKey(key));
};

const fromFile = (file: string): string => readTokenFile({ file, what: `The token_file ${file} of the target` });

const credentialsOf = async (config: Config, url: string): Promise<Record<string, string>> => {
  if (config.client_secret !== undefined) return { client_secret: config.client_secret };
  const { certificate, client_id: clientId, token_file: file = '' } = config;
  return {
    client_assertion_type: ASSERTION,
    client_assertion: certificate ? await signed(certificate, { clientId, audience: url }) : fromFile(file),
  };
};

/** @throws ProviderError where the list goes on elsewhere: the token would go there. */
const pathOf = (link: string, origin: string): string => {
  const url = URL.canParse(link, origin) ? new URL(link, origin) : null;
  if (url?.origin === origin) return `${url.pathname}${url.search}`.replace(/^\/v1\.0/, '');
  throw new ProviderError('misconfigured', `${NAME} continues a list at another address than graph_url: check it.`);
};

const pages =
  (ask: Client['ask'], origin: string): Client['allIfThere'] =>
  async (first, doing, signal) => {
    const found: unknown[] = [];
    let path: string | null = first;
    for (let page = 0; path !== null; page += 1) {
      if (page >= PAGES_MAX)
        throw new ProviderError('misconfigured', `${NAME} could not ${doing}: there are too many.`);
      const statuses = page === 0 ? [200, 404] : [200];
      const call = { method: 'GET', path, headers: { consistencylevel: 'eventual' } } as const;
      const answer: JsonAnswer = await ask(call, { statuses, doing }, signal);
      if (answer.status === 404) return null;
      const { value, '@odata.nextLink': next } = pageAnswer.parse(answer.body);
      found.push(...value);
      path = next === undefined ? null : pathOf(next, origin);
    }
    return found;
  };

const rolesIn = (token: string): string[] | null => {
  try {
    return z.array(z.string()).catch([]).parse(decodeJwt(token)['roles']);
  } catch (error) {
    if (error instanceof Error && 'code' in error) return null;
    throw error;
  }
};

export const openClient = (config: Config): Client => {
  const { origin } = new URL(config.graph_url ?? 'https://graph.microsoft.com');
  const login = new URL(config.login_url ?? 'https://login.microsoftonline.com').origin;
  const api = openBearerApi({
    name: NAME,
    base: `${origin}/v1.0`,
    ca: config.ca,
    refused,
    fetchToken: async (send, signal) => {
      const url = `${login}/${config.tenant}/oauth2/v2.0/token`;
      const form = {
        grant_type: 'client_credentials',
        client_id: config.client_id,
        scope: `${origin}/.default`,
        ...(await credentialsOf(config, url)),
      };
      const answer = await send({ method: 'POST', url, form }, {}, signal);
      if (answer.status === 200) {
        const { access_token: value, expires_in: lifeS } = tokenAnswer.parse(answer.body);
        return { value, lifeS };
      }
      const doing = 'give a token to the app; check tenant and client_id, and whether its secret has expired';
      const failure = refused(answer, doing);
      // It says 400 of a wrong client, too.
      throw answer.status === 400 ? new ProviderError('denied', failure.message, { isUntouched: true }) : failure;
    },
  });
  return {
    ask: api.ask,
    close: api.close,
    allIfThere: pages(api.ask, origin),
    permissions: async (signal) => rolesIn(await api.token(signal)),
    referenceOf: (id) => `${origin}/v1.0/directoryObjects/${id}`,
  };
};
