/** Keeps the workspace over a restart: people, channels, messages, home tabs and files. Open modals and triggers go, as they do in Slack. */
import { readJson, writeFileWhole } from './files.ts';
import type { State } from '../slack/state.ts';
import type {
  Change,
  Channel,
  InputValue,
  Message,
  Person,
  StoredFile,
  StoredView,
  Usergroup,
} from '../slack/types.ts';
import type { Workspace } from '../slack/workspace.ts';

type Saved = {
  version: 2;
  lastId: number;
  people: [string, Person][];
  channels: (Omit<Channel, 'members' | 'pins'> & { members: string[]; pins: string[] })[];
  messages: [string, Message[]][];
  usergroups: [string, Usergroup][];
  files: (Omit<StoredFile, 'bytes'> & { bytes: string })[];
  homes: [string, StoredView][];
  messageInputs: [string, Record<string, Record<string, InputValue>>][];
};

export type SlackKeeper = {
  /** Writes what is not written yet. */
  save(): void;
  stop(): void;
};

const SAVE_AFTER_MS = 300;
/** The workspace made its own ids up to here when it was filled. */
const FIRST_ID = 10_000;
/** The app's calls are kept for tests to look at; a demo may run for days. */
const KEPT_RECORDS = 500;
const UNSAVED = new Set<Change['type']>([
  'call',
  'delivery',
  'connections_changed',
  'modals_changed',
  'home_opened',
  'token_revoked',
]);

const refill = <Value>(map: Map<string, Value>, entries: Iterable<[string, Value]>): void => {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
};

const restore = (state: State, saved: Saved): void => {
  const bot = state.people.get(state.app.botUserId);
  refill(state.people, saved.people);
  if (bot) state.people.set(bot.id, bot);
  refill(
    state.channels,
    saved.channels.map((one) => [one.id, { ...one, members: new Set(one.members), pins: new Set(one.pins) }]),
  );
  refill(state.messages, saved.messages);
  refill(state.usergroups, saved.usergroups);
  refill(
    state.files,
    saved.files.map((one) => [one.id, { ...one, bytes: Buffer.from(one.bytes, 'base64') }]),
  );
  refill(state.homes, saved.homes);
  refill(
    state.views,
    saved.homes.map(([, view]) => [view.id, view]),
  );
  refill(state.messageInputs, saved.messageInputs);
};

const snapshot = (state: State, lastId: number): Saved => ({
  version: 2,
  lastId,
  people: [...state.people],
  channels: [...state.channels.values()].map((one) => ({ ...one, members: [...one.members], pins: [...one.pins] })),
  messages: [...state.messages],
  usergroups: [...state.usergroups],
  files: [...state.files.values()].map((one) => ({ ...one, bytes: one.bytes.toString('base64') })),
  homes: [...state.homes],
  messageInputs: [...state.messageInputs],
});

const trim = (list: unknown[]): void => void (list.length > KEPT_RECORDS * 2 && list.splice(0, KEPT_RECORDS));

/** Loads what was kept in `file`, and keeps it there from now on. */
export const keepSlackState = (
  workspace: Workspace,
  file: string,
  onBroken: (movedTo: string) => void,
): SlackKeeper => {
  const { state } = workspace;
  const saved = readJson(file, onBroken) as Saved | undefined;
  if (saved?.version === 2) restore(state, saved);
  let lastId = saved?.lastId ?? FIRST_ID;
  state.nextId = (prefix) => `${prefix}0L${(++lastId).toString(36).toUpperCase().padStart(7, '0')}`;
  let timer: NodeJS.Timeout | undefined;
  const save = (): void => {
    clearTimeout(timer);
    timer = undefined;
    writeFileWhole(file, JSON.stringify(snapshot(state, lastId)));
  };
  const unsubscribe = workspace.subscribe((change) => {
    trim(state.calls);
    trim(state.deliveries);
    if (!UNSAVED.has(change.type)) timer ??= setTimeout(save, SAVE_AFTER_MS);
  });
  return {
    save,
    stop: () => {
      unsubscribe();
      save();
    },
  };
};
