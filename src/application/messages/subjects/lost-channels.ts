/** Channels of the policy that a message could not be posted in: admins are notified once, and the people concerned get direct messages. */
import { channelsNamed, notifyLost } from '../channel-names.ts';
import type { MessageCopy } from '../message-ports.ts';
import type { SceneDeps } from '../scene.ts';

/** That its name was taken has a notice of its own. */
const isTaken = async ({ store }: SceneDeps, channel: string): Promise<boolean> =>
  channel.startsWith('#') && ((await store.read.channelName(channel.slice(1).toLowerCase()))?.takenBy ?? null) !== null;

/** `wanted`: the channel of the target, as the policy writes it; null where nothing is posted there now. */
export const noteLostChannels = async (
  sources: SceneDeps,
  {
    copies,
    wanted,
    channelId,
  }: { copies: readonly MessageCopy<'request'>[]; wanted: string | null; channelId: string | null },
): Promise<void> => {
  const { channel: delivery } = sources;
  if (wanted !== null && channelId === null && !(await isTaken(sources, wanted)))
    await notifyLost(sources, { channel: wanted, why: delivery.problemText('channel_not_found') });
  const failed = copies.filter(
    ({ audience, ts, failure }) => ts === null && failure !== null && delivery.isChannel(audience),
  );
  if (failed.length === 0) return;
  for (const channel of channelsNamed(sources.policy())) {
    const id = await delivery.findChannel(channel);
    const code = failed.find(({ audience }) => audience === id)?.failure;
    if (code) await notifyLost(sources, { channel, why: delivery.problemText(code) });
  }
};
