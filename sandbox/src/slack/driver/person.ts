/** One person at their client: everything a test or the page does, it does as somebody. */
import * as channels from '../channels.ts';
import { DriverError } from '../errors.ts';
import { canRead, post, visibleTo } from '../messages.ts';
import { homeKey } from '../organisation.ts';
import { shortcutPayload } from '../payloads.ts';
import type { Place } from '../payloads.ts';
import type { Runtime } from '../runtime.ts';
import { channelId, personId } from '../state.ts';
import type { State } from '../state.ts';
import type { Channel, Message, StoredView } from '../types.ts';
import { stackOf } from '../views.ts';
import { click, clickStale, fill, suggest } from './act.ts';
import type { Acted, Chosen, Suggestions } from './act.ts';
import { runCommand } from './command.ts';
import type { Commanded } from './command.ts';
import { nameOf, placeOf } from './find.ts';
import type { Target, Wanted } from './find.ts';
import { close, submit } from './modal.ts';
import type { Submitted } from './modal.ts';

export type Where = { in?: Target; blockId?: string };
export type Conversation = { channelId: string; members: string[]; messages: Message[] };

export type PersonAtWork = {
  userId: string;
  /** A slash command, typed in a channel (id or name) or in the app's direct message when none is given. */
  command: (command: string, text?: string, channel?: string) => Promise<Commanded>;
  click: (target: Target, actionId: string, value?: string) => Promise<Acted>;
  /** A click in a window that did not redraw yet: `snapshot` is a message or modal as it was. */
  clickStale: (snapshot: Message | StoredView, actionId: string, value?: string) => Promise<Acted>;
  /** A choice in any select, radio, checkbox, date or time input: option values, ids, or whole options. */
  select: (actionId: string, chosen: Chosen, where?: Where) => Promise<Acted>;
  type: (actionId: string, text: string, where?: Where & { isEnter?: boolean }) => Promise<Acted>;
  suggest: (actionId: string, query: string, where?: Where) => Promise<Suggestions>;
  submit: (viewId?: string) => Promise<Submitted>;
  close: () => Promise<void>;
  shortcut: (callbackId: string, message?: Message) => Promise<Acted>;
  openHome: () => void;
  home: () => StoredView | undefined;
  /** The modal on top, with `values` as filled in and `errors` as shown. */
  modal: () => StoredView | undefined;
  modals: () => StoredView[];
  /** Messages of a channel as this person sees them, oldest first. */
  messages: (channel: string) => Message[];
  /** A message and its replies, as this person sees them. */
  thread: (channel: string, ts: string) => Message[];
  /** Direct messages between this person and the app. */
  dmsWithApp: () => Message[];
  dms: () => Conversation[];
  channels: () => Channel[];
  post: (channel: string, text: string, threadTs?: string) => Message;
  postToApp: (text: string) => Message;
  join: (channel: string) => void;
  leave: (channel: string) => void;
  /** Removes somebody, or the app. */
  kick: (channel: string, who: string) => void;
  invite: (channel: string, who: string) => void;
  createChannel: (name: string, options?: { isPrivate?: boolean }) => Channel;
  rename: (channel: string, name: string) => void;
  archive: (channel: string) => void;
  unarchive: (channel: string) => void;
  deleteChannel: (channel: string) => void;
  setTopic: (channel: string, topic: string) => void;
};

const find = (state: State, which: string): Channel => {
  const channel = state.channels.get(channelId(state, which));
  if (channel === undefined) throw new DriverError(`There is no channel "${which}".`);
  return channel;
};

const directWithApp = (state: State, userId: string): Channel =>
  channels.openDirect(state, [state.app.botUserId, userId]).channel;

const wantedOf = (actionId: string, where: Where | undefined, value?: string): Wanted => ({
  actionId,
  ...(where?.blockId === undefined ? {} : { blockId: where.blockId }),
  ...(value === undefined ? {} : { value }),
});

const clicks = (runtime: Runtime, userId: string): Pick<PersonAtWork, 'click' | 'clickStale' | 'shortcut'> => {
  const { state } = runtime;
  const stalePlace = (snapshot: Message | StoredView): Place =>
    'ts' in snapshot
      ? { is: 'message', message: snapshot, channel: find(state, snapshot.channel) }
      : { is: 'view', view: snapshot };
  return {
    click: (target, actionId, value) =>
      click(runtime, userId, { target, wanted: wantedOf(actionId, undefined, value) }),
    clickStale: (snapshot, actionId, value) =>
      clickStale(runtime, userId, {
        place: stalePlace(snapshot),
        wanted: wantedOf(actionId, undefined, value),
      }),
    shortcut: async (callbackId, message) => {
      const place = message === undefined ? undefined : placeOf(state, userId, message);
      const given = { callbackId, ...(place?.is === 'message' ? { place } : {}) };
      const ack = await runtime.delivery.interact(shortcutPayload(runtime, userId, given));
      return ack.ok ? { ok: true } : { ok: false, error: ack.error };
    },
  };
};

