/** What the page and its server say to each other over one WebSocket. The browser's code imports this too. */
import type { Pipeline, QueryResult, Quest, Tour, WorldConnection, WorldState } from '../demo/world.ts';
import type { Block, ChannelKind, InputValue, Json, Message } from '../slack/types.ts';

export type { Block, InputValue, Json, Pipeline, QueryResult, Quest, Tour, WorldConnection, WorldState };

export type PersonCard = {
  id: string;
  name: string;
  realName: string;
  title: string;
  isApp: boolean;
  isBot: boolean;
  isDeleted: boolean;
};

export type ChannelCard = {
  id: string;
  name: string;
  kind: ChannelKind;
  isMember: boolean;
  isArchived: boolean;
  topic: string;
  memberIds: string[];
  /** The ts up to which this person has read, in any of their windows. */
  readTs: string;
};

export type UsergroupCard = { id: string; handle: string; name: string };

export type Values = Record<string, Record<string, InputValue>>;

/** `values`: what this person chose in the inputs of the message. */
export type MessageCard = Pick<
  Message,
  | 'channel'
  | 'ts'
  | 'text'
  | 'user'
  | 'username'
  | 'subtype'
  | 'blocks'
  | 'attachments'
  | 'files'
  | 'thread_ts'
  | 'edited'
  | 'reactions'
> & { isEphemeral: boolean; isFromApp: boolean; values: Values };

export type ViewCard = {
  id: string;
  type: 'modal' | 'home';
  title: string;
  submit: string | null;
  close: string | null;
  blocks: Block[];
  isSubmitDisabled: boolean;
  isRoot: boolean;
  values: Values;
  errors: Record<string, string>;
};

export type CommandCard = { command: string; description: string; usageHint: string };

export type WorldCard = {
  state: WorldState | null;
  quests: Quest[];
  trouble: string | null;
  /** Null where there is no CI, and so no monitoring. */
  pipeline: Pipeline | null;
  tour: Tour | null;
};

export type Hello = {
  push: 'hello';
  me: string;
  title: string;
  warning: string;
  team: string;
  /** `isWritable`: whether people may write to it in its messages tab. */
  app: { id: string; name: string; isHomeEnabled: boolean; isWritable: boolean };
  isAppHere: boolean;
  commands: CommandCard[];
  people: PersonCard[];
  usergroups: UsergroupCard[];
  channels: ChannelCard[];
  messages: MessageCard[];
  modals: ViewCard[];
  home: ViewCard | null;
  world: WorldCard | null;
};

export type Push =
  | Hello
  | { push: 'message'; message: MessageCard; isNew: boolean }
  | { push: 'gone'; channel: string; ts: string }
  | { push: 'history'; channel: string; messages: MessageCard[] }
  | { push: 'channels'; channels: ChannelCard[] }
  | { push: 'people'; people: PersonCard[]; usergroups: UsergroupCard[] }
  | { push: 'modals'; modals: ViewCard[] }
  | { push: 'home'; home: ViewCard | null }
  | { push: 'app'; isAppHere: boolean }
  | { push: 'world'; world: WorldCard }
  | { push: 'answer'; id: number; value?: unknown; error?: string };

/** Where an element stands: a message, the modal on top, or the home tab. */
export type PlaceCard =
  | { is: 'message'; channel: string; ts: string }
  | { is: 'modal'; viewId: string }
  | { is: 'home' };

export type SubmitAnswer = { ok: boolean; errors: Record<string, string>; error?: string };
export type SuggestAnswer = { options: Json[]; optionGroups: Json[]; wasAsked: boolean; error?: string };
export type ActedAnswer = { ok: boolean; error?: string };

/** Close codes of the WebSocket that a client must not answer by connecting again. */
export const CLOSE_UNKNOWN_PERSON = 4004;
