/** The channels of the benchmark's Slack that come and go, as events report them and as `conversations.*` shows them. */
import { TEAM_ID } from './signed.ts';

type Channel = { id: string; name: string; created: number; updated: number; creator: string; isArchived: boolean };

const channels = new Map<string, Channel>();

/** Slack: docs.slack.dev/reference/objects/conversation-object; `created` counts seconds, `updated` milliseconds. */
const shownOf = ({ isArchived, ...channel }: Channel): Record<string, unknown> => ({
  ...channel,
  is_channel: true,
  is_group: false,
  is_im: false,
  is_mpim: false,
  is_private: false,
  is_archived: isArchived,
  is_ext_shared: false,
  is_pending_ext_shared: false,
  context_team_id: TEAM_ID,
  topic: { value: '', creator: '', last_set: 0 },
  purpose: { value: '', creator: '', last_set: 0 },
  previous_names: [],
});

const mustFind = (id: string): Channel => {
  const channel = channels.get(id);
  if (!channel) throw new Error(`There is no channel ${id}.`);
  return channel;
};

export const channelOf = (id: string): Record<string, unknown> | null => {
  const channel = channels.get(id);
  return channel ? shownOf(channel) : null;
};

export const channelsNow = (): Record<string, unknown>[] =>
  [...channels.values()].filter(({ isArchived }) => !isArchived).map(shownOf);

/** What Slack sends when it is made: docs.slack.dev/reference/events/channel_created */
export const makeChannel = (name: string, creator: string): { id: string; event: Record<string, unknown> } => {
  const at = Date.now();
  const id = `C0INC${String(channels.size + 1).padStart(6, '0')}`;
  const channel = { id, name, created: Math.floor(at / 1_000), updated: at, creator, isArchived: false };
  channels.set(id, channel);
  const shown = { id, name, created: channel.created, creator };
  return { id, event: { type: 'channel_created', channel: shown, event_ts: String(at / 1_000) } };
};

/** docs.slack.dev/reference/events/channel_rename */
export const renameChannel = (id: string, name: string): Record<string, unknown> => {
  const at = Date.now();
  const channel = { ...mustFind(id), name, updated: at };
  channels.set(id, channel);
  const shown = { id, name, created: channel.created };
  return { type: 'channel_rename', channel: shown, event_ts: String(at / 1_000) };
};

/** docs.slack.dev/reference/events/channel_archive */
export const archiveChannel = (id: string): Record<string, unknown> => {
  const at = Date.now();
  const channel = { ...mustFind(id), isArchived: true, updated: at };
  channels.set(id, channel);
  return { type: 'channel_archive', channel: id, user: channel.creator, event_ts: String(at / 1_000) };
};
