/** People, channels, files and groups in Slack's own words. */
import { isMember, isOfOrganisation } from './organisation.ts';
import { isBotIn } from './state.ts';
import type { State } from './state.ts';
import type { Channel, Json, Person, StoredFile, Usergroup } from './types.ts';

const offsetS = (tz: string, now: Date): number => {
  try {
    const local = new Date(now.toLocaleString('en-US', { timeZone: tz }));
    const utc = new Date(now.toLocaleString('en-US', { timeZone: 'UTC' }));
    return Math.round((local.getTime() - utc.getTime()) / 1_000);
  } catch (error) {
    throw new Error(`"${tz}" is not a time zone; use a name like Europe/Berlin.`, { cause: error });
  }
};

/** Slack: docs.slack.dev/reference/objects/user-object, `enterprise_user` */
const enterpriseUser = (state: State, { id, teamIds, isAdmin }: Person): Json => {
  const { organisation } = state;
  const teams = teamIds.filter((teamId) => isOfOrganisation(state, teamId));
  if (organisation === null || teams.length === 0) return {};
  const { id: enterpriseId, name } = organisation;
  const own = { id, enterprise_id: enterpriseId, enterprise_name: name, is_admin: isAdmin, is_owner: false, teams };
  return { enterprise_user: own };
};

const teamOf = (state: State, { teamId, teamIds }: Person): string =>
  teamIds.includes(state.team.id) ? state.team.id : teamId;

export const personWire = (state: State, person: Person): Json => ({
  id: person.id,
  team_id: teamOf(state, person),
  name: person.name,
  deleted: person.isDeleted,
  real_name: person.realName,
  tz: person.tz,
  tz_label: person.tz,
  tz_offset: offsetS(person.tz, state.now()),
  profile: profileWire(state, person),
  is_admin: person.isAdmin,
  is_owner: false,
  is_primary_owner: false,
  is_restricted: person.isGuest,
  is_ultra_restricted: false,
  is_bot: person.isBot,
  is_app_user: person.isBot,
  ...enterpriseUser(state, person),
  ...(isMember(state, person) ? {} : { is_stranger: true }),
  updated: Math.floor(state.now().getTime() / 1_000),
});

const AVATAR_SIZES = [24, 32, 48, 72, 192, 512];

/** Where Slack keeps faces. Nothing is loaded from there: the local page draws these addresses itself. */
const avatarUrls = (person: Person): Json =>
  Object.fromEntries(
    AVATAR_SIZES.map((size) => [`image_${size}`, `https://avatars.slack-edge.com/local/${person.id}_${size}.png`]),
  );

/** Slack: an e-mail address is shown to apps with users:read.email only. */
export const profileWire = (state: State, person: Person): Json => ({
  real_name: person.realName,
  display_name: person.displayName,
  team: teamOf(state, person),
  ...avatarUrls(person),
  ...(person.email !== '' && state.app.scopes.has('users:read.email') ? { email: person.email } : {}),
  ...(person.id === state.app.botUserId ? { api_app_id: state.app.appId, bot_id: state.app.botId } : {}),
});

/** Slack: docs.slack.dev/messaging/formatting-message-text, "Escaping text": what people typed comes back so. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** In an organisation: the workspace of the token, or the first one that the channel is in. */
const contextTeamOf = (state: State, { teamIds }: Channel): string =>
  teamIds.includes(state.team.id) ? state.team.id : (teamIds[0] ?? state.team.id);

export const channelWire = (state: State, channel: Channel): Json => {
  const common = {
    id: channel.id,
    created: channel.createdAtS,
    updated: channel.updatedMs ?? channel.createdAtS * 1_000,
    is_archived: channel.isArchived,
    is_im: channel.kind === 'im',
    is_mpim: channel.kind === 'mpim',
    is_private: channel.kind !== 'public',
    is_org_shared: channel.teamIds.length > 1,
    context_team_id: contextTeamOf(state, channel),
  };
  if (channel.kind === 'im') {
    const other = [...channel.members].find((id) => id !== state.app.botUserId);
    return { ...common, user: other, is_user_deleted: state.people.get(other ?? '')?.isDeleted };
  }
  return {
    ...common,
    name: channel.name,
    name_normalized: channel.name,
    creator: channel.creator,
    is_channel: channel.kind === 'public',
    is_group: channel.kind === 'private',
    is_general: channel.name === 'general',
    is_member: isBotIn(state, channel),
    is_shared: channel.connectedTeamIds.length > 0 || channel.teamIds.length > 1,
    is_ext_shared: channel.connectedTeamIds.length > 0,
    shared_team_ids: [...channel.teamIds, ...channel.connectedTeamIds],
    topic: { value: escaped(channel.topic), creator: channel.creator, last_set: channel.createdAtS },
    purpose: { value: escaped(channel.purpose), creator: channel.creator, last_set: channel.createdAtS },
    previous_names: channel.previousNames ?? [],
    num_members: channel.members.size,
  };
};

/** Of a user group that was not changed since the workspace was made. */
export const CREATED_S = 1_700_000_000;

export const usergroupWire = (group: Usergroup, withUsers: boolean): Json => ({
  id: group.id,
  team_id: group.teamId,
  is_usergroup: true,
  handle: group.handle,
  name: group.name,
  description: '',
  date_update: group.updatedS ?? CREATED_S,
  date_delete: group.isDisabled ? 1 : 0,
  user_count: group.members.length,
  ...(withUsers ? { users: [...group.members] } : {}),
});

export const fileWire = (state: State, file: StoredFile): Json => ({
  id: file.id,
  name: file.name,
  title: file.title,
  user: file.userId,
  size: file.bytes.length,
  created: file.createdAtS,
  timestamp: file.createdAtS,
  mode: 'hosted',
  filetype: file.name.split('.').at(-1) ?? '',
  permalink: `https://${state.team.domain}.slack.com/files/${file.userId}/${file.id}/${file.name}`,
});
