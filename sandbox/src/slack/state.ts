/** The workspace's state: plain data, one clock, one stream of changes. Nothing here speaks HTTP. */
import type { Code, Installation, Organisation } from './organisation.ts';
import type { ProfileField } from './config.ts';
import type {
  Call,
  Change,
  Channel,
  DeliveryRecord,
  InputValue,
  Listener,
  Message,
  Person,
  StoredFile,
  StoredView,
  Team,
  Timing,
  Usergroup,
} from './types.ts';

export type AppIdentity = {
  appId: string;
  botId: string;
  botUserId: string;
  name: string;
  botToken: string;
  appToken: string;
  signingSecret: string;
  scopes: Set<string>;
  events: Set<string> | undefined;
  commands: { command: string; description: string; usageHint: string; isEscaped: boolean }[] | undefined;
  isHomeEnabled: boolean;
  isMessagesTabEnabled: boolean;
  isMessagesTabReadOnly: boolean;
  isInteractive: boolean;
  isRevoked: boolean;
};

export type Trigger = { userId: string; botId: string; expiresAtMs: number; isUsed: boolean };

export type ResponseUrl = {
  path: string;
  userId: string;
  channelId: string;
  sourceTs: string | undefined;
  threadTs: string | undefined;
  uses: number;
  expiresAtMs: number;
};

export type OAuth = {
  clientId: string;
  clientSecret: string;
  redirectUrls: string[];
  tokenTtlS: number | null;
  codes: Map<string, Code>;
};

export type Counters = { id: number; tsMicros: number };

export type State = {
  counters: Counters;
  team: Team;
  teams: Map<string, Team>;
  organisation: Organisation | null;
  /** Ids of its workspaces. */
  organisationTeams: Set<string>;
  installations: Map<string, Installation>;
  /** Whose view this is; null outside of an organisation, and for all of it. */
  installation: Installation | null;
  oauth: OAuth;
  people: Map<string, Person>;
  channels: Map<string, Channel>;
  messages: Map<string, Message[]>;
  usergroups: Map<string, Usergroup>;
  profileFields: ProfileField[];
  files: Map<string, StoredFile>;
  views: Map<string, StoredView>;
  /** Ids of open modals of each person, the one on top last. */
  modalStacks: Map<string, string[]>;
  homes: Map<string, StoredView>;
  /** What each person chose in the inputs of a message: `user/channel/ts`, block id, action id. */
  messageInputs: Map<string, Record<string, Record<string, InputValue>>>;
  triggers: Map<string, Trigger>;
  responseUrls: Map<string, ResponseUrl>;
  calls: Call[];
  deliveries: DeliveryRecord[];
  app: AppIdentity;
  timing: Timing;
  now: () => Date;
  nextTs: () => string;
  nextId: (prefix: string) => string;
  emit: (change: Change) => void;
  subscribe: (listener: Listener) => () => void;
};

/** The id of a person given by id or name (`bot` is the app's own user). */
export const personId = (state: State, who: string): string => {
  if (state.people.has(who)) return who;
  if (who === 'bot') return state.app.botUserId;
  const found = [...state.people.values()].find((person) => person.name === who.replace(/^@/, ''));
  if (found === undefined) throw new Error(`There is no person "${who}" in this workspace.`);
  return found.id;
};

/** The id of a channel given by id or name, with or without `#`. */
export const channelId = (state: State, which: string): string => {
  if (state.channels.has(which)) return which;
  const name = which.replace(/^#/, '');
  const found = [...state.channels.values()].find((channel) => channel.name === name);
  if (found === undefined) throw new Error(`There is no channel "${which}" in this workspace.`);
  return found.id;
};

export const isBotIn = (state: State, channel: Channel): boolean => channel.members.has(state.app.botUserId);

/** A log of a long demo must not grow for ever. */
const LOG_MAX = 20_000;

export const remember = <T>(log: T[], entry: T): void => {
  log.push(entry);
  if (log.length > LOG_MAX) log.splice(0, LOG_MAX / 2);
};
