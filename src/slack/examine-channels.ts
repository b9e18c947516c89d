/** Whether Latchkey's bot can post where the policy says so. */
import type { WebClient } from '@slack/web-api';
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { Finding } from '../domain/finding.ts';
import type { Policy } from '../domain/policy/types.ts';
import { namedPlaces, whereNamed } from '../domain/policy/named-places.ts';
import type { NamedPlace } from '../domain/policy/named-places.ts';

const PAGE = 999;
const PAGES_MAX = 50;

/** `teamId`: of the workspace, where Slack says it. */
type Channel = { id: string; name: string; teamId: string; isMember: boolean; isArchived: boolean };

const listChannels = async (client: WebClient, types: string): Promise<Channel[]> => {
  const channels: Channel[] = [];
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await client.conversations.list({ types, limit: PAGE, ...(cursor ? { cursor } : {}) });
    for (const { id, name, context_team_id: teamId = '', ...is } of answer.channels ?? [])
      if (id && name)
        channels.push({
          ...{ id, name: name.toLowerCase(), teamId },
          ...{ isMember: is.is_member === true, isArchived: is.is_archived === true },
        });
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (!cursor) break;
  }
  return channels;
};

/** Channel, as the policy writes it, to what it is for. */
const channelsOf = (policy: Policy): Map<string, NamedPlace[]> => {
  const wanted = new Map<string, NamedPlace[]>();
  for (const named of namedPlaces(policy))
    if (named.kind === 'channel') wanted.set(named.channel, [...(wanted.get(named.channel) ?? []), named]);
  return wanted;
};

const nameOf = (wanted: string): string => wanted.replace(/^#/, '').toLowerCase();

/** `#name` of any workspace, `#name@T…` of that one. */
const isNamed = ({ name, teamId }: Channel, wanted: string): boolean =>
  name === wanted || `${name}@${teamId}`.toLowerCase() === wanted;

const isAmbiguous = (channels: readonly Channel[], wanted: string): boolean =>
  new Set(channels.filter((one) => !one.isArchived && one.name === nameOf(wanted)).map(({ id }) => id)).size > 1;

/** An archived channel keeps its name until another takes it. */
const pick = (channels: readonly Channel[], wanted: string, keptId: string | undefined): Channel | undefined => {
  // A renamed channel is the same channel.
  const kept = channels.find(({ id }) => id === keptId);
  if (kept) return kept;
  const name = nameOf(wanted);
  const found = channels.filter((channel) => channel.id === wanted || isNamed(channel, name));
  return found.find(({ isArchived }) => !isArchived) ?? found[0];
};

/** Latchkey writes to a renamed channel, and to neither of two where another has the name now. */
const movedFinding = (where: string, { id, name }: Channel, channels: readonly Channel[]): Finding => {
  const wanted = /^#(\S+)/.exec(where)?.[1]?.toLowerCase();
  const taker = channels.find((one) => wanted !== undefined && isNamed(one, wanted) && !one.isArchived);
  return taker
    ? errorFinding(
        'channel_taken',
        `The name of ${where} belongs to another channel now (${taker.id}), so Latchkey posts in neither: write ${id} or ${taker.id} in the policy.`,
      )
    : warningFinding(
        'channel_renamed',
        `The channel ${where} is called #${name} now, and is the same channel (${id}): write that name or the id in the policy.`,
      );
};

export const examineChannels = async (
  client: WebClient,
  {
    policy,
    bot,
    kept,
    isPrivateToo,
  }: { policy: Policy; bot: string; kept: ReadonlyMap<string, string>; isPrivateToo: boolean },
): Promise<Finding[]> => {
  const wanted = channelsOf(policy);
  if (wanted.size === 0) return [];
  const channels = await listChannels(client, isPrivateToo ? 'public_channel,private_channel' : 'public_channel');
  return [...wanted].flatMap(([name, uses]): Finding[] => {
    const keptId = name.startsWith('#') ? kept.get(nameOf(name)) : undefined;
    const channel = pick(channels, name, keptId);
    const where = `${name} (${whereNamed(uses)})`;
    if (keptId === undefined && isAmbiguous(channels, name))
      return [
        errorFinding(
          'several_channels',
          `Several workspaces have a channel ${where}, and none of them is meant: write ${name}@T… with the id of the workspace, or the id of the channel.`,
        ),
      ];
    if (!channel)
      return [
        errorFinding(
          'no_channel',
          `The bot sees no channel ${where}: make it, correct its name, or type \`/invite @${bot}\` in it where it is private.`,
        ),
      ];
    if (channel.isArchived)
      return [errorFinding('channel_archived', `The channel ${where} is archived: restore it, or name another one.`)];
    const moved =
      name.startsWith('#') && !isNamed(channel, nameOf(name)) ? [movedFinding(where, channel, channels)] : [];
    return channel.isMember
      ? moved
      : [...moved, errorFinding('bot_not_in_channel', `The bot is not in ${where}: type \`/invite @${bot}\` there.`)];
  });
};