const inputs = (
  runtime: Runtime,
  userId: string,
): Pick<PersonAtWork, 'select' | 'type' | 'suggest' | 'submit' | 'close'> => ({
  select: (actionId, chosen, where) =>
    fill(runtime, userId, {
      target: where?.in ?? 'modal',
      wanted: wantedOf(actionId, where),
      chosen,
      isEnter: false,
    }),
  type: (actionId, text, where) =>
    fill(runtime, userId, {
      target: where?.in ?? 'modal',
      wanted: wantedOf(actionId, where),
      chosen: text,
      isEnter: where?.isEnter ?? false,
    }),
  suggest: (actionId, query, where) =>
    suggest(runtime, userId, {
      target: where?.in ?? 'modal',
      wanted: wantedOf(actionId, where),
      query,
    }),
  submit: (viewId) => submit(runtime, userId, viewId),
  close: () => close(runtime, userId),
});

const sights = (
  state: State,
  userId: string,
): Pick<PersonAtWork, 'home' | 'modal' | 'modals' | 'messages' | 'thread' | 'dmsWithApp' | 'dms' | 'channels'> => {
  const seen = (channel: Channel): Message[] => structuredClone(visibleTo(state, channel, userId));
  const mine = (): Channel[] => [...state.channels.values()].filter((one) => canRead(state, one, userId));
  return {
    home: () => structuredClone(state.homes.get(homeKey(state, userId))),
    modal: () => structuredClone(stackOf(state, userId).at(-1)),
    modals: () => structuredClone(stackOf(state, userId)),
    messages: (which) => seen(find(state, which)),
    thread: (which, ts) => seen(find(state, which)).filter((one) => one.ts === ts || one.thread_ts === ts),
    dmsWithApp: () => seen(directWithApp(state, userId)),
    dms: () =>
      mine()
        .filter((channel) => channel.kind === 'im' || channel.kind === 'mpim')
        .map((channel) => ({
          channelId: channel.id,
          members: [...channel.members],
          messages: seen(channel),
        })),
    channels: () => mine().filter((channel) => channel.kind === 'public' || channel.kind === 'private'),
  };
};

type ChannelActs = Pick<
  PersonAtWork,
  | 'post'
  | 'postToApp'
  | 'join'
  | 'leave'
  | 'kick'
  | 'invite'
  | 'createChannel'
  | 'rename'
  | 'archive'
  | 'unarchive'
  | 'deleteChannel'
  | 'setTopic'
>;

const channelActs = (state: State, userId: string): ChannelActs => {
  const write = (channel: Channel, text: string, threadTs?: string): Message => {
    if (!channel.members.has(userId)) {
      throw new DriverError(`${nameOf(state, userId)} is not in #${channel.name}.`);
    }
    if (channel.isArchived) throw new DriverError(`#${channel.name} is archived.`);
    const author = { userId, isApp: false };
    const thread = threadTs === undefined ? {} : { threadTs };
    return structuredClone(post(state, { channel, author, content: { text }, ...thread }));
  };
  return {
    post: (which, text, threadTs) => write(find(state, which), text, threadTs),
    postToApp: (text) => {
      if (!state.app.isMessagesTabEnabled || state.app.isMessagesTabReadOnly) {
        throw new DriverError('Sending messages to this app has been turned off.');
      }
      return write(directWithApp(state, userId), text);
    },
    join: (which) => channels.join(state, find(state, which), { userId }),
    leave: (which) => channels.leave(state, find(state, which), { userId }),
    kick: (which, who) => channels.leave(state, find(state, which), { userId: personId(state, who), actorId: userId }),
    invite: (which, who) =>
      channels.join(state, find(state, which), { userId: personId(state, who), inviterId: userId }),
    createChannel: (name, options) =>
      channels.createChannel(state, {
        name,
        isPrivate: options?.isPrivate ?? false,
        creator: userId,
      }),
    rename: (which, name) => channels.rename(state, find(state, which), { name, userId }),
    archive: (which) => channels.archive(state, find(state, which), userId),
    deleteChannel: (which) => channels.remove(state, find(state, which), userId),
    unarchive: (which) => channels.unarchive(state, find(state, which), userId),
    setTopic: (which, topic) => channels.setTopic(state, find(state, which), { topic, userId }),
  };
};

export const personAtWork = (runtime: Runtime, who: string): PersonAtWork => {
  const { state } = runtime;
  const userId = personId(state, who);
  return {
    userId,
    command: (command, text = '', which) =>
      runCommand(runtime, userId, {
        channel: which === undefined ? directWithApp(state, userId) : find(state, which),
        command,
        text,
      }),
    ...clicks(runtime, userId),
    ...inputs(runtime, userId),
    ...sights(state, userId),
    ...channelActs(state, userId),
    openHome: () => state.emit({ type: 'home_opened', userId, tab: 'home', teamId: state.team.id }),
  };
};
