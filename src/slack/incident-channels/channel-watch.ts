/**
 * Brings what happens to channels to the use case that knows incidents. Events are believed only so far as to look; what they did
 * not bring, or what failed, is found by a look at the channels at the start and every so often. All of it may happen twice.
 */
import type { WebClient } from '@slack/web-api';
import { isDomainError } from '../../domain/errors.ts';
import { compileGlob } from '../../domain/policy/glob.ts';
import type { Policy } from '../../domain/policy/types.ts';
import { startLoop } from '../../lib/loop.ts';
import type { Loop } from '../../lib/loop.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from '../../application/deps.ts';
import type { IncidentOrigin } from '../../domain/incidents/incident.ts';
import type { NoteChannelInput, SaidOfChannel } from '../../application/incidents/incident-types.ts';
import type { UseCases } from '../../application/verbs.ts';
import { slackFailureOf } from '../connection/failures.ts';
import type { ChannelReport } from './channel-events.ts';
import type { ChannelMessage } from './channel-messages.ts';
import { lookAtChannel, readChannel, toSeen } from './read-channel.ts';
import type { SeenChannel } from './read-channel.ts';

/** How soon a change that no event reported, such as a topic, is seen in an open incident. */
const LOOK_MS = 30_000;
const LOOK_GAP_MS = 1_000;
const LOOK_AGAIN_MS = 5_000;
/** Slack: docs.slack.dev/apis/web-api/rate-limits: conversations.list is tier 2, twenty calls a minute for the whole workspace. */
const LIST_MS = 5 * 60_000;
const PAGE = 999;
const PAGES_MAX = 20;
const OPEN_MAX = 50;
/** What matches and has been there for longer is no event: anyone who wants it says `/prod-access incident` there. */
const NEWS_MAX_AGE_MS = 24 * 3_600_000;
const MISSED_MAX = 500;

export type WatchSettings = {
  client: WebClient;
  policy: () => Policy;
  useCases: Pick<UseCases, 'syncIncidentChannel' | 'handleToolMessage'>;
  store: Pick<Store, 'transaction' | 'messages'> & {
    read: Pick<Store['read'], 'openIncidents' | 'incidentOfChannel'>;
  };
  log: Log;
};

export type ChannelWatch = {
  heard(event: ChannelReport): Promise<void>;
  /** A message was written; only the tool's words, and notices of a changed topic or name, matter. */
  read(message: ChannelMessage): Promise<void>;
  start(): void;
  stop(): Promise<void>;
};

type Watching = WatchSettings & {
  missed: Map<string, () => Promise<void>>;
  /** What could not be looked at the last time, with why: said once. */
  failing: Map<string, string>;
  /** Channels of open incidents that were not there at the last look. */
  gone: Set<string>;
  loop: Loop | null;
  listedAt: number;
};

export const createChannelWatch = (settings: WatchSettings): ChannelWatch => {
  const watching: Watching = {
    ...settings,
    missed: new Map(),
    failing: new Map(),
    gone: new Set(),
    loop: null,
    listedAt: Number.NEGATIVE_INFINITY,
  };
  return {
    heard: (event) => heard(watching, event),
    read: (message) => read(watching, message),
    start: () => {
      watching.loop ??= startLoop({
        everyMs: LOOK_MS,
        minGapMs: LOOK_GAP_MS,
        run: () => look(watching),
        onError: (error) => settings.log.error({ err: error }, 'the look at the channels failed; the next one is soon'),
      });
    },
    stop: async () => {
      await watching.loop?.stop();
    },
  };
};

const isIncidentName = (policy: Policy, name: string): boolean =>
  policy.incidents?.channels.some((pattern) => compileGlob(pattern)(name)) ?? false;

const heard = async (watching: Watching, event: ChannelReport): Promise<void> => {
  const policy = watching.policy();
  if (!policy.incidents) return;
  if (event.how === 'created' && event.name !== null && !isIncidentName(policy, event.name)) return;
  await attempt(watching, event.channelId, () => take(watching, event));
};

