/**
 * Brings the Slack messages of one request in line with the database: posts what is missing, redraws what is old.
 * Nothing is told from an event, so it may run at any time, any number of times, and after any crash.
 */
import type { WebClient } from '@slack/web-api';
import { isDomainError } from '../core/errors.ts';
import { SYSTEM } from '../core/events.ts';
import type { Policy, Target } from '../core/policy/types.ts';
import type { Source } from '../core/types.ts';
import type { Log } from '../lib/log.ts';
import type { Directory, MessageCopy, RequestView, Store } from '../usecases/ports.ts';
import { isStuck } from './blocks/stuck.ts';
import { createChannels } from './channels.ts';
import type { Channels } from './channels.ts';
import { slackFailureOf } from './client.ts';
import { deliver } from './notify/deliver.ts';
import type { Delivered, Drawing } from './notify/deliver.ts';
import { findGlassReach } from './notify/break-glass-reach.ts';
import { isNews, isUnreachable, wantedCopies } from './notify/desired.ts';
import type { Reach } from './notify/desired.ts';
import { lookUpFacts } from './notify/look-up-facts.ts';
import type { LookedUp } from './notify/look-up-facts.ts';

/** Longer than a run may take, so that two processes never draw one message at a time. */
const LEASE_MS = 30_000;
/** No new call to Slack begins after this; a call takes ten seconds at most. */
const RUN_MAX_MS = 15_000;
const AT_ONCE = 5;
/** A request that moves on while it is drawn is drawn again, this often before others have their turn. */
const ROUNDS_MAX = 5;
const LOOKUP_RETRY_MS = 10_000;

export type NotifierSettings = {
  client: WebClient;
  store: Pick<Store, 'read' | 'messages' | 'transaction'>;
  policy: () => Policy;
  directory: Directory;
  log: Log;
};

export type SyncResult = {
  outcome: 'done' | 'retry';
  retryInMs?: number;
  error?: string;
  /** Nobody who may decide could be told; the requester was, and the audit log has it. */
  isUnreachable?: boolean;
};

export type Notifier = { sync(requestId: string): Promise<SyncResult> };

type Run = NotifierSettings & { channels: Channels; endsAt: number };

export const createNotifier = (settings: NotifierSettings): Notifier => {
  const channels = createChannels(settings.client);
  return { sync: (requestId) => sync({ ...settings, channels, endsAt: performance.now() + RUN_MAX_MS }, requestId) };
};

/** Whoever holds them draws what this call came for, unless it was killed; so the work is not done before somebody looked again. */
const BUSY: SyncResult = { outcome: 'retry', retryInMs: 2_000, error: 'another process has its messages in hand' };

const sync = async (run: Run, requestId: string): Promise<SyncResult> => {
  const { messages, read } = run.store;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    if (!(await messages.claim(requestId, LEASE_MS))) return BUSY;
    let drawn: { version: number; result: SyncResult } | null = null;
    let version = 0;
    try {
      const view = await read.view(requestId);
      if (view) drawn = { version: view.request.version, result: await reconcile(run, view) };
    } finally {
      version = (await messages.release(requestId)).version;
    }
    if (!drawn) return { outcome: 'done' };
    if (drawn.result.outcome !== 'done' || version <= drawn.version) return drawn.result;
  }
  return { outcome: 'retry', retryInMs: 0, error: 'it keeps changing' };
};

const reconcile = async (run: Run, view: RequestView): Promise<SyncResult> => {
  const lookedUp = await lookUpFacts(run, view);
  const reach = await findReach(run, view, lookedUp);
  if ('outcome' in reach) return reach;
  const approvals = await drawApprovals(run, view, { lookedUp, reach });
  const nobody = isUnreachable(view, reach, await run.store.messages.list(view.request.id));
  const drawing = { view, facts: { ...lookedUp.facts, isUnreachable: nobody } };
  const others = await draw(run, drawing, ({ kind }) => kind !== 'approval');
  const result = worst([...approvals, ...others]);
  if (result.outcome === 'done' && isWaiting(view, reach))
    return { outcome: 'retry', retryInMs: LOOKUP_RETRY_MS, error: 'lookup_failed' };
  if (!nobody) return result;
  if (approvals.length > 0 || others.length > 0) await recordUnreachable(run, view);
  return { ...result, isUnreachable: true };
};

/** Once for each time something was drawn and nobody could be told; a run that finds nothing to do adds nothing. */
const recordUnreachable = ({ store }: Run, { request }: RequestView): Promise<void> =>
  store.transaction((tx) =>
    tx.audit.append({
      type: 'request.unreachable',
      actor: SYSTEM,
      requestId: request.id,
      grantId: null,
      target: request.target,
      role: request.role,
      data: { requirements: request.requirements.map(({ label }) => label) },
    }),
  );

const isWaitingForLookUp = ({ request }: RequestView, { channelId, approvers }: Reach): boolean =>
  request.state === 'pending' && channelId === null && approvers === null;

