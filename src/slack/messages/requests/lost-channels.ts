/** Channels of the policy that a message could not be posted in: admins are notified once, and the people concerned get direct messages. */
import { newId } from '../../../lib/ids.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import type { Store } from '../../../application/deps.ts';
import { channelsNamed, notifyLost } from '../../../application/messages/channel-names.ts';
import type { MessageCopy } from '../../../application/messages/message-ports.ts';
import { roomOf } from '../channels.ts';
import type { Channels } from '../channels.ts';

type LostSources = {
  store: Pick<Store, 'transaction'> & { read: Pick<Store['read'], 'channelName'> };
  channels: Pick<Channels, 'idOf'>;
  policy: () => Policy;
};

/** Slack: docs.slack.dev/reference/methods/chat.postMessage, "Errors" */
const WHY: Record<string, string> = {
  is_archived: 'is archived: restore it, or name another channel in the policy.',
  channel_not_found:
    'is not there for Latchkey: it does not exist, is archived, or its bot is not in it. Invite the bot, or name another channel in the policy.',
  not_in_channel: 'does not have the bot as a member: type `/invite @latchkey` there.',
  restricted_action: 'lets only some people post: let the bot post there, or name another channel in the policy.',
};
const whyOf = (code: string): string =>
  WHY[code] ?? `refuses messages (${code}): look at it, or name another channel in the policy.`;

/** That its name was taken is told by a notice of its own. */
const isTaken = async ({ store }: LostSources, channel: string): Promise<boolean> =>
  channel.startsWith('#') && ((await store.read.channelName(channel.slice(1).toLowerCase()))?.takenBy ?? null) !== null;

/** `wanted`: the channel of the target, as the policy writes it; null where nothing is posted there now. */
export const noteLostChannels = async (
  sources: LostSources,
  { copies, wanted, channelId }: { copies: readonly MessageCopy[]; wanted: string | null; channelId: string | null },
): Promise<void> => {
  const deps = { store: sources.store, ids: { next: newId } };
  if (wanted !== null && channelId === null && !(await isTaken(sources, wanted)))
    await notifyLost(deps, { channel: wanted, why: whyOf('channel_not_found') });
  const failed = copies.filter(({ audience, ts, failure }) => ts === null && failure !== null && roomOf(audience));
  if (failed.length === 0) return;
  for (const channel of channelsNamed(sources.policy())) {
    const id = await sources.channels.idOf(channel);
    const code = failed.find(({ audience }) => audience === id)?.failure;
    if (code) await notifyLost(deps, { channel, why: whyOf(code) });
  }
};