/** What fails is done again at the next look, which is soon. */
const attempt = async (watching: Watching, key: string, work: () => Promise<void>): Promise<void> => {
  try {
    await work();
  } catch (error) {
    watching.log.warn({ err: error, key }, 'a channel could not be looked at; soon again');
    if (watching.missed.size < MISSED_MAX) watching.missed.set(key, work);
    watching.loop?.poke();
  }
};

const read = async (watching: Watching, message: ChannelMessage): Promise<void> => {
  const tool = watching.policy().incidents?.tool;
  const { channelId, authorIds, text, postedAt } = message;
  if (message.change) {
    const isKnown = (await watching.store.read.incidentOfChannel(channelId)) !== null;
    const event = { channelId, how: 'said', userId: message.userId, name: null, said: message.change } as const;
    return isKnown ? heard(watching, event) : undefined;
  }
  if (!tool || !authorIds.some((id) => tool.users.includes(id))) return;
  await attempt(watching, `${channelId} ${text}`, async () => {
    const channel = await readChannel(watching.client, channelId);
    if (channel) await watching.useCases.handleToolMessage({ channel, userIds: authorIds, text, postedAt });
  });
};

const take = async (watching: Watching, event: ChannelReport): Promise<void> => {
  const channel =
    event.how === 'deleted'
      ? await deleted(watching, event.channelId)
      : await readChannel(watching.client, event.channelId);
  if (!channel) return;
  await note(watching, channel, { how: originOf(event), userId: event.userId, said: saidOf(event, channel) });
  if (event.how === 'invited' || event.how === 'unarchived') await reachAgain(watching, event.channelId);
};

const originOf = ({ how }: ChannelReport): IncidentOrigin =>
  how === 'archived' || how === 'deleted' || how === 'said' ? 'found' : how;

/** Only what the event itself has of this person: the channel may say something else by now, and then another said that. */
const saidOf = ({ how, userId, name, said }: ChannelReport, { namedBy, ...channel }: SeenChannel): SaidOfChannel => {
  if (said) return said;
  if (how === 'created' && name !== null) return { name };
  if (how === 'archived' || how === 'deleted') return { isArchived: true };
  return how === 'invited' && userId !== null && userId === namedBy ? { name: channel.name } : {};
};

/** What could not be posted or refreshed there before is tried anew. */
const reachAgain = async ({ store }: Watching, channelId: string): Promise<void> => {
  const incident = await store.read.incidentOfChannel(channelId);
  if (!incident || !(await store.messages.clearFailures({ kind: 'incident', id: incident.id }, channelId))) return;
  await store.transaction((tx) => tx.outbox.add('incident', incident.id));
};

/** Slack knows nothing of it any more: what is known here is closed as if it had been archived. */
const deleted = async ({ store }: Watching, channelId: string): Promise<SeenChannel | null> => {
  const incident = await store.read.incidentOfChannel(channelId);
  if (!incident) return null;
  const { channelName: name, topic, purpose, isPrivate, teamId } = incident;
  const known = { channelId, name, topic, purpose, isPrivate, teamId };
  return { ...known, isArchived: true, namedBy: null, createdAtMs: 0, updatedMs: null };
};

const note = async (
  { useCases, log }: Watching,
  channel: SeenChannel,
  { how, userId, said }: Pick<NoteChannelInput, 'how' | 'userId' | 'said'>,
): Promise<void> => {
  const { createdAtMs: _createdAtMs, namedBy: _namedBy, ...state } = channel;
  try {
    await useCases.syncIncidentChannel({ ...state, how, userId, said });
  } catch (error) {
    if (!isDomainError(error)) throw error;
    log.info({ err: error, channel: channel.channelId }, 'nothing was made of a channel');
  }
};

