/** Brings the messages of an alert in line with the database: posted once to each who is told, redrawn when it changes or is resolved. */
import type { WebClient } from '@slack/web-api';
import type { Policy } from '../../domain/policy/types.ts';
import type { AlertSource } from '../../domain/alerts/types.ts';
import type { Log } from '../../lib/log.ts';
import type { AlertMessageCopy, AlertView } from '../../application/alerts/alert-ports.ts';
import type { Store } from '../../application/deps.ts';
import { alertMessage } from './render/alert.ts';
import { slackFailureOf } from '../connection/client.ts';

const LEASE_MS = 60_000;
const BUSY_RETRY_MS = 500;
const PASSING_RETRY_MS = 2_000;

export type AlertNotifierSettings = {
  client: WebClient;
  store: Pick<Store, 'alertMessages'> & { read: Pick<Store['read'], 'alertView'> };
  policy: () => Policy;
  /** Called for each ask that was posted. */
  onAsked(source: AlertSource): void;
  log: Log;
};

type Told = { outcome: 'done' } | { outcome: 'retry'; retryInMs: number; error: string };
export type AlertNotifier = { tell(alertId: string): Promise<Told> };

export const createAlertNotifier = (settings: AlertNotifierSettings): AlertNotifier => ({
  tell: async (alertId) => {
    const { alertMessages } = settings.store;
    const claimed = await alertMessages.claim(alertId, LEASE_MS);
    // Gone, or drawn by another process at this moment.
    if (!claimed) return isGone(settings, alertId);
    let told: Told = { outcome: 'done' };
    let after = claimed;
    try {
      told = await drawAll(settings, alertId);
    } finally {
      after = await alertMessages.release(alertId);
    }
    // It changed meanwhile, and whoever came for that found it taken.
    const isOld = told.outcome === 'done' && after.version !== claimed.version;
    return isOld ? { outcome: 'retry', retryInMs: 0, error: 'it changed while it was drawn' } : told;
  },
});

const isGone = async ({ store }: AlertNotifierSettings, alertId: string): Promise<Told> =>
  (await store.read.alertView(alertId)) === null
    ? { outcome: 'done' }
    : { outcome: 'retry', retryInMs: BUSY_RETRY_MS, error: 'it is being drawn' };

const drawAll = async (settings: AlertNotifierSettings, alertId: string): Promise<Told> => {
  const { store, log } = settings;
  const view = await store.read.alertView(alertId);
  if (!view) return { outcome: 'done' };
  let retry: Told = { outcome: 'done' };
  for (const copy of await store.alertMessages.list(alertId)) {
    try {
      if (copy.failure === null && copy.drawnVersion < view.alert.version) await draw(settings, view, copy);
    } catch (error) {
      const failure = slackFailureOf(error);
      if (!failure) throw error;
      if (failure.kind === 'permanent') {
        log.warn(
          { alert: alertId, audience: copy.audience, code: failure.code },
          'somebody cannot be told of an alert',
        );
        await store.alertMessages.setFailure(copy.id, failure.code);
        // Not in that channel any more, say: then each of them by themselves.
        const isRoom = !view.alert.told.includes(copy.audience);
        if (isRoom) await store.alertMessages.plan(alertId, view.alert.told);
        if (isRoom) retry = { outcome: 'retry', retryInMs: 0, error: failure.code };
      } else {
        const retryInMs = failure.kind === 'rate_limited' ? failure.retryInMs : PASSING_RETRY_MS;
        retry = { outcome: 'retry', retryInMs, error: failure.code };
      }
    }
  }
  return retry;
};

const draw = async (settings: AlertNotifierSettings, view: AlertView, copy: AlertMessageCopy): Promise<void> => {
  const { client, store, policy, onAsked } = settings;
  const { alert } = view;
  const message = alertMessage(policy(), view, copy.audience);
  const { channel, ts } = copy;
  if (channel && ts) {
    await client.chat.update({ channel, ts, ...message });
    return store.alertMessages.setDrawn(copy.id, alert.version);
  }
  // Resolved before it was told: there is nothing to do for anybody.
  if (alert.state === 'resolved') return;
  const posted = await client.chat.postMessage({ channel: copy.audience, ...message, unfurl_links: false });
  if (!posted.channel || !posted.ts) throw new Error('chat.postMessage gave no channel or ts');
  await store.alertMessages.setPosted(copy.id, {
    channel: posted.channel,
    ts: posted.ts,
    drawnVersion: alert.version,
  });
  onAsked(alert.source);
};
