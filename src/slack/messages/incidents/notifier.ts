/**
 * Brings the Slack messages of one incident in line with the database: posts what is missing, redraws what is old. As with those of
 * requests, nothing is told from an event: it may run at any time, any number of times, in any process, and after any crash.
 */
import { createHash } from 'node:crypto';
import type { WebClient } from '@slack/web-api';
import type { Policy } from '../../../domain/policy/types.ts';
import { allOf } from '../../../lib/retry-until.ts';
import type { Log } from '../../../lib/log.ts';
import { oneAtATime } from '../../../lib/serializer.ts';
import type { IncidentMessageCopy } from '../../../application/incidents/incident-ports.ts';
import type { IncidentBriefing, IncidentTimeline } from '../../../application/incidents/incident-types.ts';
import type { Store } from '../../../application/deps.ts';
import type { Directory } from '../../../application/identity/directory.ts';
import type { UseCases } from '../../../application/verbs.ts';
import { noticeMessage, promptMessage } from '../render/incident.ts';
import type { PromptDrawing } from '../render/incident.ts';
import { closingMessage, keepMessage, timelineMessage } from '../render/incident-close.ts';
import type { Message } from '../render/text.ts';
import { createChannels } from '../channels.ts';
import type { Channels } from '../channels.ts';
import { slackFailureOf } from '../../connection/client.ts';
import type { FactSources } from '../requests/look-up-facts.ts';
import type { Delivered } from '../requests/deliver.ts';
import type { SyncResult } from '../notifier.ts';
import { deliverIncident } from './deliver.ts';
import type { IncidentDrawing } from './deliver.ts';
import { isIncidentNews, wantedIncidentCopies } from './desired.ts';
import type { IncidentReach } from './desired.ts';
import { findIncidentReach, lookUpPrompt } from './look-up.ts';

/** Longer than a run may take, so that two processes never draw one message at a time. */
const LEASE_MS = 30_000;
/** No new call to Slack begins after this; a call takes ten seconds at most. */
const RUN_MAX_MS = 15_000;
const AT_ONCE = 5;
const ROUNDS_MAX = 5;
const LOOKUP_RETRY_MS = 10_000;
/** How often others are told in place of those who cannot be reached. */
const DETOURS_MAX = 3;
const DRAWN_MAX = 1_000;

export type IncidentNotifierSettings = Pick<FactSources, 'access'> & {
  client: WebClient;
  store: Pick<Store, 'read' | 'incidentMessages' | 'transaction'>;
  useCases: Pick<UseCases, 'incidentBriefing' | 'incidentTimeline'>;
  policy: () => Policy;
  directory: Directory;
  log: Log;
};

export type IncidentNotifier = { sync(incidentId: string): Promise<SyncResult> };

/** What this process last drew of a prompt: who is on call may change without the incident changing. */
type Drawn = Map<string, string>;
type Run = IncidentNotifierSettings & { channels: Channels; drawn: Drawn; endsAt: number };

export const createIncidentNotifier = (settings: IncidentNotifierSettings): IncidentNotifier => {
  const [channels, drawn] = [createChannels(settings), new Map<string, string>()];
  const run = (id: string): Promise<SyncResult> =>
    sync({ ...settings, channels, drawn, endsAt: performance.now() + RUN_MAX_MS }, id);
  // Within a process nobody has to come back later, as those of another have to.
  return { sync: oneAtATime(run) };
};

const BUSY: SyncResult = { outcome: 'retry', retryInMs: 1_000, error: 'another process has its messages in hand' };

const sync = async (run: Run, incidentId: string): Promise<SyncResult> => {
  const messages = run.store.incidentMessages;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    if (!(await messages.claim(incidentId, LEASE_MS))) return BUSY;
    let drawn: { version: number; result: SyncResult } | null = null;
    let version = 0;
    try {
      const briefing = await run.useCases.incidentBriefing({ id: incidentId });
      if (briefing) drawn = { version: briefing.view.version, result: await reconcile(run, briefing) };
    } finally {
      version = (await messages.release(incidentId)).version;
    }
    if (!drawn) return { outcome: 'done' };
    if (drawn.result.outcome !== 'done' || version <= drawn.version) return drawn.result;
  }
  return { outcome: 'retry', retryInMs: 0, error: 'it keeps changing' };
};

