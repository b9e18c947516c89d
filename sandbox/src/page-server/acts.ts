/** Does what a window wants. */
import type { Around, World } from '../demo/world.ts';
import { openDirect } from '../slack/channels.ts';
import type { Target } from '../slack/driver/find.ts';
import type { PersonAtWork } from '../slack/driver/person.ts';
import type { Workspace } from '../slack/workspace.ts';
import type { Act } from './act.ts';
import type { PlaceCard } from './protocol.ts';

export type Doer = {
  workspace: Workspace;
  world: World | undefined;
  person: PersonAtWork;
  /** SQL connections opened in this window; they end with it. */
  connections: Set<string>;
  markRead: (channel: string, ts: string) => void;
  /** Inputs of a message changed for this person; the workspace says nothing of it. */
  redraw: (at: { channel: string; ts: string }) => void;
};

type Handler<K extends Act['act']> = (doer: Doer, act: Extract<Act, { act: K }>) => unknown;

const targetOf = (given: PlaceCard): Target => {
  if (given.is === 'message') return { channel: given.channel, ts: given.ts };
  return given.is === 'modal' ? { id: given.viewId } : 'home';
};

const whereOf = (act: { place: PlaceCard; blockId: string }): { in: Target; blockId: string } => ({
  in: targetOf(act.place),
  blockId: act.blockId,
});

const worldOf = (doer: Doer): World => {
  if (doer.world === undefined) throw new Error('There is no demo database here.');
  return doer.world;
};

const aroundOf = (doer: Doer): Around => {
  const { around } = worldOf(doer);
  if (around === undefined) throw new Error('There is nothing around this database.');
  return around;
};

const ownConnection = (doer: Doer, connectionId: string): World => {
  if (!doer.connections.has(connectionId)) throw new Error('This SQL prompt is closed. Connect again.');
  return worldOf(doer);
};

const inputs = {
  click: (doer, act) => doer.person.click(targetOf(act.place), act.actionId, act.value),
  fill: async (doer, act) => {
    const acted = await doer.person.select(act.actionId, act.value, whereOf(act));
    if (act.place.is === 'message') doer.redraw(act.place);
    return acted;
  },
  write: (doer, act) => {
    // Slack: an emptied text field has no value.
    if (act.text === '') return doer.person.select(act.actionId, null, whereOf(act));
    return doer.person.type(act.actionId, act.text, { ...whereOf(act), isEnter: act.isEnter });
  },
  suggest: (doer, act) => doer.person.suggest(act.actionId, act.query, whereOf(act)),
  submit: (doer, act) => doer.person.submit(act.viewId),
  close: (doer, act) => (doer.person.modal()?.id === act.viewId ? doer.person.close() : undefined),
} satisfies { [K in Act['act']]?: Handler<K> };

const channels = {
  create_channel: (doer, act) => ({ id: doer.person.createChannel(act.name, { isPrivate: act.isPrivate }).id }),
  join: (doer, act) => doer.person.join(act.channel),
  leave: (doer, act) => doer.person.leave(act.channel),
  invite: (doer, act) => doer.person.invite(act.channel, act.userId),
  rename: (doer, act) => doer.person.rename(act.channel, act.name),
  set_topic: (doer, act) => doer.person.setTopic(act.channel, act.topic),
  archive: (doer, act) => (act.isArchived ? doer.person.archive(act.channel) : doer.person.unarchive(act.channel)),
  open_direct: (doer, act) => {
    const { state } = doer.workspace;
    if (!state.people.has(act.userId)) throw new Error('There is no such person.');
    return { id: openDirect(state, [doer.person.userId, act.userId]).channel.id };
  },
  read: (doer, act) => doer.markRead(act.channel, act.ts),
} satisfies { [K in Act['act']]?: Handler<K> };

const world = {
  world_connect: async (doer, act) => {
    const connection = await worldOf(doer).connect({ user: act.user, password: act.password });
    doer.connections.add(connection.id);
    return connection;
  },
  world_query: (doer, act) => ownConnection(doer, act.connectionId).query(act.connectionId, act.sql),
  world_disconnect: async (doer, act) => {
    const found = ownConnection(doer, act.connectionId);
    doer.connections.delete(act.connectionId);
    await found.disconnect(act.connectionId);
  },
  world_end_soon: (doer, act) => worldOf(doer).endSoon(act.grantId, act.inMs),
  world_pipeline: (doer) => aroundOf(doer).runPipeline(),
  world_alert: (doer) => aroundOf(doer).fireAlert(),
  world_tour: (doer, act) => (act.does === 'start' ? aroundOf(doer).startTour() : aroundOf(doer).stopTour()),
} satisfies { [K in Act['act']]?: Handler<K> };

const handlers: { [K in Act['act']]: Handler<K> } = {
  post: (doer, act) => {
    doer.person.post(act.channel, act.text, act.threadTs);
  },
  command: async (doer, act) => {
    const { ok, error } = await doer.person.command(act.command, act.text, act.channel);
    return { ok, error };
  },
  open_app: (doer, act) => {
    doer.workspace.state.emit({
      type: 'home_opened',
      userId: doer.person.userId,
      tab: act.tab,
      teamId: doer.workspace.state.team.id,
    });
  },
  ...inputs,
  ...channels,
  ...world,
};

/** Does what a window asks; what it gives back is shown there. */
export const perform = async (doer: Doer, act: Act): Promise<unknown> => {
  const handler = handlers[act.act] as (doer: Doer, act: Act) => unknown;
  return handler(doer, act);
};
