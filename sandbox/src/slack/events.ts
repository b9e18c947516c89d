/** From what happened to the Events API: which change is which event, and who is allowed to hear of it. */
import { openDirect } from './channels.ts';
import { messageWire } from './messages.ts';
import { homeKey, isChannelHere, isMember, seenBy } from './organisation.ts';
import { isBotIn } from './state.ts';
import type { State } from './state.ts';
import type { Change, Channel, ChannelKind, Json, Message } from './types.ts';
import { viewWire } from './views.ts';
import { channelWire, personWire, usergroupWire } from './wire.ts';

/** `subscription` is the name in the manifest; any of `scopes` is enough, none asked when empty. */
export type AppEvent = { subscription: string; scopes: string[]; event: Json };

/** `short`: Slack: docs.slack.dev/reference/events/member_left_channel: private channels say C too, since March 2021. */
const familyOf: Record<ChannelKind, { message: string; history: string; short: string }> = {
  public: { message: 'channel', history: 'channels', short: 'C' },
  private: { message: 'group', history: 'groups', short: 'C' },
  im: { message: 'im', history: 'im', short: 'D' },
  mpim: { message: 'mpim', history: 'mpim', short: 'G' },
};

const readScope = (channel: Channel): string => `${familyOf[channel.kind].history}:read`;

/** Public channels are everyone's news; of private ones only members hear. */
const hearsOf = (state: State, channel: Channel): boolean => channel.kind === 'public' || isBotIn(state, channel);

const messageEvents = (state: State, channel: Channel, event: Json): AppEvent[] => {
  if (!isBotIn(state, channel)) return [];
  const family = familyOf[channel.kind];
  const whole = { ...event, channel: channel.id, channel_type: family.message };
  return [
    {
      subscription: `message.${family.history}`,
      scopes: [`${family.history}:history`],
      event: whole,
    },
  ];
};

const posted = (state: State, channel: Channel, message: Message): AppEvent[] => {
  if (message.ephemeralFor !== undefined) return [];
  const event = { ...messageWire(state, message), event_ts: message.ts };
  const found = messageEvents(state, channel, event);
  const isMention = message.text.includes(`<@${state.app.botUserId}>`) && channel.kind !== 'im';
  if (!isMention || message.user === state.app.botUserId) return found;
  return [
    ...found,
    {
      subscription: 'app_mention',
      scopes: ['app_mentions:read'],
      event: { ...event, type: 'app_mention', channel: channel.id },
    },
  ];
};

const edited = (state: State, channel: Channel, change: { message: Message; previous?: Message }): AppEvent[] => {
  if (change.message.ephemeralFor !== undefined) return [];
  const ts = state.nextTs();
  const body =
    change.previous === undefined
      ? {
          subtype: 'message_deleted',
          deleted_ts: change.message.ts,
          previous_message: messageWire(state, change.message),
        }
      : {
          subtype: 'message_changed',
          message: messageWire(state, change.message),
          previous_message: messageWire(state, change.previous),
        };
  return messageEvents(state, channel, { type: 'message', hidden: true, ts, event_ts: ts, ...body });
};

/** channel_* for public, group_* for private ones. */
const lifecycle = (state: State, channel: Channel, given: { verb: string; body: Json }): AppEvent[] => {
  if (!hearsOf(state, channel) || channel.kind === 'im' || channel.kind === 'mpim') return [];
  const type = `${channel.kind === 'public' ? 'channel' : 'group'}_${given.verb}`;
  const event = { type, ...given.body, event_ts: state.nextTs() };
  return [{ subscription: type, scopes: [readScope(channel)], event }];
};

/** The last that is heard of a private channel. Slack: docs.slack.dev/reference/events/group_left, channel_left */
const ownLeave = (state: State, channel: Channel, actorId: string): AppEvent[] => {
  if (channel.kind === 'im' || channel.kind === 'mpim') return [];
  const type = channel.kind === 'public' ? 'channel_left' : 'group_left';
  const event = { type, channel: channel.id, actor_id: actorId, event_ts: state.nextTs() };
  return [{ subscription: type, scopes: [readScope(channel)], event }];
};

