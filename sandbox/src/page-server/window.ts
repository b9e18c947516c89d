/** One open window of the page: a WebSocket that is one person. */
import type { WebSocket } from 'ws';
import type { World } from '../demo/world.ts';
import { canRead, findMessage } from '../slack/messages.ts';
import type { Change } from '../slack/types.ts';
import type { Workspace } from '../slack/workspace.ts';
import { Act } from './act.ts';
import { perform } from './acts.ts';
import type { Doer } from './acts.ts';
import * as cards from './cards.ts';
import type { Hello, Push } from './protocol.ts';
import type { ReadMarks } from './read-marks.ts';
import type { WorldLink } from './world-link.ts';

export type Shared = {
  workspace: Workspace;
  world: World | undefined;
  worldLink: WorldLink | undefined;
  marks: ReadMarks;
  title: string;
  warning: string;
};

type Window = { shared: Shared; userId: string; send: (push: Push) => void };

const hello = ({ shared, userId }: Window): Hello => {
  const { workspace } = shared;
  const { state } = workspace;
  const { app } = state;
  return {
    push: 'hello',
    me: userId,
    title: shared.title,
    warning: shared.warning,
    team: state.team.name,
    app: {
      id: app.botUserId,
      name: app.name,
      isHomeEnabled: app.isHomeEnabled,
      isWritable: app.isMessagesTabEnabled && !app.isMessagesTabReadOnly,
    },
    isAppHere: cards.isAppHere(workspace),
    commands: app.commands ?? [],
    people: cards.peopleCards(state),
    usergroups: cards.usergroupCards(state),
    channels: cards.channelCards(state, userId, shared.marks.readTs),
    messages: [...state.channels.values()]
      .filter((channel) => canRead(state, channel, userId))
      .flatMap((channel) => cards.historyOf(state, userId, channel)),
    modals: cards.modalCards(state, userId),
    home: cards.homeCard(state, userId),
    world: shared.worldLink?.card() ?? null,
  };
};

const sendChannels = ({ shared, userId, send }: Window): void =>
  send({ push: 'channels', channels: cards.channelCards(shared.workspace.state, userId, shared.marks.readTs) });

/** Also what was said before this person could read the channel. */
const sendHistory = (window: Window, channelId: string): void => {
  const { state } = window.shared.workspace;
  const channel = state.channels.get(channelId);
  if (channel === undefined || !canRead(state, channel, window.userId)) return;
  window.send({ push: 'history', channel: channelId, messages: cards.historyOf(state, window.userId, channel) });
};

const sendMessage = (window: Window, at: { channel: string; ts: string }, isNew: boolean): void => {
  const { state } = window.shared.workspace;
  const message = findMessage(state, at.channel, at.ts);
  if (message === undefined || !cards.maySee(state, window.userId, message)) return;
  window.send({ push: 'message', message: cards.messageCard(state, window.userId, message), isNew });
};

const tellOfMessage = (window: Window, change: Change): void => {
  const { state } = window.shared.workspace;
  if (change.type === 'message_posted') sendMessage(window, change.message, true);
  if (change.type === 'message_changed') sendMessage(window, change.message, false);
  if (change.type === 'message_deleted' && cards.maySee(state, window.userId, change.message)) {
    window.send({ push: 'gone', channel: change.channelId, ts: change.message.ts });
  }
  if (change.type === 'reaction_added') sendMessage(window, { channel: change.channelId, ts: change.ts }, false);
};

const tellOfOwn = ({ shared, userId, send }: Window, change: Change): void => {
  const { state } = shared.workspace;
  if (change.type === 'modals_changed' && change.userId === userId) {
    send({ push: 'modals', modals: cards.modalCards(state, userId) });
  }
  if (change.type === 'home_changed' && change.userId === userId) {
    send({ push: 'home', home: cards.homeCard(state, userId) });
  }
  if (change.type === 'person_joined' || change.type === 'person_changed' || change.type === 'usergroup_changed') {
    send({ push: 'people', people: cards.peopleCards(state), usergroups: cards.usergroupCards(state) });
  }
  if (change.type === 'connections_changed') send({ push: 'app', isAppHere: cards.isAppHere(shared.workspace) });
};

const notify = (window: Window, change: Change): void => {
  tellOfMessage(window, change);
  tellOfOwn(window, change);
  if (change.type === 'member_joined' && change.userId === window.userId) sendHistory(window, change.channelId);
  if (change.type.startsWith('channel_') || change.type.startsWith('member_')) sendChannels(window);
};

const obey = async (doer: Doer, raw: string): Promise<Push | undefined> => {
  const asked = JSON.parse(raw) as { id?: unknown };
  const id = typeof asked.id === 'number' ? asked.id : 0;
  const act = Act.safeParse(asked);
  if (!act.success) return { push: 'answer', id, error: `The page sent something unknown: ${act.error.message}` };
  try {
    return { push: 'answer', id, value: await perform(doer, act.data) };
  } catch (error) {
    return { push: 'answer', id, error: error instanceof Error ? error.message : String(error) };
  }
};

const leave = async (doer: Doer): Promise<void> => {
  for (const id of doer.connections) await doer.world?.disconnect(id);
};

export const openWindow = (socket: WebSocket, shared: Shared, userId: string): void => {
  const warn = (error: unknown): void => process.emitWarning(error instanceof Error ? error : String(error));
  const send = (push: Push): void => {
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(push));
  };
  const window: Window = { shared, userId, send };
  const doer: Doer = {
    workspace: shared.workspace,
    world: shared.world,
    person: shared.workspace.as(userId),
    connections: new Set(),
    markRead: (channel, ts) => shared.marks.mark(userId, channel, ts),
    redraw: (at) => sendMessage(window, at, false),
  };
  const stops = [
    shared.workspace.subscribe((change) => notify(window, change)),
    shared.marks.subscribe((who) => who === userId && sendChannels(window)),
    shared.worldLink?.subscribe((world) => send({ push: 'world', world })),
  ];
  socket.on('message', (data: Buffer) => {
    obey(doer, data.toString('utf8')).then((answer) => answer && send(answer), warn);
  });
  socket.on('error', warn);
  socket.on('close', () => {
    for (const stop of stops) stop?.();
    leave(doer).catch(warn);
  });
  send(hello(window));
};
