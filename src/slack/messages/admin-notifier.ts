/** Tells admins news that belongs to no request: one direct message each, none twice, drawn again when something became of it. */
import type { WebClient } from '@slack/web-api';
import { isDomainError } from '../../domain/errors.ts';
import { sourceOf } from '../../domain/policy/sources.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Log } from '../../lib/log.ts';
import type { AdminNotification, AdminNotificationCopy } from '../../application/record/admin-notification-ports.ts';
import type { Store } from '../../application/deps.ts';
import type { Directory } from '../../application/identity/directory.ts';
import { announcementMessage } from './render/admin-notification.ts';
import { slackFailureOf } from '../connection/client.ts';

const LOOKUP_RETRY_MS = 10_000;
const PASSING_RETRY_MS = 2_000;

export type AdminNotifierSettings = {
  client: WebClient;
  store: Pick<Store, 'announcements'>;
  policy: () => Policy;
  directory: Pick<Directory, 'recentMembers'>;
  log: Log;
};

export type Announced = { outcome: 'done' } | { outcome: 'retry'; retryInMs: number; error: string };
export type AdminNotifier = { announce(announcementId: string): Promise<Announced> };

export const createAdminNotifier = (settings: AdminNotifierSettings): AdminNotifier => ({
  announce: async (id) => {
    const news = await settings.store.announcements.find(id);
    return news ? tellAll(settings, news) : { outcome: 'done' };
  },
});

const tellAll = async (settings: AdminNotifierSettings, news: AdminNotification): Promise<Announced> => {
  const admins = await findAdmins(settings);
  if ('outcome' in admins) return admins;
  for (const copy of news.copies) {
    const drawn = await redraw(settings, news, copy);
    if (drawn) return drawn;
  }
  const told = new Set(news.copies.map(({ userId }) => userId));
  for (const userId of admins) {
    const held = told.has(userId) ? null : await tell(settings, news, userId);
    if (held) return held;
  }
  return { outcome: 'done' };
};

const findAdmins = async ({ policy, directory, log }: AdminNotifierSettings): Promise<string[] | Announced> => {
  const rules = policy();
  try {
    const people = await directory.recentMembers(
      rules.admins.map((name) => sourceOf(rules, name)),
      null,
    );
    return people.map(({ userId }) => userId);
  } catch (error) {
    if (!isDomainError(error)) throw error;
    log.error({ err: error }, 'the admins cannot be looked up; their news waits');
    return { outcome: 'retry', retryInMs: LOOKUP_RETRY_MS, error: error.code };
  }
};

/** null when there is nothing more to do for this person; one who cannot be told holds up nobody else. */
const tell = async (
  { client, store, log }: AdminNotifierSettings,
  news: AdminNotification,
  userId: string,
): Promise<Announced | null> => {
  try {
    const { channel, ts } = await client.chat.postMessage({
      channel: userId,
      ...announcementMessage(news),
      unfurl_links: false,
    });
    if (!channel || !ts) throw new Error('chat.postMessage gave no channel or ts');
    await store.announcements.setTold(news.id, userId, { channel, ts, drawnVersion: news.version });
    return null;
  } catch (error) {
    const failure = heldBy(error);
    if (typeof failure !== 'string') return failure;
    log.warn({ announcement: news.id, userId, code: failure }, 'an admin cannot be told');
    await store.announcements.setTold(news.id, userId, { failure });
    return null;
  }
};

const redraw = async (
  { client, store, log }: AdminNotifierSettings,
  news: AdminNotification,
  { userId, channel, ts, drawnVersion }: AdminNotificationCopy,
): Promise<Announced | null> => {
  if (!channel || !ts || drawnVersion >= news.version) return null;
  try {
    await client.chat.update({ channel, ts, ...announcementMessage(news) });
  } catch (error) {
    const failure = heldBy(error);
    if (typeof failure !== 'string') return failure;
    log.warn({ announcement: news.id, userId, code: failure }, 'news cannot be drawn again');
  }
  await store.announcements.setTold(news.id, userId, { channel, ts, drawnVersion: news.version });
  return null;
};

/** To be tried again, or Slack's word for why it never works. */
const heldBy = (error: unknown): Announced | string => {
  const failure = slackFailureOf(error);
  if (!failure) throw error;
  if (failure.kind === 'permanent') return failure.code;
  const retryInMs = failure.kind === 'rate_limited' ? failure.retryInMs : PASSING_RETRY_MS;
  return { outcome: 'retry', retryInMs, error: failure.code };
};
