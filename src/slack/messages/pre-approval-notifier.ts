/** Tells somebody what they are allowed ahead of time, once; and draws that message again when it was taken back. */
import type { WebClient } from '@slack/web-api';
import type { Policy } from '../../domain/policy/types.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from '../../application/deps.ts';
import { allowanceMessage } from './render/pre-approval.ts';
import { slackFailureOf } from '../connection/client.ts';

const PASSING_RETRY_MS = 2_000;

export type NotifierSettings = {
  client: WebClient;
  store: Pick<Store, 'setAllowanceTold'> & { read: Pick<Store['read'], 'allowance'> };
  policy: () => Policy;
  log: Log;
};

type Told = { outcome: 'done' } | { outcome: 'retry'; retryInMs: number; error: string };
type PreApprovalNotifier = { tell(allowanceId: string): Promise<Told> };

export const createPreApprovalNotifier = (settings: NotifierSettings): PreApprovalNotifier => ({
  tell: async (id) => {
    try {
      await draw(settings, id);
      return { outcome: 'done' };
    } catch (error) {
      const failure = slackFailureOf(error);
      if (!failure) throw error;
      if (failure.kind !== 'permanent') {
        const retryInMs = failure.kind === 'rate_limited' ? failure.retryInMs : PASSING_RETRY_MS;
        return { outcome: 'retry', retryInMs, error: failure.code };
      }
      settings.log.warn({ allowance: id, code: failure.code }, 'somebody cannot be told what they are allowed');
      return { outcome: 'done' };
    }
  },
});

const draw = async ({ client, store, policy }: NotifierSettings, id: string): Promise<void> => {
  const allowance = await store.read.allowance(id);
  if (!allowance) return;
  const message = allowanceMessage(policy(), allowance);
  const { channel, ts } = allowance;
  if (channel && ts) return void (await client.chat.update({ channel, ts, ...message }));
  // Taken back before it was told: there is nothing to say.
  if (allowance.revokedAt) return;
  const posted = await client.chat.postMessage({ channel: allowance.person.userId, ...message, unfurl_links: false });
  if (!posted.channel || !posted.ts) throw new Error('chat.postMessage gave no channel or ts');
  await store.setAllowanceTold(id, { channel: posted.channel, ts: posted.ts });
};
