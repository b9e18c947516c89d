/** What a Web API method is, and how its arguments are read. */
import { SlackError } from '../errors.ts';
import { isChannelHere } from '../organisation.ts';
import type { State } from '../state.ts';
import type { Channel, Json } from '../types.ts';

export type CallContext = {
  state: State;
  args: Json;
  /** Address of this server, without a slash at the end. */
  baseUrl: string;
  /** Scopes that would have sufficed, for the `x-accepted-oauth-scopes` header. */
  acceptScopes: (scopes: string[]) => void;
  /** A fresh one-time address for a Socket Mode connection. */
  openSocket: () => string;
};

export type Method = {
  token: 'bot' | 'app' | 'none';
  /** Any one of these is enough; none asked when empty. */
  scopes: string[];
  run: (call: CallContext) => Json;
};

export const bot = (scopes: string[], run: Method['run']): Method => ({
  token: 'bot',
  scopes,
  run,
});

/** Slack: docs.slack.dev/authentication/tokens, `missing_scope` with `needed` and `provided`. */
export const needScope = (call: CallContext, scopes: string[]): void => {
  const own = call.state.app.scopes;
  call.acceptScopes(scopes);
  if (scopes.length === 0 || scopes.some((scope) => own.has(scope))) return;
  throw new SlackError('missing_scope', {
    needed: scopes.join(','),
    provided: [...own].join(','),
  });
};

export const text = (call: CallContext, name: string): string | undefined => {
  const value = call.args[name];
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? value : JSON.stringify(value);
};

export const needText = (call: CallContext, name: string): string => {
  const value = text(call, name);
  if (value !== undefined && value !== '') return value;
  throw new SlackError('invalid_arguments', {
    response_metadata: { messages: [`[ERROR] missing required field: ${name}`] },
  });
};

export const flag = (call: CallContext, name: string): boolean =>
  [true, 'true', '1', 1].includes(call.args[name] as string);

/** A structured argument: an object in a JSON body, a JSON string in a form. */
export const structure = (call: CallContext, name: string, code: string): unknown => {
  const value = call.args[name];
  if (typeof value !== 'string') return value;
  if (value === '') return undefined;
  try {
    return JSON.parse(value) as unknown;
  } catch (error) {
    throw new SlackError(code, {
      response_metadata: { messages: [`[ERROR] ${name} is not JSON: ${String(error)}`] },
    });
  }
};

const kindScope = (channel: Channel, right: string): string => {
  const family = { public: 'channels', private: 'groups', im: 'im', mpim: 'mpim' }[channel.kind];
  return `${family}:${right}`;
};

/** channels:*, groups:*, im:* or mpim:*, as the kind of the conversation asks. */
export const needKindScope = (call: CallContext, channel: Channel, right: string): void => {
  needScope(call, [kindScope(channel, right)]);
};

/** A private conversation without the bot does not exist for the bot. */
export const needChannel = (call: CallContext, name = 'channel'): Channel => {
  const { state } = call;
  const channel = state.channels.get(needText(call, name));
  const isHidden = channel !== undefined && channel.kind !== 'public' && !channel.members.has(state.app.botUserId);
  if (channel === undefined || isHidden || !isChannelHere(state, channel)) throw new SlackError('channel_not_found');
  return channel;
};

/** Slack: docs.slack.dev/apis/web-api/pagination */
export const page = <T>(
  call: CallContext,
  all: T[],
  limits: { fallback: number; max: number },
): { items: T[]; metadata: { next_cursor: string } } => {
  const asked = text(call, 'limit');
  const limit = asked === undefined ? limits.fallback : Number(asked);
  if (!Number.isInteger(limit) || limit < 0) throw new SlackError('invalid_limit');
  const size = Math.min(limit === 0 ? limits.fallback : limit, limits.max);
  const start = readCursor(text(call, 'cursor'));
  const next = start + size < all.length ? writeCursor(start + size) : '';
  return { items: all.slice(start, start + size), metadata: { next_cursor: next } };
};

const writeCursor = (start: number): string => Buffer.from(`next:${start}`).toString('base64');

const readCursor = (cursor: string | undefined): number => {
  if (cursor === undefined || cursor === '') return 0;
  const start = /^next:(\d+)$/.exec(Buffer.from(cursor, 'base64').toString('utf8'))?.[1];
  if (start === undefined) throw new SlackError('invalid_cursor');
  return Number(start);
};