const isWaiting = (view: RequestView, reach: Reach): boolean =>
  isWaitingForLookUp(view, reach) || reach.glass?.isComplete === false;

/** Twice when the channel turned out to be closed to us: the second time the approvers are written to instead. */
const drawApprovals = async (
  run: Run,
  view: RequestView,
  { lookedUp, reach }: { lookedUp: LookedUp; reach: Reach },
): Promise<Delivered[]> => {
  const { messages } = run.store;
  const drawing = { view, facts: lookedUp.facts };
  await plan(run, view, reach);
  const first = await draw(run, drawing, ({ kind }) => kind === 'approval');
  const copies = await messages.list(view.request.id);
  const isShut = copies.some(
    ({ kind, audience, failure }) => kind === 'approval' && audience === reach.channelId && failure !== null,
  );
  if (!isShut) return first;
  await plan(run, view, reach);
  return [...first, ...(await draw(run, drawing, ({ kind }) => kind === 'approval'))];
};

const plan = async ({ store: { messages } }: Run, view: RequestView, reach: Reach): Promise<void> => {
  const requestId = view.request.id;
  const copies = await messages.list(requestId);
  for (const wanted of wantedCopies(view, reach, copies)) {
    const part = wanted.part ?? 0;
    const isPlanned = copies.some(
      (copy) => copy.kind === wanted.kind && copy.audience === wanted.audience && copy.part === part,
    );
    if (!isPlanned) await messages.plan({ requestId, ...wanted, part });
  }
};

const isDue = ({ view }: Drawing, copy: MessageCopy): boolean => {
  const { failure, ts, drawnVersion } = copy;
  if (failure !== null) return false;
  return ts === null ? isNews(view, copy) : drawnVersion < view.request.version;
};

/** Each recipient for themselves: one who cannot be reached holds up nobody else. */
const draw = async (run: Run, drawing: Drawing, isOf: (copy: MessageCopy) => boolean): Promise<Delivered[]> => {
  const { client, log, store } = run;
  const due = (await store.messages.list(drawing.view.request.id)).filter((copy) => isOf(copy) && isDue(drawing, copy));
  const results: Delivered[] = [];
  for (let at = 0; at < due.length; at += AT_ONCE) {
    if (performance.now() > run.endsAt)
      return [...results, { outcome: 'held', retryInMs: 0, error: 'there is more to draw' }];
    const some = due.slice(at, at + AT_ONCE);
    results.push(
      ...(await Promise.all(some.map((copy) => deliver({ client, messages: store.messages, log }, copy, drawing)))),
    );
    // One refusal for speed stands for all: asking on would only lengthen it.
    if (results.some((result) => result.outcome === 'held' && result.error === 'ratelimited')) break;
  }
  return results;
};

const worst = (results: Delivered[]): SyncResult => {
  const held = results.filter((result) => result.outcome === 'held');
  const [first] = held;
  if (!first) return { outcome: 'done' };
  return { outcome: 'retry', retryInMs: Math.max(...held.map(({ retryInMs }) => retryInMs)), error: first.error };
};

const findReach = async (run: Run, view: RequestView, { facts, open }: LookedUp): Promise<Reach | SyncResult> => {
  try {
    const isPending = view.request.state === 'pending';
    const channelId = isPending && facts.target?.channel ? await findChannel(run, facts.target.channel) : null;
    const helpers = isStuck(view) ? await findHelpers(run, view, facts.target) : [];
    return {
      channelId,
      approvers: open && unique(open.flatMap(({ people }) => people.map(({ userId }) => userId))),
      helpers,
      glass: await findGlassReach({ ...run, findChannel: (channel) => findChannel(run, channel) }, view),
    };
  } catch (error) {
    const failure = slackFailureOf(error);
    if (!failure) throw error;
    return {
      outcome: 'retry',
      retryInMs: failure.kind === 'rate_limited' ? failure.retryInMs : LOOKUP_RETRY_MS,
      error: failure.code,
    };
  }
};

/** null when there is no such channel for us: then the approvers are written to. */
const findChannel = async ({ channels, log }: Run, channel: string): Promise<string | null> => {
  try {
    return await channels.idOf(channel);
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure?.kind !== 'permanent') throw error;
    log.warn({ channel, code: failure.code }, 'channels cannot be listed');
    return null;
  }
};

const unique = (ids: string[]): string[] => [...new Set(ids)];

/** Admins, and the owners of the target. */
const findHelpers = async (
  { directory, policy, log }: Run,
  { requester }: RequestView,
  target: Target | null,
): Promise<string[]> => {
  const names = unique([...policy().admins, ...(target?.owners ?? [])]);
  const found = await Promise.all(
    names.map(async (name) => {
      const source: Source = { kind: 'group', name };
      try {
        return await directory.recentMembers([source], requester);
      } catch (error) {
        if (!isDomainError(error)) throw error;
        log.error({ err: error, group: name }, 'a group that should be told of a stuck grant cannot be looked up');
        return [];
      }
    }),
  );
  return unique(found.flat().map(({ userId }) => userId));
};
