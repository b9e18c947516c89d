/** How far each person has read each channel, the same in all of their windows. */
import type { State } from '../slack/state.ts';

export type ReadMarks = {
  readTs: (userId: string, channelId: string) => string;
  mark: (userId: string, channelId: string, ts: string) => void;
  subscribe: (listener: (userId: string) => void) => () => void;
};

/** What was there before the page was served counts as read. */
export const createReadMarks = (state: State): ReadMarks => {
  const start = `${Math.floor(state.now().getTime() / 1_000)}.000000`;
  const marks = new Map<string, string>();
  const listeners = new Set<(userId: string) => void>();
  const readTs = (userId: string, channelId: string): string => marks.get(`${userId}/${channelId}`) ?? start;
  return {
    readTs,
    mark: (userId, channelId, ts) => {
      if (ts <= readTs(userId, channelId)) return;
      marks.set(`${userId}/${channelId}`, ts);
      for (const listener of listeners) listener(userId);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};
