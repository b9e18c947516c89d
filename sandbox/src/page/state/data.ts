/** What this window knows of the workspace, and how news changes it. Pure. */
import type { Hello, MessageCard, Push } from '../../page-server/protocol.ts';

export type Data = Omit<Hello, 'push' | 'messages'> & {
  /** By channel, oldest first. */
  messages: Record<string, MessageCard[]>;
};

const byTs = (a: MessageCard, b: MessageCard): number => (a.ts < b.ts ? -1 : 1);

const grouped = (messages: MessageCard[]): Data['messages'] => {
  const found: Data['messages'] = {};
  for (const message of messages) (found[message.channel] ??= []).push(message);
  return found;
};

const withMessage = (data: Data, message: MessageCard): Data => {
  const others = (data.messages[message.channel] ?? []).filter((one) => one.ts !== message.ts);
  const messages = { ...data.messages, [message.channel]: [...others, message].sort(byTs) };
  return { ...data, messages };
};

const without = (data: Data, channel: string, ts: string): Data => {
  const kept = (data.messages[channel] ?? []).filter((one) => one.ts !== ts);
  return { ...data, messages: { ...data.messages, [channel]: kept } };
};

type News = Exclude<Push, Hello | { push: 'answer' }>;

const applyNews = (data: Data, news: News): Data => {
  switch (news.push) {
    case 'message':
      return withMessage(data, news.message);
    case 'gone':
      return without(data, news.channel, news.ts);
    case 'history':
      return { ...data, messages: { ...data.messages, [news.channel]: news.messages } };
    case 'channels':
      return { ...data, channels: news.channels };
    case 'people':
      return { ...data, people: news.people, usergroups: news.usergroups };
    case 'modals':
      return { ...data, modals: news.modals };
    case 'home':
      return { ...data, home: news.home };
    case 'app':
      return { ...data, isAppHere: news.isAppHere };
    case 'world':
      return { ...data, world: news.world };
  }
};

export const apply = (data: Data | null, push: Push): Data | null => {
  if (push.push === 'answer') return data;
  if (push.push !== 'hello') return data === null ? null : applyNews(data, push);
  const { push: _push, messages, ...rest } = push;
  return { ...rest, messages: grouped(messages) };
};
