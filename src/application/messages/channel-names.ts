/**
 * A channel that the policy names is the channel that had this name when Latchkey first looked. Names move: channels are renamed, and
 * somebody else may take the name. So its id is kept, and another channel that has the name now is not written to.
 */
import { namedPlaces, whereNamed } from '../../domain/policy/named-places.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Ids, Store } from '../deps.ts';
import { closeNotification, keyOf, notifyAdmins } from '../record/notify-admins.ts';

/** How the policy writes a channel: `#name` or its id. */
export const CHANNEL_NAME = /^(#\S+|[CG][A-Z0-9]{6,})$/;

type Deps = { store: Pick<Store, 'transaction'> & { read: Pick<Store['read'], 'channelName'> }; ids: Ids };

/** Which channel has the name now, as Slack lists it, or null where none has: as of a few minutes ago, or asked anew. */
export type NamedChannel = { name: string; recent: () => Promise<string | null>; fresh: () => Promise<string | null> };

/** Every channel that the policy names, as it writes it. */
export const channelsNamed = (policy: Policy): string[] => [
  ...new Set(namedPlaces(policy).flatMap((named) => (named.kind === 'channel' ? [named.channel] : []))),
];

/** `why` ends the sentence "#name …", and says what to do. */
export const notifyLost = (
  { store, ids, policy }: { store: Pick<Store, 'transaction'>; ids: Ids; policy: () => Policy },
  { channel, why }: { channel: string; why: string },
): Promise<void> =>
  store.transaction(async (tx) => {
    await notifyAdmins(tx, ids, {
      kind: 'channel_gone',
      about: channel,
      untilClosed: true,
      facts: { kind: 'lost_channel', channel },
      lines: [`${channel} ${why}`, ...placesLines(policy(), channel)],
    });
  });

const placesLines = (policy: Policy, channel: string): string[] => {
  const places = namedPlaces(policy).filter((named) => named.kind === 'channel' && named.channel === channel);
  return places.length > 0 ? [`The policy names it here: ${whereNamed(places)}.`] : [];
};

const KIND = 'channel_taken';
const aboutOf = (name: string, takenBy: string): string => `${name}:${takenBy}`;

/** The id to write to; null where the name belongs to another channel now, or to none that was ever seen. */
export const channelFor = async (deps: Deps, { name, recent, fresh }: NamedChannel): Promise<string | null> => {
  const kept = await deps.store.read.channelName(name);
  if (kept === null) {
    // A channel that was made since the last look is worth another one.
    const firstId = (await recent()) ?? (await fresh());
    return firstId === null ? null : deps.store.transaction((tx) => tx.channelNames.keep(name, firstId));
  }
  const foundId = await recent();
  // A name that no channel has: it was renamed, and is the same channel.
  if (foundId === null) return kept.channelId;
  if (foundId !== kept.channelId) {
    if (kept.takenBy !== foundId) await notifyTaken(deps, { ...kept, name, foundId });
    return null;
  }
  if (kept.takenBy !== null) await noteBack(deps, name, kept.takenBy);
  return kept.channelId;
};

const notifyTaken = (
  { store, ids }: Deps,
  {
    name,
    foundId,
    channelId: keptId,
    takenBy,
  }: { name: string; foundId: string; channelId: string; takenBy: string | null },
): Promise<void> =>
  store.transaction(async (tx) => {
    if (!(await tx.channelNames.setTaken(name, foundId))) return;
    if (takenBy !== null)
      await closeNotification(tx, keyOf(KIND, aboutOf(name, takenBy)), 'Yet another channel has the name now.');
    await notifyAdmins(tx, ids, {
      kind: KIND,
      about: aboutOf(name, foundId),
      untilClosed: true,
      facts: { kind: 'channel', name },
      lines: [
        `The name #${name} belonged to the channel ${keptId} and belongs to ${foundId} now. Latchkey posts in neither; approvers and others concerned get direct messages.`,
        `Write the id of the right channel in the policy in place of "#${name}", or give the name back to ${keptId}.`,
      ],
    });
  });

const noteBack = ({ store }: Deps, name: string, takenBy: string): Promise<void> =>
  store.transaction(async (tx) => {
    if (await tx.channelNames.setTaken(name, null))
      await closeNotification(
        tx,
        keyOf(KIND, aboutOf(name, takenBy)),
        `The channel has its name #${name} back, and Latchkey posts there again.`,
      );
  });
