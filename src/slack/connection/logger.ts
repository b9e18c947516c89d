/** What Slack's libraries log, in our log. */
import type { WebClientOptions } from '@slack/web-api';
import type { Log } from '../../lib/log.ts';

export type SlackLogger = NonNullable<WebClientOptions['logger']>;

/** Slack's logger interface onto ours. Debug lines of the library hold whole payloads, so they are never written. */
export const slackLogger = (log: Log): SlackLogger => {
  type Level = ReturnType<SlackLogger['getLevel']>;
  const say = (parts: unknown[]): string =>
    parts
      .map((part) => (part instanceof Error ? part.message : typeof part === 'string' ? part : ''))
      .join(' ')
      .slice(0, 500);
  return {
    debug: () => undefined,
    info: (...parts: unknown[]) => log.debug({}, say(parts)),
    warn: (...parts: unknown[]) => log.warn({}, say(parts)),
    error: (...parts: unknown[]) => log.error({}, say(parts)),
    setLevel: () => undefined,
    getLevel: () => 'info' as Level,
    setName: () => undefined,
  };
};
