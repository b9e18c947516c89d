/**
 * Brings the Slack messages of one request in line with the database: posts what is missing, redraws what is old.
 * Nothing is told from an event, so it may run at any time, any number of times, and after any crash.
 */
import type { WebClient } from '@slack/web-api';
import { isDomainError } from '../../domain/errors.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import { sourceOf } from '../../domain/policy/sources.ts';
import { personIn } from '../../domain/principals/requester.ts';
import type { Policy, Target } from '../../domain/policy/types.ts';
import { allOf } from '../../lib/retry-until.ts';
import type { Log } from '../../lib/log.ts';
import { oneAtATime } from '../../lib/serializer.ts';
import type { Store, Access } from '../../application/deps.ts';
import type { Directory } from '../../application/identity/directory.ts';
import type { MessageCopy } from '../../application/messages/message-ports.ts';
import type { RequestView } from '../../application/record/request-view.ts';
import { isStuck } from './render/stuck.ts';
import { createChannels, findChannel } from './channels.ts';
import { noteLostChannels } from './requests/lost-channels.ts';
import type { Channels } from './channels.ts';
import { slackFailureOf } from '../connection/client.ts';
import { deliver } from './requests/deliver.ts';
import type { Delivered, Drawing } from './requests/deliver.ts';
import { findBreakGlassReach } from './requests/break-glass-reach.ts';
import { isNews, isReply, isUntold, wantedCopies } from './requests/desired.ts';
import type { Reach } from './requests/desired.ts';
import { lookUpFacts } from './requests/look-up-facts.ts';
import type { LookedUp } from './requests/look-up-facts.ts';

/** Longer than a run may take, so that two processes never draw one message at a time. */
const LEASE_MS = 30_000;
/** No new call to Slack begins after this; a call takes ten seconds at most. */
const RUN_MAX_MS = 15_000;
const AT_ONCE = 5;
/** A request that moves on while it is drawn is drawn again, this often before others have their turn. */
const ROUNDS_MAX = 5;
const LOOKUP_RETRY_MS = 10_000;
/** How often others are tried in place of those who cannot be reached. */
const DETOURS_MAX = 4;

export type NotifierSettings = {
  client: WebClient;
  store: Pick<Store, 'read' | 'messages' | 'transaction'>;
  policy: () => Policy;
  directory: Directory;
  access: Pick<Access, 'byHand' | 'guarantee'>;
  log: Log;
};

export type SyncResult = {
  outcome: 'done' | 'retry';
  retryInMs?: number;
  error?: string;
  /** Nobody who may decide could be told, or all of them are away; the requester was told, and the audit log has it. */
  unreachable?: 'untold' | 'away';
};

export type Notifier = { sync(requestId: string): Promise<SyncResult> };

type Run = NotifierSettings & { channels: Channels; endsAt: number };
/** What one run draws; `copies` is kept up to date with what it does. */
type Opened = { view: RequestView; copies: MessageCopy[] };

export const createNotifier = (settings: NotifierSettings): Notifier => {
  const channels = createChannels(settings);
  const run = (requestId: string): Promise<SyncResult> =>
    sync({ ...settings, channels, endsAt: performance.now() + RUN_MAX_MS }, requestId);
  // Within a process nobody has to come back later, as those of another have to.
  return { sync: oneAtATime(run) };
};

/** Whoever holds them draws what this call came for, unless it was killed; so the work is not done before somebody looked again. */
const BUSY: SyncResult = { outcome: 'retry', retryInMs: 2_000, error: 'another process has its messages in hand' };

const sync = async (run: Run, requestId: string): Promise<SyncResult> => {
  const { messages } = run.store;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const opened = await messages.open(requestId, LEASE_MS);
    if (!opened) return BUSY;
    let result: SyncResult | null = null;
    let version = 0;
    try {
      result = await reconcile(run, opened);
    } finally {
      version = (await messages.release(requestId)).version;
    }
    if (result.outcome !== 'done' || version <= opened.view.request.version) return result;
  }
  return { outcome: 'retry', retryInMs: 0, error: 'it keeps changing' };
};

const reconcile = async (run: Run, opened: Opened): Promise<SyncResult> => {
  const { view, copies } = opened;
  const lookedUp = await lookUpFacts(run, view);
  const reach = await findReach(run, view, lookedUp);
  if ('outcome' in reach) return reach;
  const approvals = await drawApprovals(run, opened, { lookedUp, reach });
  const isNobodyTold = isUntold(view, reach, copies);
  const unreachable = lookedUp.facts.unreachable ?? (isNobodyTold ? 'untold' : null);
  const drawing = { view, facts: { ...lookedUp.facts, unreachable } };
  const others = await draw(run, { drawing, copies }, ({ kind }) => kind !== 'approval');
  const result = worst([...approvals, ...others]);
  const wanted = view.request.state === 'pending' ? (lookedUp.facts.target?.channel ?? null) : null;
  await noteLostChannels(run, { copies, wanted, channelId: reach.channelId });
  if (result.outcome === 'done' && isWaiting(view, reach, lookedUp))
    return { outcome: 'retry', retryInMs: LOOKUP_RETRY_MS, error: 'lookup_failed' };
  if (!unreachable) return result;
  await recordUnreachable(run, view, unreachable);
  return { ...result, unreachable };
};

/** Once per request, however often it is drawn. */
const recordUnreachable = ({ store }: Run, { request }: RequestView, why: 'untold' | 'away'): Promise<void> =>
  store.transaction(async (tx) => {
    if (request.unreachableAt !== null || !(await tx.requests.setUnreachable(request.id))) return;
    const { target, role } = request;
    const data = { why, requirements: request.requirements.map(({ label }) => label) };
    await tx.audit.append({
      type: 'request.unreachable',
      actor: SYSTEM,
      requestId: request.id,
      grantId: null,
      target,
      role,
      data,
    });
  });

