/** users.*, usergroups.*, team.info, bots.info. Slack: docs.slack.dev/reference/methods/users.info and its siblings */
import { SlackError } from '../errors.ts';
import { isChannelHere, isMember } from '../organisation.ts';
import type { Json, Person } from '../types.ts';
import { personWire, profileWire, usergroupWire } from '../wire.ts';
import { bot, flag, needText, page, text } from './method.ts';
import type { CallContext, Method } from './method.ts';

/** A person of another team is known only through a shared channel. */
const isVisible = (call: CallContext, person: Person): boolean =>
  isMember(call.state, person) ||
  [...call.state.channels.values()].some(
    (channel) =>
      isChannelHere(call.state, channel) &&
      channel.connectedTeamIds.length + channel.teamIds.length > 1 &&
      channel.members.has(person.id),
  );

const needPerson = (call: CallContext, id: string): Person => {
  const person = call.state.people.get(id);
  if (person === undefined) throw new SlackError('user_not_found');
  if (!isVisible(call, person)) throw new SlackError('user_not_visible');
  return person;
};

const usersInfo = (call: CallContext): Json => ({
  user: personWire(call.state, needPerson(call, needText(call, 'user'))),
});

const usersList = (call: CallContext): Json => {
  const { state } = call;
  const all = [...state.people.values()].filter((one) => isMember(state, one));
  const { items, metadata } = page(call, all, { fallback: 1_000, max: 1_000 });
  return {
    members: items.map((person) => personWire(state, person)),
    cache_ts: Math.floor(state.now().getTime() / 1_000),
    response_metadata: metadata,
  };
};

const lookupByEmail = (call: CallContext): Json => {
  const email = needText(call, 'email').toLowerCase();
  const { state } = call;
  const found = [...state.people.values()].find(
    (person) => person.email.toLowerCase() === email && isMember(state, person) && !person.isDeleted,
  );
  if (found === undefined) throw new SlackError('users_not_found');
  return { user: personWire(state, found) };
};

/** Custom fields are shown here only, not by users.info. */
const profile = (call: CallContext): Json => {
  const person = needPerson(call, text(call, 'user') ?? call.state.app.botUserId);
  const labels = new Map(call.state.profileFields.map(({ id, label }) => [id, label]));
  const fields = Object.entries(person.fields).map(([id, field]) => {
    const label = flag(call, 'include_labels') ? labels.get(id) : undefined;
    return [id, { ...field, ...(label !== undefined && { label }) }];
  });
  return { profile: { ...profileWire(call.state, person), fields: Object.fromEntries(fields) as Json } };
};

const profileFields = (call: CallContext): Json => ({
  profile: {
    fields: call.state.profileFields.map(({ id, label, type, ...has }, ordering) => ({
      id,
      ordering,
      label,
      hint: '',
      type: type ?? 'text',
      is_hidden: has.isHidden ?? false,
      options: { is_protected: has.isProtected ?? false, is_scim: has.isScim ?? false },
    })),
  },
});

const usergroupsList = (call: CallContext): Json => ({
  usergroups: [...call.state.usergroups.values()]
    .filter(({ teamId }) => teamId === call.state.team.id)
    .filter((group) => flag(call, 'include_disabled') || !group.isDisabled)
    .map((group) => usergroupWire(group, flag(call, 'include_users'))),
});

const usergroupUsers = (call: CallContext): Json => {
  const group = call.state.usergroups.get(needText(call, 'usergroup'));
  if (group === undefined || group.teamId !== call.state.team.id) throw new SlackError('no_such_subteam');
  if (group.isDisabled && !flag(call, 'include_disabled')) throw new SlackError('subteam_disabled');
  return { users: [...group.members] };
};

const botsInfo = (call: CallContext): Json => {
  const { app } = call.state;
  const asked = text(call, 'bot');
  if (asked !== undefined && asked !== app.botId) throw new SlackError('bot_not_found');
  return {
    bot: { id: app.botId, app_id: app.appId, user_id: app.botUserId, name: app.name, deleted: false },
  };
};

const teamInfo = (call: CallContext): Json => {
  const asked = text(call, 'team') ?? call.state.team.id;
  const team = call.state.teams.get(asked);
  if (team === undefined) throw new SlackError('team_not_found');
  return { team: { ...team, email_domain: `${team.domain}.test`, url: `https://${team.domain}.slack.com/` } };
};

export const peopleMethods: Record<string, Method> = {
  'users.info': bot(['users:read'], usersInfo),
  'users.list': bot(['users:read'], usersList),
  'users.lookupByEmail': bot(['users:read.email'], lookupByEmail),
  'users.profile.get': bot(['users.profile:read'], profile),
  'team.profile.get': bot(['users.profile:read'], profileFields),
  'usergroups.list': bot(['usergroups:read'], usergroupsList),
  'usergroups.users.list': bot(['usergroups:read'], usergroupUsers),
  'bots.info': bot(['users:read'], botsInfo),
  'team.info': bot(['team:read'], teamInfo),
};