const reconcile = async (run: Run, briefing: IncidentBriefing): Promise<SyncResult> => {
  try {
    const reach = await findIncidentReach(run, briefing);
    const prompt = await lookUpPrompt(run, briefing);
    const results: Delivered[] = [];
    for (let round = 0; round < DETOURS_MAX; round += 1) {
      const copies = await plan(run, briefing, reach);
      const done = await drawAll(run, { briefing, reach, prompt }, copies);
      results.push(...done);
      if (!done.some(({ outcome }) => outcome === 'unreachable')) break;
    }
    return worst(results);
  } catch (error) {
    const failure = slackFailureOf(error);
    if (!failure) throw error;
    const retryInMs = failure.kind === 'rate_limited' ? failure.retryInMs : LOOKUP_RETRY_MS;
    return { outcome: 'retry', retryInMs, error: failure.code };
  }
};

const worst = (results: Delivered[]): SyncResult => {
  const held = results.filter((result) => result.outcome === 'held');
  const [first] = held;
  if (!first) return { outcome: 'done' };
  return { outcome: 'retry', retryInMs: Math.max(...held.map(({ retryInMs }) => retryInMs)), error: first.error };
};

const plan = async (
  { store: { incidentMessages } }: Run,
  { view }: IncidentBriefing,
  reach: IncidentReach,
): Promise<IncidentMessageCopy[]> => {
  const incidentId = view.incident.id;
  const copies = await incidentMessages.list(incidentId);
  const isPlanned = (wanted: { kind: string; audience: string; part: number }): boolean =>
    copies.some(
      ({ kind, audience, part }) => kind === wanted.kind && audience === wanted.audience && part === wanted.part,
    );
  const missing = wantedIncidentCopies(view, reach, copies).filter((wanted) => !isPlanned(wanted));
  for (const wanted of missing) await incidentMessages.plan({ incidentId, ...wanted });
  return missing.length > 0 ? incidentMessages.list(incidentId) : copies;
};

type Scene = { briefing: IncidentBriefing; reach: IncidentReach; prompt: Omit<PromptDrawing, 'isOld' | 'detour'> };

/** First what stands by itself, then the files, which go under the timeline. */
const drawAll = async (run: Run, scene: Scene, copies: IncidentMessageCopy[]): Promise<Delivered[]> => {
  const { id } = scene.briefing.view.incident;
  const needsTimeline = copies.some(({ kind }) => kind === 'timeline' || kind === 'files');
  const timeline = needsTimeline ? await run.useCases.incidentTimeline({ id }) : null;
  const drawn = await drawSome(
    run,
    { scene, timeline, copies },
    copies.filter(({ kind }) => kind !== 'files'),
  );
  if (!copies.some(({ kind }) => kind === 'files')) return drawn;
  const posted = await run.store.incidentMessages.list(id);
  const files = posted.filter(({ kind }) => kind === 'files');
  return [...drawn, ...(await drawSome(run, { scene, timeline, copies: posted }, files))];
};

type Canvas = { scene: Scene; timeline: IncidentTimeline | null; copies: IncidentMessageCopy[] };

const drawSome = async (run: Run, canvas: Canvas, copies: IncidentMessageCopy[]): Promise<Delivered[]> => {
  const due = copies.filter((copy) => isDue(run, canvas, copy));
  const delivery = { client: run.client, messages: run.store.incidentMessages, log: run.log };
  const results: Delivered[] = [];
  for (let at = 0; at < due.length; at += AT_ONCE) {
    if (performance.now() > run.endsAt)
      return [...results, { outcome: 'held', retryInMs: 0, error: 'there is more to draw' }];
    const some = due.slice(at, at + AT_ONCE);
    results.push(...(await allOf(some.map((copy) => deliverIncident(delivery, copy, drawingOf(run, canvas, copy))))));
    // One refusal for speed stands for all: asking on would only lengthen it.
    if (results.some((result) => result.outcome === 'held' && result.error === 'ratelimited')) break;
  }
  return results;
};

