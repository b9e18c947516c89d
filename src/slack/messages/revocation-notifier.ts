/** Shows whoever ordered a great end how far it has come, in one message that is drawn again until nothing of it is left. */
import { createHash } from 'node:crypto';
import type { WebClient } from '@slack/web-api';
import type { Policy } from '../../domain/policy/types.ts';
import type { Log } from '../../lib/log.ts';
import type { RevocationView } from '../../application/revocations/revocation-ports.ts';
import type { Store } from '../../application/deps.ts';
import { revocationMessage } from './render/revocation.ts';
import { slackFailureOf } from '../connection/client.ts';

const PASSING_RETRY_MS = 2_000;
/** Slack: docs.slack.dev/apis/web-api/rate-limits: chat.update may be called some fifty times a minute. */
const SOON_MS = 1_500;
const LATER_MS = 15_000;
/** Until then most of it has ended; what has not waits for its target. */
const SOON_FOR_MS = 2 * 60_000;

type NotifierSettings = {
  client: WebClient;
  store: Pick<Store, 'setRevocationDrawn'> & { read: Pick<Store['read'], 'revocation'> };
  policy: () => Policy;
  log: Log;
};

type Told = { outcome: 'done' } | { outcome: 'retry'; retryInMs: number; error: string };
type RevocationNotifier = { tell(revocationId: string): Promise<Told> };

export const createRevocationNotifier = (settings: NotifierSettings): RevocationNotifier => ({
  tell: async (id) => {
    const view = await settings.store.read.revocation(id);
    if (!view) return { outcome: 'done' };
    try {
      await draw(settings, view);
    } catch (error) {
      const failure = slackFailureOf(error);
      if (!failure) throw error;
      if (failure.kind === 'permanent') {
        settings.log.warn({ revocation: id, code: failure.code }, 'the progress of an order cannot be shown');
        return { outcome: 'done' };
      }
      const retryInMs = failure.kind === 'rate_limited' ? failure.retryInMs : PASSING_RETRY_MS;
      return { outcome: 'retry', retryInMs, error: failure.code };
    }
    if (view.finishedAt) return { outcome: 'done' };
    const isNew = view.now.getTime() - view.createdAt.getTime() < SOON_FOR_MS;
    return { outcome: 'retry', retryInMs: isNew ? SOON_MS : LATER_MS, error: 'it is not finished' };
  },
});

/** What stands there already is not drawn again: Slack counts every call. */
const draw = async ({ client, store, policy }: NotifierSettings, view: RevocationView): Promise<void> => {
  const message = revocationMessage(policy(), view);
  const drawn = createHash('sha256').update(JSON.stringify(message)).digest('hex');
  const { id, channel, ts } = view;
  if (channel && ts) {
    if (drawn === view.drawn) return;
    await client.chat.update({ channel, ts, ...message });
    return store.setRevocationDrawn(id, { channel, ts, drawn });
  }
  const posted = await client.chat.postMessage({ channel: view.by.userId, ...message, unfurl_links: false });
  if (!posted.channel || !posted.ts) throw new Error('chat.postMessage gave no channel or ts');
  return store.setRevocationDrawn(id, { channel: posted.channel, ts: posted.ts, drawn });
};
