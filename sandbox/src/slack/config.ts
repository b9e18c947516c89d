/** What a workspace is made from, and the defaults that make a small one believable. */
import type { Timing } from './types.ts';

export type PersonInput = {
  id?: string;
  name: string;
  realName?: string;
  /** What Slack shows of them and apps call them by; `name` where it is left out. */
  displayName?: string;
  email?: string;
  /** What they do, as their profile says it. */
  title?: string;
  tz?: string;
  isAdmin?: boolean;
  isDeleted?: boolean;
  isBot?: boolean;
  isGuest?: boolean;
  /** Custom profile fields, by field id. */
  fields?: Record<string, string>;
  /** Another team than the workspace's own makes an external user, met only in shared channels. */
  teamId?: string;
  /** In an organisation: all of its workspaces that they are a member of; their `teamId` where it is left out. */
  teamIds?: string[];
};

export type ChannelInput = {
  id?: string;
  name: string;
  isPrivate?: boolean;
  isArchived?: boolean;
  topic?: string;
  purpose?: string;
  /** Names or ids of people. The bot is a member only when `bot` (or its id) is named. */
  members?: string[];
  connectedTeamIds?: string[];
  /** In an organisation: the workspaces that share it; the first one where it is left out. */
  teamIds?: string[];
};

/** A field that the workspace adds to profiles. Slack: docs.slack.dev/reference/methods/team.profile.get */
export type ProfileField = {
  id: string;
  label: string;
  type?: 'text' | 'user' | 'link' | 'options_list' | 'date';
  /** Only admins edit it. */
  isProtected?: boolean;
  /** The identity provider fills it. */
  isScim?: boolean;
  isHidden?: boolean;
};

export type UsergroupInput = {
  id?: string;
  handle: string;
  name?: string;
  members: string[];
  isDisabled?: boolean;
  /** In an organisation: its workspace; the first one where it is left out. */
  teamId?: string;
};

/** The parts of an app manifest that change what Slack does. Slack: docs.slack.dev/reference/app-manifest */
export type ManifestInput = {
  display_information?: { name?: string };
  features?: {
    app_home?: { home_tab_enabled?: boolean; messages_tab_enabled?: boolean; messages_tab_read_only_enabled?: boolean };
    bot_user?: { display_name?: string };
    slash_commands?: { command: string; description?: string; usage_hint?: string; should_escape?: boolean }[];
    shortcuts?: { name: string; type: string; callback_id: string }[];
  };
  oauth_config?: { scopes?: { bot?: string[] } };
  settings?: { event_subscriptions?: { bot_events?: string[] }; interactivity?: { is_enabled?: boolean } };
};

export type WorkspaceConfig = {
  team?: { id?: string; name?: string; domain?: string };
  otherTeams?: { id: string; name: string; domain: string }[];
  /** Slack Enterprise: `team` and `teams` are its workspaces. The app is in none of them until it is installed by OAuth. */
  organisation?: { id: string; name: string; domain: string; teams: { id: string; name: string; domain: string }[] };
  /** Where Slack sends a browser that allowed the app. */
  redirectUrls?: string[];
  /** Token rotation, with tokens that live so long; null where tokens never expire. */
  tokenTtlS?: number | null;
  users?: PersonInput[];
  channels?: ChannelInput[];
  usergroups?: UsergroupInput[];
  profileFields?: ProfileField[];
  /** Scopes, events, commands and names are read from here when not given beside it. */
  manifest?: ManifestInput;
  botScopes?: string[];
  /** Events the app subscribed to; all that its scopes allow when absent. */
  botEvents?: string[];
  appId?: string;
  botName?: string;
  botToken?: string;
  appToken?: string;
  signingSecret?: string;
  /** HTTP mode: where Slack posts to. Socket Mode when absent. */
  requestUrl?: string;
  now?: () => Date;
  /** What `workspace.snapshot()` gave before. */
  snapshot?: Buffer;
  timing?: Partial<Timing>;
};

export const slackTiming: Timing = {
  ackMs: 3_000,
  triggerTtlMs: 3_000,
  responseUrlTtlMs: 30 * 60_000,
  eventRetryDelaysMs: [0, 60_000, 300_000],
  disconnectGraceMs: 10_000,
};

/** All scopes that any method or event here needs: used when neither scopes nor manifest are given. */
export const everyBotScope: string[] = [
  'app_mentions:read',
  'channels:history',
  'channels:join',
  'channels:manage',
  'channels:read',
  'chat:write',
  'chat:write.public',
  'chat:write.customize',
  'commands',
  'files:read',
  'files:write',
  'groups:history',
  'groups:read',
  'groups:write',
  'im:history',
  'im:read',
  'im:write',
  'mpim:history',
  'mpim:read',
  'mpim:write',
  'pins:write',
  'reactions:read',
  'reactions:write',
  'team:read',
  'usergroups:read',
  'users.profile:read',
  'users:read',
  'users:read.email',
];