const membership = (
  state: State,
  channel: Channel,
  given: { type: string; userId: string; inviterId?: string; actorId?: string },
): AppEvent[] => {
  const isOwnLeave = given.type === 'member_left_channel' && given.userId === state.app.botUserId;
  if (isOwnLeave) return ownLeave(state, channel, given.actorId ?? given.userId);
  if (!isBotIn(state, channel) || channel.kind === 'im') return [];
  const event = {
    type: given.type,
    user: given.userId,
    channel: channel.id,
    channel_type: familyOf[channel.kind].short,
    team: state.team.id,
    event_ts: state.nextTs(),
    ...(given.inviterId === undefined ? {} : { inviter: given.inviterId }),
  };
  return [{ subscription: given.type, scopes: ['channels:read', 'groups:read'], event }];
};

const inChannel = (state: State, change: Change & { channelId: string }): AppEvent[] => {
  const channel = state.channels.get(change.channelId);
  if (channel === undefined || !isChannelHere(state, channel)) return [];
  const verb = (name: string, body: Json): AppEvent[] => lifecycle(state, channel, { verb: name, body });
  switch (change.type) {
    case 'message_posted':
      return posted(state, channel, change.message);
    case 'message_changed':
      return edited(state, channel, change);
    case 'message_deleted':
      return edited(state, channel, { message: change.message });
    case 'channel_created':
      return channel.kind === 'public' ? verb('created', { channel: channelWire(state, channel) }) : [];
    case 'channel_renamed':
      return verb('rename', {
        channel: { id: channel.id, name: channel.name, created: channel.createdAtS },
      });
    case 'channel_archived':
      return verb('archive', { channel: channel.id, user: change.userId });
    case 'channel_unarchived':
      return verb('unarchive', { channel: channel.id, user: change.userId });
    case 'member_joined':
      return membership(state, channel, { ...change, type: 'member_joined_channel' });
    case 'member_left':
      return membership(state, channel, { ...change, type: 'member_left_channel' });
    case 'reaction_added':
      return reaction(state, channel, change);
    default:
      return [];
  }
};

const reaction = (state: State, channel: Channel, change: Change & { type: 'reaction_added' }): AppEvent[] =>
  isBotIn(state, channel)
    ? [
        {
          subscription: 'reaction_added',
          scopes: ['reactions:read'],
          event: {
            type: 'reaction_added',
            user: change.userId,
            reaction: change.name,
            item: { type: 'message', channel: channel.id, ts: change.ts },
            event_ts: state.nextTs(),
          },
        },
      ]
    : [];

const aboutPerson = (state: State, change: { type: string; userId: string }): AppEvent[] => {
  const person = state.people.get(change.userId);
  if (person === undefined || !isMember(state, person)) return [];
  const type = change.type === 'person_joined' ? 'team_join' : 'user_change';
  const event = { type, user: personWire(state, person), event_ts: state.nextTs() };
  return [{ subscription: type, scopes: ['users:read'], event }];
};

const homeOpened = (state: State, change: Change & { type: 'home_opened' }): AppEvent[] => {
  const { channel } = openDirect(state, [state.app.botUserId, change.userId]);
  const view = state.homes.get(homeKey(state, change.userId));
  const event = {
    type: 'app_home_opened',
    user: change.userId,
    channel: channel.id,
    tab: change.tab,
    event_ts: state.nextTs(),
    ...(view === undefined || change.tab !== 'home' ? {} : { view: viewWire(state, view) }),
  };
  return [{ subscription: 'app_home_opened', scopes: [], event }];
};

/** Slack: docs.slack.dev/reference/events/subteam_updated: "The users field is truncated at 500" */
const SHOWN_MEMBERS_MAX = 500;

type GroupChange = Change & { type: 'usergroup_changed' };

const isTeamHere = ({ installation, team }: State, teamId: string): boolean =>
  installation?.teamId === null || team.id === teamId;

/** The group as it is, and what changed in it. */
const groupChanged = (state: State, { usergroupId, previousS, added, removed }: GroupChange): AppEvent[] => {
  const group = state.usergroups.get(usergroupId);
  if (group === undefined || !isTeamHere(state, group.teamId)) return [];
  const scopes = ['usergroups:read'];
  const subteam = { ...usergroupWire(group, true), users: group.members.slice(0, SHOWN_MEMBERS_MAX) };
  const delta = {
    subteam_id: group.id,
    team_id: group.teamId,
    date_previous_update: previousS,
    date_update: group.updatedS,
    added_users: added,
    added_users_count: String(added.length),
    removed_users: removed,
    removed_users_count: String(removed.length),
  };
  const event = (type: string, body: Json): AppEvent => ({
    subscription: type,
    scopes,
    event: { type, ...body, event_ts: state.nextTs() },
  });
  return [event('subteam_updated', { subteam }), event('subteam_members_changed', delta)];
};