/** Without a channel, whoever could not be looked up was not written to either. */
const isWaitingForLookUp = ({ request }: RequestView, { channelId, approvers }: Reach, { facts }: LookedUp): boolean =>
  request.state === 'pending' &&
  channelId === null &&
  (approvers === null || (facts.asked ?? []).some(({ unknown = [] }) => unknown.length > 0));

const isWaiting = (view: RequestView, reach: Reach, lookedUp: LookedUp): boolean =>
  isWaitingForLookUp(view, reach, lookedUp) || reach.glass?.isComplete === false;

/** Again when the channel or an approver turned out to be closed to us: then others are written to instead. */
const drawApprovals = async (
  run: Run,
  opened: Opened,
  { lookedUp, reach }: { lookedUp: LookedUp; reach: Reach },
): Promise<Delivered[]> => {
  const drawing = { view: opened.view, facts: lookedUp.facts };
  const results: Delivered[] = [];
  for (let round = 0; round < DETOURS_MAX; round += 1) {
    plan(opened, reach);
    const drawn = await draw(run, { drawing, copies: opened.copies }, ({ kind }) => kind === 'approval');
    results.push(...drawn);
    if (!drawn.some(({ outcome }) => outcome === 'unreachable')) break;
  }
  // Their threads stand now: what belongs into them can be planned.
  plan(opened, reach);
  return results;
};

/** Nothing is stored yet: a copy that is not posted now is planned again by the next run, if it is still wanted. */
const plan = ({ view, copies }: Opened, reach: Reach): void => {
  const unposted = { requestId: view.request.id, channel: null, ts: null, drawnVersion: 0, failure: null };
  for (const { kind, audience, part = 0 } of wantedCopies(view, reach, copies)) {
    const isPlanned = copies.some((copy) => copy.kind === kind && copy.audience === audience && copy.part === part);
    if (!isPlanned) copies.push({ ...unposted, kind, audience, part });
  }
};

const isDue = ({ view, facts }: Drawing, copy: MessageCopy): boolean => {
  if (copy.failure !== null) return false;
  // Whom it waits for is not known now: what was posted stays until it is.
  const isUnknown = view.request.state === 'pending' && !facts.waitingFor?.length;
  if (copy.kind === 'reminder' && copy.part === view.request.reminders && isUnknown) return false;
  if (copy.ts === null) return isNews(view, copy);
  return copy.drawnVersion < view.request.version;
};

/** The message a reply goes under; null when it does not stand, and then there is nothing to reply to. */
const threadOf = (copy: MessageCopy, copies: readonly MessageCopy[]): { channel: string; ts: string } | null => {
  const parent = copies.find(({ kind, audience }) => kind === 'approval' && audience === copy.audience);
  return parent?.channel && parent.ts ? { channel: parent.channel, ts: parent.ts } : null;
};

/** Each recipient for themselves: one who cannot be reached holds up nobody else. */
const draw = async (
  run: Run,
  { drawing, copies }: { drawing: Drawing; copies: MessageCopy[] },
  isOf: (copy: MessageCopy) => boolean,
): Promise<Delivered[]> => {
  const { client, log, store } = run;
  const due = copies.flatMap((copy) => {
    if (!isOf(copy) || !isDue(drawing, copy)) return [];
    if (!isReply(copy.kind)) return [{ copy, drawing }];
    const thread = threadOf(copy, copies);
    return thread ? [{ copy, drawing: { ...drawing, thread } }] : [];
  });
  const results: Delivered[] = [];
  for (let at = 0; at < due.length; at += AT_ONCE) {
    if (performance.now() > run.endsAt)
      return [...results, { outcome: 'held', retryInMs: 0, error: 'there is more to draw' }];
    const some = due.slice(at, at + AT_ONCE);
    results.push(
      ...(await allOf(
        some.map(({ copy, drawing: drawn }) => deliver({ client, messages: store.messages, log }, copy, drawn)),
      )),
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

const findReach = async (run: Run, view: RequestView, lookedUp: LookedUp): Promise<Reach | SyncResult> => {
  const { facts, approvers, fallback } = lookedUp;
  try {
    const isPending = view.request.state === 'pending';
    const named = view.requester.kind === 'client' ? view.requester.channel : null;
    const clientChannelId = named === null ? null : await findChannel(run, named);
    const ofTarget = isPending && facts.target?.channel ? await findChannel(run, facts.target.channel) : null;
    // Where the target has none, the client's channel is where its approvers are: nobody else has to be written to.
    const channelId = ofTarget ?? (isPending ? clientChannelId : null);
    const helpers = isStuck(view) ? await findHelpers(run, view, facts.target) : [];
    const glass = await findBreakGlassReach({ ...run, findChannel: (channel) => findChannel(run, channel) }, view);
    return { channelId, clientChannelId, approvers, fallback, waitingFor: facts.waitingFor ?? [], helpers, glass };
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

const unique = (ids: string[]): string[] => [...new Set(ids)];

/** Admins, and the owners of the target. */
const findHelpers = async (
  { directory, policy, log }: Run,
  { requester }: RequestView,
  target: Target | null,
): Promise<string[]> => {
  const rules = policy();
  const names = unique([...rules.admins, ...(target?.owners ?? [])]);
  const found = await Promise.all(
    names.map(async (name) => {
      try {
        return await directory.recentMembers([sourceOf(rules, name)], personIn(requester));
      } catch (error) {
        if (!isDomainError(error)) throw error;
        log.error({ err: error, group: name }, 'a group that should be told of a stuck grant cannot be looked up');
        return [];
      }
    }),
  );
  return unique(found.flat().map(({ userId }) => userId));
};
