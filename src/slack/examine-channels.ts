/** Whether Latchkey's bot can post where the policy says so. */
import type { WebClient } from '@slack/web-api';
import { errorFinding } from '../domain/finding.ts';
import type { Finding } from '../domain/finding.ts';
import type { Policy } from '../domain/policy/types.ts';
import { CHANNEL_NAME } from '../application/messages/channel-names.ts';

const PAGE = 999;
const PAGES_MAX = 50;

type Channel = { id: string; name: string; isMember: boolean; isArchived: boolean };

const listChannels = async (client: WebClient, types: string): Promise<Channel[]> => {
  const channels: Channel[] = [];
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await client.conversations.list({ types, limit: PAGE, ...(cursor ? { cursor } : {}) });
    for (const { id, name, is_member: isMember, is_archived: isArchived } of answer.channels ?? [])
      if (id && name)
        channels.push({ id, name: name.toLowerCase(), isMember: isMember === true, isArchived: isArchived === true });
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (!cursor) break;
  }
  return channels;
};

/** Channel, as the policy writes it, to what it is for. */
const channelsOf = ({ targets, breakGlass }: Policy): Map<string, string[]> => {
  const wanted = new Map<string, string[]>();
  const add = (channel: string, what: string): void => void wanted.set(channel, [...(wanted.get(channel) ?? []), what]);
  for (const { name, channel } of Object.values(targets)) if (channel !== null) add(channel, `target ${name}`);
  for (const ref of breakGlass?.tell ?? []) if (CHANNEL_NAME.test(ref)) add(ref, 'break_glass.tell');
  return wanted;
};

const SHOWN_MAX = 3;
const usesOf = (uses: readonly string[]): string =>
  uses.length > SHOWN_MAX
    ? `${uses.slice(0, SHOWN_MAX).join(', ')} and ${uses.length - SHOWN_MAX} more`
    : uses.join(', ');

/** An archived channel keeps its name until another takes it. */
const pick = (channels: readonly Channel[], wanted: string): Channel | undefined => {
  const name = wanted.replace(/^#/, '').toLowerCase();
  const found = channels.filter((channel) => channel.id === wanted || channel.name === name);
  return found.find(({ isArchived }) => !isArchived) ?? found[0];
};

export const examineChannels = async (
  client: WebClient,
  { policy, bot, isPrivateToo }: { policy: Policy; bot: string; isPrivateToo: boolean },
): Promise<Finding[]> => {
  const wanted = channelsOf(policy);
  if (wanted.size === 0) return [];
  const channels = await listChannels(client, isPrivateToo ? 'public_channel,private_channel' : 'public_channel');
  return [...wanted].flatMap(([name, uses]): Finding[] => {
    const channel = pick(channels, name);
    const where = `${name} (${usesOf(uses)})`;
    if (!channel)
      return [
        errorFinding(
          'no_channel',
          `The bot sees no channel ${where}: make it, correct its name, or type \`/invite @${bot}\` in it where it is private.`,
        ),
      ];
    if (channel.isArchived)
      return [errorFinding('channel_archived', `The channel ${where} is archived: restore it, or name another one.`)];
    return channel.isMember
      ? []
      : [errorFinding('bot_not_in_channel', `The bot is not in ${where}: type \`/invite @${bot}\` there.`)];
  });
};
