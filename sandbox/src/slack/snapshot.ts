/** The workspace's memory as bytes, so that a demo finds its messages again after a restart. */
import { deserialize, serialize } from 'node:v8';
import type { State } from './state.ts';

const VERSION = 2;

/** Triggers, response_urls and modals do not outlive a restart, as they would not outlive a reload. */
const kept = ['people', 'channels', 'messages', 'usergroups', 'files', 'homes'] as const;

type Saved = Pick<State, (typeof kept)[number] | 'counters'> & { version: number };

export const snapshot = (state: State): Buffer => {
  const { people, channels, messages, usergroups, files, homes, counters } = state;
  const saved: Saved = { version: VERSION, people, channels, messages, usergroups, files, homes, counters };
  return serialize(saved);
};

/** Replaces what the configuration made; an error when the bytes are of another version. */
export const restore = (state: State, bytes: Buffer): void => {
  const saved = deserialize(bytes) as Partial<Saved>;
  if (saved.version !== VERSION) {
    throw new Error(
      `The saved Slack workspace is of version ${saved.version}, this one reads ${VERSION}: start afresh.`,
    );
  }
  for (const noun of kept) Object.assign(state, { [noun]: saved[noun] });
  for (const view of state.homes.values()) state.views.set(view.id, view);
  Object.assign(state.counters, saved.counters);
};
