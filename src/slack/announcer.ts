/** Tells admins news that belongs to no request: one direct message each, and none twice. */
import type { WebClient } from '@slack/web-api';
import { isDomainError } from '../core/errors.ts';
import { sourceOf } from '../core/policy/sources.ts';
import type { Policy } from '../core/policy/types.ts';
import type { Log } from '../lib/log.ts';
import type { Announcement, Directory, Store } from '../usecases/ports.ts';
import { announcementMessage } from './blocks/announcement.ts';
import { slackFailureOf } from './client.ts';

const LOOKUP_RETRY_MS = 10_000;
const PASSING_RETRY_MS = 2_000;

export type AnnouncerSettings = {
  client: WebClient;
  store: Pick<Store, 'announcements'>;
  policy: () => Policy;
  directory: Pick<Directory, 'recentMembers'>;
  log: Log;
};

export type Announced = { outcome: 'done' } | { outcome: 'retry'; retryInMs: number; error: string };
export type Announcer = { announce(announcementId: string): Promise<Announced> };

export const createAnnouncer = (settings: AnnouncerSettings): Announcer => ({
  announce: async (id) => {
    const news = await settings.store.announcements.find(id);
    return news ? tellAll(settings, news) : { outcome: 'done' };
  },
});

const tellAll = async (settings: AnnouncerSettings, news: Announcement): Promise<Announced> => {
  const admins = await findAdmins(settings);
  if ('outcome' in admins) return admins;
  for (const userId of admins) {
    const told = news.told.includes(userId) ? null : await tell(settings, news, userId);
    if (told) return told;
  }
  return { outcome: 'done' };
};

const findAdmins = async ({ policy, directory, log }: AnnouncerSettings): Promise<string[] | Announced> => {
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
  { client, store, log }: AnnouncerSettings,
  news: Announcement,
  userId: string,
): Promise<Announced | null> => {
  try {
    await client.chat.postMessage({ channel: userId, ...announcementMessage(news), unfurl_links: false });
    await store.announcements.setTold(news.id, userId, null);
    return null;
  } catch (error) {
    const failure = slackFailureOf(error);
    if (!failure) throw error;
    if (failure.kind !== 'permanent') {
      const retryInMs = failure.kind === 'rate_limited' ? failure.retryInMs : PASSING_RETRY_MS;
      return { outcome: 'retry', retryInMs, error: failure.code };
    }
    log.warn({ announcement: news.id, userId, code: failure.code }, 'an admin cannot be told');
    await store.announcements.setTold(news.id, userId, failure.code);
    return null;
  }
};