const isDue = (run: Run, canvas: Canvas, copy: IncidentMessageCopy): boolean => {
  const { briefing, reach } = canvas.scene;
  const { view } = briefing;
  if (copy.failure !== null) return false;
  if (copy.ts === null) return isIncidentNews(view, reach, copy);
  if (copy.kind === 'files') return false;
  // What stands in an archived channel cannot be changed, and is drawn anew if it is ever opened again.
  if (copy.audience === view.incident.channelId && view.incident.isArchived) return false;
  return copy.drawnVersion < view.version || (copy.kind === 'prompt' && isOtherThanDrawn(run, canvas, copy));
};

const isOtherThanDrawn = ({ drawn }: Run, canvas: Canvas, copy: IncidentMessageCopy): boolean => {
  const message = messageOf(canvas, copy);
  const known = drawn.get(copy.id);
  return message !== null && known !== undefined && known !== printOf(message);
};

const printOf = (message: Message): string => createHash('sha256').update(JSON.stringify(message)).digest('base64');

const remember = (drawn: Drawn, id: string, message: Message): void => {
  drawn.delete(id);
  drawn.set(id, printOf(message));
  const [oldest] = drawn.keys();
  if (drawn.size > DRAWN_MAX && oldest !== undefined) drawn.delete(oldest);
};

const drawingOf = (run: Run, canvas: Canvas, copy: IncidentMessageCopy): IncidentDrawing => {
  const { view } = canvas.scene.briefing;
  return {
    incident: view.incident,
    version: view.version,
    draw: () => {
      const message = messageOf(canvas, copy);
      if (message && copy.kind === 'prompt') remember(run.drawn, copy.id, message);
      return message;
    },
    files: filesOf(canvas, copy),
  };
};

const filesOf = ({ timeline, copies }: Canvas, { audience, part }: IncidentMessageCopy): IncidentDrawing['files'] => {
  const under = copies.find((copy) => copy.kind === 'timeline' && copy.audience === audience && copy.part === part);
  if (!timeline || !under?.channel || !under.ts) return null;
  return { timeline, thread: { channel: under.channel, ts: under.ts } };
};

const messageOf = ({ scene, timeline, copies }: Canvas, copy: IncidentMessageCopy): Message | null => {
  const { briefing, reach, prompt } = scene;
  const { view } = briefing;
  const isRoom = copy.audience === view.incident.channelId;
  const detour = isRoom ? null : detourOf(copies, view.incident.channelId, copy.part);
  const drawing = { ...prompt, isOld: copy.part < reach.openings - 1, detour };
  if (copy.kind === 'prompt') return promptMessage(drawing);
  if (copy.kind === 'notice') return noticeMessage(drawing);
  if (copy.kind === 'closing')
    return isRoom
      ? closingMessage({ view, policy: prompt.policy })
      : keepMessage({ view, policy: prompt.policy }, copy.audience);
  return copy.kind === 'timeline' && timeline
    ? timelineMessage(timeline, prompt.policy, isRoom ? 'there' : 'elsewhere')
    : null;
};

const WHY_NOT: Record<string, string> = {
  missing_scope: 'the Slack app lacks a permission: bring it up to date with `manifest.yml`',
  not_in_channel: 'it is not in the channel: type `/invite @latchkey` there',
  channel_not_found: 'it is not in the channel: type `/invite @latchkey` there',
  restricted_action: 'the workspace does not let it post there',
};

/** Why somebody reads this directly. */
const detourOf = (copies: readonly IncidentMessageCopy[], channelId: string, part: number): string => {
  const code = copies.find(
    (copy) => copy.kind === 'prompt' && copy.audience === channelId && copy.part === part,
  )?.failure;
  const why = code ? (WHY_NOT[code] ?? `Slack says \`${code}\``) : 'it is not in the channel';
  return `Latchkey cannot post in <#${channelId}>: ${why}. So this is told to you directly.`;
};
