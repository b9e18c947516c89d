/** Calls to an API with a token that is fetched, kept until shortly before its end, and replaced where the API refuses it earlier. */
import type { ProviderError } from '../provider.ts';
import { API_CONNECTIONS, openAgent, type HttpAgent } from './http-agent.ts';
import { callJson, limitOf, type JsonAnswer, type JsonCall } from './json-http.ts';
import { keepToken, type Issued } from './kept-token.ts';
import { createRateHold } from './rate-hold.ts';

export type Call = Pick<JsonCall, 'method' | 'body'> & { path: string; headers?: Record<string, string> };

export type BearerApi = {
  /** Answers with these statuses; any other is a failure. `doing` ends the sentence "… could not …". */
  ask(call: Call, expected: { statuses: readonly number[]; doing: string }, signal: AbortSignal): Promise<JsonAnswer>;
  /** The one of now, for a look at what it allows. */
  token(signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
};

type Send = (call: JsonCall, headers: Record<string, string>, signal: AbortSignal) => Promise<JsonAnswer>;

type Made = {
  name: string;
  /** In front of each path. */
  base: string;
  ca: string | undefined;
  /** Gets one, with what it is given to send by. */
  fetchToken(send: Send, signal: AbortSignal): Promise<Issued>;
  refused(answer: JsonAnswer, doing: string): ProviderError;
  /** Where the API says in its own words that there are too many calls. */
  isLimit?(answer: JsonAnswer): boolean;
};

const sender = ({ name, isLimit }: Made, agent: HttpAgent): Send => {
  const hold = createRateHold(name);
  return async (call, headers, signal) => {
    await hold.passed(signal);
    const answer = await callJson(call, { name, headers: { accept: 'application/json', ...headers }, agent }, signal);
    const limit = limitOf(answer) ?? (isLimit?.(answer) ? { seconds: null } : null);
    if (limit) throw hold.limited(limit.seconds);
    hold.clear();
    return answer;
  };
};

export const openBearerApi = (made: Made): BearerApi => {
  const agent = openAgent({ connections: API_CONNECTIONS, ca: made.ca });
  const send = sender(made, agent);
  const tokens = keepToken(async (signal) => await made.fetchToken(send, signal));
  const attempt = async ({ path, headers, ...call }: Call, token: string, signal: AbortSignal): Promise<JsonAnswer> =>
    await send({ ...call, url: `${made.base}${path}` }, { ...headers, authorization: `Bearer ${token}` }, signal);
  return {
    ask: async (call, { statuses, doing }, signal) => {
      const token = await tokens.get(signal);
      let answer = await attempt(call, token, signal);
      if (answer.status === 401) {
        // Revoked before its time.
        tokens.drop();
        answer = await attempt(call, await tokens.get(signal), signal);
      }
      if (statuses.includes(answer.status)) return answer;
      throw made.refused(answer, doing);
    },
    token: async (signal) => await tokens.get(signal),
    close: async () => await agent.destroy(),
  };
};
