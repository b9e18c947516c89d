/** The nouns of the local Slack workspace: what it keeps, and what it says when something changes. */

export type Json = Record<string, unknown>;

/** A block as it travels, see docs.slack.dev/reference/block-kit/blocks. */
export type Block = Json & { type: string; block_id?: string };

export type Team = { id: string; name: string; domain: string };

export type Person = {
  id: string;
  teamId: string;
  /** More than one only in an organisation. */
  teamIds: string[];
  name: string;
  realName: string;
  displayName: string;
  email: string;
  title: string;
  tz: string;
  isAdmin: boolean;
  isDeleted: boolean;
  isBot: boolean;
  /** A guest: not a full member of the team. */
  isGuest: boolean;
  /** Custom profile fields by field id, as users.profile.get shows them. */
  fields: Record<string, { value: string; alt: string }>;
};

export type ChannelKind = 'public' | 'private' | 'im' | 'mpim';

export type Channel = {
  id: string;
  name: string;
  kind: ChannelKind;
  members: Set<string>;
  isArchived: boolean;
  topic: string;
  purpose: string;
  creator: string;
  createdAtS: number;
  /** When its name, topic or archive last changed, in milliseconds; absent while they never did. */
  updatedMs?: number;
  previousNames?: string[];
  /** Other teams in a shared channel. */
  connectedTeamIds: string[];
  /** The workspaces of the organisation that share it. */
  teamIds: string[];
  pins: Set<string>;
};

export type StoredFile = {
  id: string;
  name: string;
  title: string;
  bytes: Buffer;
  userId: string;
  createdAtS: number;
  isComplete: boolean;
};

/** A message in Slack's own words; `ephemeralFor` is the one person who can see it. */
export type Message = {
  type: 'message';
  channel: string;
  ts: string;
  text: string;
  user?: string;
  bot_id?: string;
  app_id?: string;
  username?: string;
  subtype?: string;
  /** Of `channel_topic`, and of `channel_name`. */
  topic?: string;
  name?: string;
  old_name?: string;
  blocks?: Block[];
  attachments?: Json[];
  files?: Json[];
  metadata?: Json;
  thread_ts?: string;
  edited?: { user: string; ts: string };
  reactions: { name: string; users: string[] }[];
  ephemeralFor?: string;
};

export type InputValue = { type: string } & Json;

export type StoredView = {
  id: string;
  type: 'modal' | 'home';
  userId: string;
  title: Json | null;
  submit: Json | null;
  close: Json | null;
  blocks: Block[];
  privateMetadata: string;
  callbackId: string;
  externalId: string;
  hash: string;
  rootViewId: string;
  previousViewId: string | null;
  clearOnClose: boolean;
  notifyOnClose: boolean;
  isSubmitDisabled: boolean;
  /** What the person has filled in so far: block id, then action id. */
  values: Record<string, Record<string, InputValue>>;
  /** Field errors the app answered to the last submit, by block id. */
  errors: Record<string, string>;
};

export type Usergroup = {
  id: string;
  teamId: string;
  handle: string;
  name: string;
  members: string[];
  isDisabled: boolean;
  /** Of the last change, in seconds; later changes are at least a second later. */
  updatedS?: number;
};

/** One Web API call (or use of a response_url), as the app made it. */
export type Call = {
  method: string;
  args: Json;
  at: Date;
  answer: Json;
  status: number;
  /** Empty for a use of a response_url. */
  userAgent: string;
};

export type DeliveryRecord = {
  kind: 'events_api' | 'slash_commands' | 'interactive';
  payload: Json;
  retryNum: number;
  outcome: 'acked' | 'failed';
  error?: string;
  at: Date;
};

/** Everything a page or a waiting test wants to hear about. */
export type Change =
  | { type: 'message_posted'; channelId: string; message: Message }
  | { type: 'message_changed'; channelId: string; message: Message; previous: Message }
  | { type: 'message_deleted'; channelId: string; message: Message; deletedBy: string }
  | { type: 'reaction_added'; channelId: string; ts: string; name: string; userId: string }
  | { type: 'pin_added'; channelId: string; ts: string; userId: string }
  | { type: 'channel_created'; channelId: string; userId: string }
  | { type: 'channel_renamed'; channelId: string; previousName: string }
  | { type: 'channel_deleted'; channelId: string; channel: Channel; userId: string }
  | { type: 'channel_archived'; channelId: string; userId: string }
  | { type: 'channel_unarchived'; channelId: string; userId: string }
  | { type: 'channel_topic'; channelId: string; userId: string }
  | { type: 'member_joined'; channelId: string; userId: string; inviterId?: string }
  | { type: 'member_left'; channelId: string; userId: string; actorId?: string }
  | { type: 'person_joined'; userId: string }
  | { type: 'person_changed'; userId: string }
  | { type: 'usergroup_changed'; usergroupId: string; previousS: number; added: string[]; removed: string[] }
  | { type: 'modals_changed'; userId: string }
  | { type: 'home_changed'; userId: string }
  | { type: 'home_opened'; userId: string; tab: 'home' | 'messages'; teamId: string }
  | { type: 'file_shared'; fileId: string; channelId: string }
  /** `installationId`: in an organisation. */
  | { type: 'token_revoked'; installationId?: string }
  | { type: 'connections_changed'; count: number }
  | { type: 'call'; call: Call }
  /** What the call did is done, and its caller was not notified: the connection was gone first. */
  | { type: 'answer_lost'; call: Call }
  | { type: 'delivery'; delivery: DeliveryRecord };

export type Listener = (change: Change) => void;

/** How long things live and how long Slack waits. Defaults are Slack's own. */
export type Timing = {
  /** An interaction or event not acknowledged in this time has failed. */
  ackMs: number;
  /** Slack: docs.slack.dev/interactivity/handling-user-interaction, "trigger_id expires in 3 seconds". */
  triggerTtlMs: number;
  /** Slack: a response_url serves 5 times in 30 minutes. */
  responseUrlTtlMs: number;
  /** Slack: docs.slack.dev/apis/events-api, retried at once, after one minute, after five minutes. */
  eventRetryDelaysMs: number[];
  /** How long a connection stays open after it was notified that it will be closed. */
  disconnectGraceMs: number;
};
