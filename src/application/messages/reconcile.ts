/**
 * Brings the messages of one subject in line with the database: posts what is missing, updates what is old. Nothing is said because of an
 * event, so it may run at any time, any number of times, in any process, and after any crash.
 */
import { allOf, retryUntil } from '../../lib/retry-until.ts';
import { oneAtATime } from '../../lib/serializer.ts';
import { ChannelHeldError } from './channel.ts';
import type { Delivered, MessageChannel, MessageContent } from './channel.ts';
import { MESSAGES } from './message-ports.ts';
import type { MessageCopy, MessageSubject, SubjectKind } from './message-ports.ts';
import { DONE, placeOf } from './scene.ts';
import type { Opened, Scene, SceneDeps, SyncOutcome } from './scene.ts';
import { openScene } from './subjects/open-scene.ts';

/** Longer than a run may take, so that two processes never work on one message at a time. */
const LEASE_MS = 30_000;
/** No new delivery begins after this; one takes ten seconds at most. */
const RUN_MAX_MS = 15_000;
/** Of the 30 s that the messages are leased for, 15 may pass before a delivery, and 10 with it. */
const NOTING_MS = 4_000;
const AT_ONCE = 5;
/** What moves on while it is rendered is rendered again, this often before others have their turn. */
const ROUNDS_MAX = 5;
/** How often others are tried in place of those who cannot be reached. */
const DETOURS_MAX = 4;

export type MessagesDeps = SceneDeps & {
  channel: MessageChannel;
  onPosted: (content: MessageContent) => void;
};

/** Brings the messages of one subject up to date. */
export type Messages = { sync(subject: MessageSubject): Promise<SyncOutcome> };

type Run = MessagesDeps & { endsAt: number };
type Sheet = { subject: MessageSubject; scene: Scene; copies: MessageCopy[] };

export const createMessages = (deps: MessagesDeps): Messages => {
  const kinds = Object.keys(MESSAGES) as SubjectKind[];
  // Within a process nobody has to come back later, as those of another have to.
  const lanes = kinds.map((kind) => [kind, oneAtATime((id: string) => sync(begin(deps), { kind, id }))] as const);
  const byKind = Object.fromEntries(lanes) as Record<SubjectKind, (id: string) => Promise<SyncOutcome>>;
  return { sync: ({ kind, id }) => byKind[kind](id) };
};

const begin = (deps: MessagesDeps): Run => ({ ...deps, endsAt: performance.now() + RUN_MAX_MS });

/** Another process holds them and renders what this call came for, unless it was killed; so the work is not done before somebody looked again. */
const BUSY: SyncOutcome = { outcome: 'retry', retryInMs: 1_000, error: 'another process has its messages in hand' };
const RESTLESS: SyncOutcome = { outcome: 'retry', retryInMs: 0, error: 'it keeps changing' };

const sync = async (run: Run, subject: MessageSubject): Promise<SyncOutcome> => {
  const { messages } = run.store;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    if (!(await messages.claim(subject, LEASE_MS))) return BUSY;
    let shown: { version: number; outcome: SyncOutcome };
    let version = 0;
    try {
      const [copies, opened] = await Promise.all([messages.list(subject), lookUp(run, subject)]);
      shown = await show(run, { subject, copies, opened });
    } finally {
      version = (await messages.release(subject)).version;
    }
    if (shown.outcome.outcome !== 'done' || version <= shown.version) return shown.outcome;
  }
  return RESTLESS;
};

const lookUp = async (run: Run, subject: MessageSubject): Promise<Opened<SubjectKind>> => {
  try {
    return await openScene(run, subject);
  } catch (error) {
    if (!(error instanceof ChannelHeldError)) throw error;
    return { outcome: 'retry', retryInMs: error.retryInMs, error: error.code };
  }
};

type Looked = { subject: MessageSubject; copies: MessageCopy[]; opened: Opened<SubjectKind> };

const show = async (
  run: Run,
  { subject, copies, opened: scene }: Looked,
): Promise<{ version: number; outcome: SyncOutcome }> => {
  if (scene === null) return { version: Infinity, outcome: DONE };
  if ('outcome' in scene) return { version: 0, outcome: scene };
  const sheet = { subject, scene, copies };
  const outcome = worst([...(await deliverStage(run, sheet, false)), ...(await deliverStage(run, sheet, true))]);
  return { version: scene.version, outcome: (await scene.finish?.(outcome, copies)) ?? outcome };
};

