/** Calls to Azure Resource Manager and Microsoft Graph as Latchkey's own app. learn.microsoft.com/rest/api/authorization */
import { z } from 'zod';
import { openAgent, type HttpAgent } from '../kit/http-agent.ts';
import { callJson, limited, refusedBy, type JsonAnswer, type JsonCall } from '../kit/json-http.ts';
import { keepToken } from '../kit/kept-token.ts';
import type { ProviderError } from '../provider.ts';
import type { Config } from './config.ts';

const NAME = 'Azure';
const tokenAnswer = z.object({ access_token: z.string(), expires_in: z.number() });
const errorAnswer = z.object({ error: z.object({ code: z.string(), message: z.string().default('') }) });
const loginError = z.object({ error: z.string(), error_description: z.string().default('') });

/** Code and the first line of what it says. */
export const saidIn = ({ body }: JsonAnswer): { code: string; message: string } => {
  const api = errorAnswer.safeParse(body);
  const login = loginError.safeParse(body);
  const code = api.data?.error.code ?? login.data?.error ?? '';
  const [message = ''] = (api.data?.error.message ?? login.data?.error_description ?? '').split('\n');
  return { code: code.slice(0, 80), message: message.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 250) };
};

const refused = (answer: JsonAnswer, doing: string): ProviderError => {
  const { code, message } = saidIn(answer);
  return refusedBy(answer, `${NAME} could not ${doing}: it answers ${answer.status} (${code}: ${message}).`);
};

type Asked = { call: Pick<JsonCall, 'method' | 'body'> & { path: string }; doing: string; statuses: readonly number[] };
export type Client = {
  /** `path`: of Resource Manager, or of Graph. */
  manage(asked: Asked, signal: AbortSignal): Promise<JsonAnswer>;
  graph(asked: Asked, signal: AbortSignal): Promise<JsonAnswer>;
  close(): Promise<void>;
};

type Api = { agent: HttpAgent; login: string; origin: string; config: Config };

const openApi = ({ agent, login, origin, config }: Api): Client['manage'] => {
  const send = async (call: JsonCall, headers: Record<string, string>, signal: AbortSignal): Promise<JsonAnswer> => {
    const answer = await callJson(
      call,
      { name: NAME, headers: { accept: 'application/json', ...headers }, agent },
      signal,
    );
    const limit = limited(answer, NAME);
    if (limit) throw limit;
    return answer;
  };
  const tokens = keepToken(async (signal) => {
    const url = `${login}/${config.tenant}/oauth2/v2.0/token`;
    const { client_id, client_secret } = config;
    const form = { grant_type: 'client_credentials', client_id, client_secret, scope: `${origin}/.default` };
    const answer = await send({ method: 'POST', url, form }, {}, signal);
    if (answer.status !== 200)
      throw refused(answer, 'give Latchkey a token; check tenant, client_id and client_secret');
    const { access_token: value, expires_in: lifeS } = tokenAnswer.parse(answer.body);
    return { value, lifeS };
  });
  const once = async ({ path, ...call }: Asked['call'], signal: AbortSignal): Promise<JsonAnswer> =>
    await send({ ...call, url: `${origin}${path}` }, { authorization: `Bearer ${await tokens.get(signal)}` }, signal);
  return async ({ call, doing, statuses }, signal) => {
    let answer = await once(call, signal);
    if (answer.status === 401) {
      tokens.drop();
      answer = await once(call, signal);
    }
    if (statuses.includes(answer.status)) return answer;
    throw refused(answer, doing);
  };
};

const originOf = (url: string): string => new URL(url).origin;

export const openClient = (config: Config): Client => {
  const agent = openAgent({ connections: 16 });
  const { login, management, graph } = config.endpoints ?? {};
  const shared = { agent, config, login: originOf(login ?? 'https://login.microsoftonline.com') };
  return {
    manage: openApi({ ...shared, origin: originOf(management ?? 'https://management.azure.com') }),
    graph: openApi({ ...shared, origin: originOf(graph ?? 'https://graph.microsoft.com') }),
    close: async () => await agent.destroy(),
  };
};