/** Gives how long to wait where Slack says so. */
const look = async (watching: Watching): Promise<number | void> => {
  if (!watching.policy().incidents) return;
  try {
    await takeMissed(watching);
    await lookAtOpen(watching);
    if (performance.now() - watching.listedAt >= LIST_MS) {
      await lookForNew(watching);
      await refreshOpen(watching);
      watching.listedAt = performance.now();
    }
    return watching.gone.size > 0 ? LOOK_AGAIN_MS : undefined;
  } catch (error) {
    const failure = slackFailureOf(error);
    if (!failure) throw error;
    watching.log.warn({ code: failure.code }, 'Slack does not show its channels now');
    return failure.kind === 'rate_limited' ? failure.retryInMs : LOOK_AGAIN_MS;
  }
};

/**
 * One that fails keeps none of the others from being looked at. Where Slack itself is away, or wants us to wait, all of them wait.
 * @returns whether it was done.
 */
const apart = async ({ failing, log }: Watching, key: string, work: () => Promise<void>): Promise<boolean> => {
  try {
    await work();
    failing.delete(key);
    return true;
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure && failure.kind !== 'permanent') throw error;
    const code = failure?.code ?? 'error';
    if (failing.get(key) !== code)
      log.error({ err: error, key, code }, 'a channel cannot be looked at; it is tried again');
    if (failing.size < MISSED_MAX) failing.set(key, code);
    return false;
  }
};

const takeMissed = async (watching: Watching): Promise<void> => {
  for (const [key, work] of [...watching.missed]) {
    const isDone = await apart(watching, key, work);
    if (isDone && watching.missed.get(key) === work) watching.missed.delete(key);
  }
};

const lookAtOpen = async (watching: Watching): Promise<void> => {
  const goneBefore = watching.gone;
  watching.gone = new Set();
  for (const { channelId, isPrivate } of await watching.store.read.openIncidents(OPEN_MAX)) {
    const wasGone = goneBefore.has(channelId);
    const isDone = await apart(watching, channelId, () => lookAtOne(watching, { channelId, isPrivate, wasGone }));
    if (!isDone && wasGone) watching.gone.add(channelId);
  }
};

type Open = { channelId: string; isPrivate: boolean; wasGone: boolean };

const lookAtOne = async (watching: Watching, { channelId, isPrivate, wasGone }: Open): Promise<void> => {
  const seen = await lookAtChannel(watching.client, channelId);
  // The event of a deletion can be lost, and then its access would not end with the incident. Everybody sees public channels, so one
  // that is gone at two looks in a row was deleted. A private one may be there, and only we were removed from it.
  const isDeleted = seen === 'gone' && wasGone;
  if (seen === 'gone' && !isPrivate && !isDeleted) watching.gone.add(channelId);
  const channel = isDeleted ? await deleted(watching, channelId) : seen;
  if (channel && channel !== 'gone') await note(watching, channel, { how: 'found', userId: null, said: {} });
};

/** Who is on call changes without the incident changing: its message is compared with what it should be. */
const refreshOpen = async ({ store }: Watching): Promise<void> => {
  const open = await store.read.openIncidents(OPEN_MAX);
  if (open.length === 0) return;
  await store.transaction(async (tx) => {
    for (const { id } of open) await tx.outbox.add('incident', id);
  });
};

const isRecent = ({ createdAtMs, updatedMs }: SeenChannel): boolean =>
  Date.now() - Math.max(createdAtMs, updatedMs ?? 0) < NEWS_MAX_AGE_MS;

const lookForNew = async (watching: Watching): Promise<void> => {
  const policy = watching.policy();
  let cursor = '';
  for (let page = 0; page < PAGES_MAX; page += 1) {
    const answer = await watching.client.conversations.list({
      types: 'public_channel,private_channel',
      exclude_archived: true,
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
    });
    const seen = (answer.channels ?? []).map((one) => toSeen(one)).filter((one) => one !== null);
    for (const channel of seen.filter((one) => isIncidentName(policy, one.name) && isRecent(one))) {
      const found = { how: 'found', userId: channel.namedBy, said: { name: channel.name } } as const;
      await apart(watching, channel.channelId, () => note(watching, channel, found));
    }
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (!cursor) return;
  }
  watching.log.warn(
    { channels: PAGES_MAX * PAGE },
    'there are more channels than are looked at; events still report them',
  );
};