/** Again where one turned out not to reach its recipient: then others are written to instead. */
const deliverStage = async (run: Run, sheet: Sheet, isLater: boolean): Promise<Delivered[]> => {
  const results: Delivered[] = [];
  for (let round = 0; round < DETOURS_MAX; round += 1) {
    plan(sheet);
    const delivered = await deliverDue(run, sheet, isLater);
    results.push(...delivered);
    if (!delivered.some(({ outcome }) => outcome === 'refused')) break;
  }
  return results;
};

const worst = (results: readonly Delivered[]): SyncOutcome => {
  const held = results.filter((result) => result.outcome === 'held');
  const [first] = held;
  if (!first) return DONE;
  return { outcome: 'retry', retryInMs: Math.max(...held.map(({ retryInMs }) => retryInMs)), error: first.error };
};

/** Nothing is stored yet: what is not posted now is planned again by the next run, if it is still wanted. */
const plan = ({ scene, copies }: Sheet): void => {
  const unposted = { channel: null, ts: null, renderedVersion: 0, rendered: null, failure: null };
  for (const { kind, audience, part = 0 } of scene.wanted(copies)) {
    const isPlanned = copies.some((copy) => copy.kind === kind && copy.audience === audience && copy.part === part);
    if (!isPlanned) copies.push({ ...unposted, kind, audience, part });
  }
};

const isDue = (scene: Scene, copy: MessageCopy): boolean => {
  if (copy.failure !== null || scene.isStill?.(copy)) return false;
  if (copy.ts === null) return scene.isCurrent(copy);
  return copy.renderedVersion < scene.version || (isWatched(scene, copy) && copy.rendered !== null);
};

const isWatched = (scene: Scene, copy: MessageCopy): boolean => scene.isWatched?.(copy) ?? false;

const isPatient = (scene: Scene, copy: MessageCopy): boolean => scene.isPatient?.(copy) ?? false;

/** Each recipient for themselves: one who cannot be reached holds up nobody else. */
const deliverDue = async (run: Run, sheet: Sheet, isLater: boolean): Promise<Delivered[]> => {
  const { scene, copies } = sheet;
  const due = copies
    .filter((copy) => (scene.isLater?.(copy) ?? false) === isLater && isDue(scene, copy))
    .toSorted((a, b) => Number(isPatient(scene, a)) - Number(isPatient(scene, b)));
  const results: Delivered[] = [];
  for (let at = 0; at < due.length; at += AT_ONCE) {
    if (performance.now() > run.endsAt)
      return [...results, { outcome: 'held', retryInMs: 0, error: 'there is more to render' }];
    const some = due.slice(at, at + AT_ONCE);
    const delivered = await allOf(some.map((copy) => deliver(run, sheet, copy)));
    results.push(...delivered.filter((result) => result !== null));
    // One refusal for speed stands for all: asking on would only lengthen it.
    if (results.some((result) => result.outcome === 'held' && result.error === 'ratelimited')) break;
  }
  return results;
};

/** `copy` is changed to what became of it. */
const deliver = async (run: Run, { subject, scene, copies }: Sheet, copy: MessageCopy): Promise<Delivered | null> => {
  const content = await scene.content(copy, copies);
  if (!content) return null;
  const { kind, audience } = copy;
  const isOld = copy.renderedVersion < scene.version;
  const delivered = await run.channel.deliver({
    ...{ subject, kind, audience, content },
    place: placeOf(copy),
    thread: scene.threadOf?.(copy, copies) ?? null,
    isPatient: isPatient(scene, copy),
    unless: isOld ? null : copy.rendered,
  });
  if (delivered.outcome === 'posted') run.onPosted(content);
  await settle(run, { subject, scene, copies }, { copy, delivered });
  return delivered;
};

const settle = async (
  { store, log }: Run,
  { subject, scene }: Sheet,
  { copy, delivered }: { copy: MessageCopy; delivered: Delivered },
): Promise<void> => {
  const save = (change: Partial<MessageCopy>): Promise<void> =>
    store.messages.save(subject, Object.assign(copy, change));
  const facts = { subject: subject.kind, id: subject.id, kind: copy.kind, audience: copy.audience };
  if (delivered.outcome === 'held') return log.info({ ...facts, code: delivered.error }, 'a message was not taken now');
  if (delivered.outcome === 'refused') {
    log.warn({ ...facts, code: delivered.code }, 'a message cannot reach its recipient');
    return scene.isPassing?.(delivered.code) ? undefined : save({ failure: delivered.code });
  }
  const rendered = isWatched(scene, copy) ? delivered.rendered : null;
  const shows = { renderedVersion: scene.version, rendered };
  if (delivered.outcome !== 'posted') return save(shows);
  // What was taken and not noted is posted once more: worth a few tries, in what a delivery leaves of the lease.
  await retryUntil(NOTING_MS, () => save({ ...shows, ...delivered.place }));
};
