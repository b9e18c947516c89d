/** trigger_ids (three seconds, one use) and response_urls (thirty minutes, five uses). */
import { randomBytes } from 'node:crypto';
import { SlackError } from './errors.ts';
import type { ResponseUrl, State } from './state.ts';

/** Slack: docs.slack.dev/interactivity/handling-user-interaction, "up to 5 times within 30 minutes". */
const RESPONSE_URL_USES = 5;

export const newTrigger = (state: State, userId: string): string => {
  const [seconds] = state.nextTs().split('.');
  const id = `${seconds}.${state.triggers.size + 1}.${randomBytes(16).toString('hex')}`;
  const expiresAtMs = state.now().getTime() + state.timing.triggerTtlMs;
  state.triggers.set(id, { userId, botId: state.app.botId, expiresAtMs, isUsed: false });
  return id;
};

/** Gives the person whose act made the trigger, and uses it up. */
export const exchangeTrigger = (state: State, id: unknown): string => {
  const trigger = typeof id === 'string' ? state.triggers.get(id) : undefined;
  // Another installation's token knows nothing of it.
  if (trigger === undefined || trigger.botId !== state.app.botId) throw new SlackError('invalid_trigger_id');
  if (trigger.isUsed) throw new SlackError('exchanged_trigger_id');
  if (state.now().getTime() > trigger.expiresAtMs) throw new SlackError('expired_trigger_id');
  trigger.isUsed = true;
  return trigger.userId;
};

export const newResponseUrl = (
  state: State,
  given: Pick<ResponseUrl, 'userId' | 'channelId' | 'sourceTs' | 'threadTs'>,
): ResponseUrl => {
  const path = `/actions/${state.team.id}/${state.responseUrls.size + 1}/${randomBytes(12).toString('hex')}`;
  const url: ResponseUrl = {
    ...given,
    path,
    uses: 0,
    expiresAtMs: state.now().getTime() + state.timing.responseUrlTtlMs,
  };
  state.responseUrls.set(path, url);
  return url;
};

/** Counts one use, or says why there is none left. */
export const useResponseUrl = (state: State, path: string): ResponseUrl => {
  const url = state.responseUrls.get(path);
  if (url === undefined) throw new SlackError('invalid_url');
  if (state.now().getTime() > url.expiresAtMs) throw new SlackError('expired_url');
  if (url.uses >= RESPONSE_URL_USES) throw new SlackError('used_url');
  url.uses += 1;
  return url;
};