const tokenRevoked = (state: State): AppEvent[] => [
  {
    subscription: 'tokens_revoked',
    scopes: [],
    event: { type: 'tokens_revoked', tokens: { bot: [state.app.botUserId] }, event_ts: state.nextTs() },
  },
  {
    subscription: 'app_uninstalled',
    scopes: [],
    event: { type: 'app_uninstalled', event_ts: state.nextTs() },
  },
];

/** Everything the Events API would say about one change, before subscriptions are looked at. */
const eventsOf = (state: State, change: Change): AppEvent[] => {
  switch (change.type) {
    case 'person_joined':
    case 'person_changed':
      return aboutPerson(state, change);
    case 'home_opened':
      return isTeamHere(state, change.teamId) ? homeOpened(state, change) : [];
    case 'usergroup_changed':
      return groupChanged(state, change);
    case 'channel_deleted':
      return lifecycle(state, change.channel, { verb: 'deleted', body: { channel: change.channelId } });
    case 'token_revoked':
      return change.installationId === state.installation?.id ? tokenRevoked(state) : [];
    default:
      return 'channelId' in change ? inChannel(state, change) : [];
  }
};

const isWanted = ({ app }: State, one: AppEvent): boolean =>
  (app.events === undefined || app.events.has(one.subscription)) &&
  (one.scopes.length === 0 || one.scopes.some((scope) => app.scopes.has(scope)));

/** The envelope around an event. Slack: docs.slack.dev/apis/events-api#callback-field */
const wrap = (state: State, event: Json, teamId: string): Json => ({
  token: 'local',
  team_id: teamId,
  ...(state.organisation ? { enterprise_id: state.organisation.id } : {}),
  context_team_id: teamId,
  context_enterprise_id: state.organisation?.id ?? null,
  api_app_id: state.app.appId,
  event,
  type: 'event_callback',
  event_id: state.nextId('Ev'),
  event_time: Math.floor(state.now().getTime() / 1_000),
  authorizations: [
    {
      enterprise_id: state.organisation?.id ?? null,
      team_id: state.installation?.teamId === null ? null : teamId,
      user_id: state.app.botUserId,
      is_bot: true,
      is_enterprise_install: state.installation?.teamId === null,
    },
  ],
  is_ext_shared_channel: false,
});

const heardBy = (state: State, change: Change): Json[] =>
  eventsOf(state, change)
    .filter((one) => isWanted(state, one))
    .map((one) => wrap(state, one.event, teamOf(state, change)));

/** Where it happened: of an installation for all, the workspace of the person, group or channel. */
const teamOf = (state: State, change: Change): string => {
  if (state.installation?.teamId !== null) return state.team.id;
  const first = (teamIds: string[] | undefined): string => teamIds?.[0] ?? state.team.id;
  if (change.type === 'home_opened') return change.teamId;
  if (change.type === 'usergroup_changed') return first([state.usergroups.get(change.usergroupId)?.teamId ?? '']);
  if ('channelId' in change) return first(state.channels.get(change.channelId)?.teamIds);
  return 'userId' in change ? first(state.people.get(change.userId)?.teamIds) : state.team.id;
};

/**
 * Several installations may hear of one channel's event: Slack sends it once, with one of the authorizations. What concerns a workspace is
 * sent for each. Slack: docs.slack.dev/apis/events-api#authorizations
 */
export const callbacksOf = (state: State, change: Change): Json[] => {
  if (state.organisation === null) return heardBy(state, change);
  const isRevoked = change.type === 'token_revoked';
  const views = [...state.installations.values()]
    .filter((one) => isRevoked || !one.isRevoked)
    .map((one) => seenBy(state, one));
  const heard = views.map((view) => heardBy(view, change)).filter((events) => events.length > 0);
  return 'channelId' in change ? (heard[0] ?? []) : heard.flat();
};
