/** The clocks of a worker: the deadline scan, the sweep for what was lost, and the sealer of the audit chain. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { Log } from '../lib/log.ts';
import type { InFlight } from '../lib/pending-tasks.ts';
import { startLoop } from '../lib/loop.ts';
import type { Loop } from '../lib/loop.ts';
import { withinMs } from '../lib/timeout.ts';
import type { Store } from '../application/deps.ts';
import type { PlaceCursor, PlaceLooks } from '../application/messages/review-places.ts';
import type { UseCases } from '../application/verbs.ts';
import type { GithubWorker, GitlabWorker } from './handlers.ts';

const DEADLINE_POLL_MS = 250;
const INCIDENT_POLL_MS = 500;
const REMOVAL_POLL_MS = 500;
/** One batch at a time, so that what is being closed goes first; a target that hangs keeps the next batch no longer than this. */
const REMOVAL_PATIENCE_MS = 1_000;
const SWEEP_MS = 2_000;
/** Anyone who takes the mark away again and again makes work go out again only so often. */
const EMPTIED_GAP_MS = 5_000;
const OVERDUE_POLL_MS = 10_000;
/** Admins are notified of an end that is this late; `application/grants/watch-overdue.ts` says how. */
const LATE_MS = 60_000;
const ACCOUNTS_POLL_MS = 10_000;
const NOTICES_POLL_MS = 5_000;
const PLACES_POLL_MS = 2_000;
/** Between the batches of one round, and between two rounds. */
const PLACES_GAP_MS = 10_000;
const PLACES_ROUND_MS = 10 * 60_000;
const DRIFT_POLL_MS = 5_000;
/** Well below the pause between two looks at one target, which `application/grants/record-usage.ts` keeps. */
const GITHUB_POLL_MS = 30_000;
const GITLAB_POLL_MS = 10_000;
const USE_POLL_MS = 2_500;
const RECORD_POLL_MS = 2_000;
const REVOCATION_POLL_MS = 1_000;
const SEAL_IDLE_MS = 1_000;
/** Sealing is one commit however many events it takes in: a moment's wait makes one of many. */
const SEAL_GAP_MS = 100;
const SEAL_BATCH = 1_000;
/** A stop waits no longer for what was left to seal. */
const SEAL_REST_MS = 2_000;

/** The verbs that run on nobody's behalf. */
type TimedVerbs = Pick<
  UseCases,
  | 'expireDue'
  | 'removeClosed'
  | 'checkAccounts'
  | 'reviewNotices'
  | 'reviewPlaces'
  | 'watchDrift'
  | 'recordUsage'
  | 'recordStatements'
  | 'runRevocations'
  | 'watchOverdue'
  | 'endIncidents'
  | 'sweep'
  | 'completeRevocation'
  | 'activate'
  | 'finishExtension'
>;

type TimerDeps = { store: Store; useCases: TimedVerbs; log: Log };

const complain = (log: Log, what: string) => (error: unknown) =>
  log.error({ err: error }, `${what} failed; the next pass tries again`);

/** `onLate` hears of ends that are being made long after they were due. */
type DeadlineOptions = { inFlight: InFlight; onLate: (lateMs: number) => void };

/** Sleeps until the next deadline by the database clock. Ends what is due itself: this needs no Redis. */
export const startDeadlines = (deps: TimerDeps, { inFlight, onLate }: DeadlineOptions): Loop => {
  const { store, useCases, log } = deps;
  return startLoop({
    everyMs: DEADLINE_POLL_MS,
    run: async () => {
      const untilMs = await store.read.msToNextDeadline();
      if (untilMs === null || untilMs > 0) return untilMs ?? DEADLINE_POLL_MS;
      if (untilMs < -LATE_MS) onLate(-untilMs);
      const { count, work } = await useCases.expireDue();
      // Not awaited: a target that hangs must not hold up the ends in the others.
      inFlight.add(work);
      return count > 0 ? 0 : DEADLINE_POLL_MS;
    },
    onError: complain(log, 'ending what is due'),
  });
};

/** Removes what was left of access that is closed. */
export const startRemovals = ({ useCases, log }: TimerDeps, inFlight: InFlight): Loop =>
  startLoop({
    everyMs: REMOVAL_POLL_MS,
    run: async () => {
      const { count, work } = await useCases.removeClosed();
      inFlight.add(work);
      await Promise.race([Promise.allSettled([work]), delay(REMOVAL_PATIENCE_MS, null, { ref: false })]);
      return count > 0 ? 0 : REMOVAL_POLL_MS;
    },
    onError: complain(log, 'removing what is closed'),
  });

/** Once a day for each; which are due, Postgres says. */
export const startAccountChecks = ({ useCases, log }: TimerDeps): Loop =>
  startLoop({
    everyMs: ACCOUNTS_POLL_MS,
    run: () => useCases.checkAccounts(),
    onError: complain(log, 'the check of accounts'),
  });

/** Which notices are due for a look, Postgres says, so that of several processes one looks. */
export const startNoticeReview = ({ useCases, log }: TimerDeps, looks: PlaceLooks): Loop =>
  startLoop({
    everyMs: NOTICES_POLL_MS,
    run: () => useCases.reviewNotices(looks),
    onError: complain(log, 'the look at notices'),
  });

/** A new policy is looked at soon, whichever process read it first; then again and again, a few places at a time. */
export const startPlaceReview = ({ useCases, log }: TimerDeps, looks: PlaceLooks): Loop => {
  let cursor: PlaceCursor | null = null;
  let dueAtMs = 0;
  return startLoop({
    everyMs: PLACES_POLL_MS,
    run: async () => {
      if (!looks.isReady()) return;
      const next = await useCases.reviewPlaces({ looks, cursor, isDue: performance.now() >= dueAtMs });
      const isThrough = next.next === 0 && next.left.length === 0;
      if (next !== cursor) dueAtMs = performance.now() + (isThrough ? PLACES_ROUND_MS : PLACES_GAP_MS);
      cursor = next;
    },
    onError: complain(log, 'the look at what the policy names'),
  });
};

/** Which target is due for a look, Postgres says, so that of several processes one looks. */
export const startDriftWatch = ({ useCases, log }: TimerDeps): Loop =>
  startLoop({
    everyMs: DRIFT_POLL_MS,
    run: () => useCases.watchDrift(),
    onError: complain(log, 'the look at the targets'),
  });

/** Not awaited: a target that hangs must not hold up the look at the others. */
export const startUseWatch = ({ useCases, log }: TimerDeps, inFlight: InFlight): Loop =>
  startLoop({
    everyMs: USE_POLL_MS,
    run: async () => inFlight.add((await useCases.recordUsage()).work),
    onError: complain(log, 'the look for what is in use'),
  });

/** Not awaited: as above. */
export const startRecorder = ({ useCases, log }: TimerDeps, inFlight: InFlight): Loop =>
  startLoop({
    everyMs: RECORD_POLL_MS,
    run: async () => inFlight.add((await useCases.recordStatements()).work),
    onError: complain(log, 'the look for what was done'),
  });

/** The one who gave an order to end much begins it; this finishes it when they could not, and looks again for what came in between. */
export const startRevocations = ({ useCases, log }: TimerDeps): Loop =>
  startLoop({
    everyMs: REVOCATION_POLL_MS,
    run: () => useCases.runRevocations(),
    onError: complain(log, 'ending what was revoked'),
  });

/** Looks whether something is late, sooner when poked: what was late while nobody worked is ended before the next look. */
export const startOverdueWatch = ({ useCases, log }: TimerDeps): Loop & { onLate: (lateMs: number) => void } => {
  let seenMs = 0;
  const loop = startLoop({
    everyMs: OVERDUE_POLL_MS,
    minGapMs: OVERDUE_POLL_MS / 2,
    run: async () => {
      const lateMs = seenMs;
      seenMs = 0;
      await useCases.watchOverdue({ seenMs: lateMs });
    },
    onError: complain(log, 'the look for what is overdue'),
  });
  return {
    ...loop,
    onLate: (lateMs) => {
      seenMs = Math.max(seenMs, lateMs);
      loop.poke();
    },
  };
};

/** Ends what was given for incidents that are over: a clock of its own, so that neither holds up the other. */
export const startIncidentEnds = ({ store, useCases, log }: TimerDeps, inFlight: InFlight): Loop =>
  startLoop({
    everyMs: INCIDENT_POLL_MS,
    run: async () => {
      const untilMs = await store.read.msToNextIncidentEnd();
      if (untilMs === null || untilMs > 0) return untilMs ?? INCIDENT_POLL_MS;
      const { count, work } = await useCases.endIncidents();
      inFlight.add(work);
      return count > 0 ? 0 : INCIDENT_POLL_MS;
    },
    onError: complain(log, 'ending what was given for closed incidents'),
  });

/** Finds what was due or lost, no matter who lost it. */
type SweepOptions = { client: () => Redis | null; prefix: string; inFlight: InFlight; onFound: () => void };

export const startSweep = ({ store, useCases, log }: TimerDeps, options: SweepOptions): Loop => {
  const wasEmptied = createEmptiedLook(options);
  return startLoop({
    everyMs: SWEEP_MS,
    run: async () => {
      const found = await useCases.sweep();
      options.inFlight.add(useCases.completeRevocation({ grantIds: found.ending }));
      for (const grantId of found.activating) options.inFlight.add(useCases.activate({ grantId }));
      for (const requestId of found.extending) options.inFlight.add(useCases.finishExtension({ requestId }));
      const putBack = (await wasEmptied()) ? await store.outbox.putBack() : 0;
      if (putBack > 0) log.info({ putBack }, 'Redis lost its data; its work is handed out again');
      if (putBack > 0) options.onFound();
    },
    onError: complain(log, 'the sweep'),
  });
};

/** A mark in Redis that only a loss of its data can remove; anyone who has to set it again knows. While Redis is down nothing is known. */
const createEmptiedLook = ({ client, prefix }: SweepOptions): (() => Promise<boolean>) => {
  let foundAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    const redis = client();
    if (redis?.status !== 'ready' || performance.now() - foundAtMs < EMPTIED_GAP_MS) return false;
    if ((await redis.set(`${prefix}:mark`, '1', 'NX')) !== 'OK') return false;
    foundAtMs = performance.now();
    return true;
  };
};

/** GitHub repeats nothing by itself: what was lost is found here. */
export const startGithubSweep = ({ sweep }: Pick<GithubWorker, 'sweep'>, log: Log): Loop =>
  startLoop({ everyMs: GITHUB_POLL_MS, run: sweep, onError: complain(log, 'the look at GitHub') });

export const startGitlabLook = ({ run }: GitlabWorker, log: Log): Loop =>
  startLoop({ everyMs: GITLAB_POLL_MS, run, onError: complain(log, 'the look at GitLab') });

export const startSealer = ({ store, log }: Pick<TimerDeps, 'store' | 'log'>): Loop => {
  const loop = startLoop({
    everyMs: SEAL_IDLE_MS,
    minGapMs: SEAL_GAP_MS,
    run: async () => ((await store.audit.seal(SEAL_BATCH)) === SEAL_BATCH ? 0 : SEAL_IDLE_MS),
    onError: complain(log, 'sealing the audit chain'),
  });
  const stop = async (): Promise<void> => {
    await loop.stop();
    await sealRest(store, log);
  };
  return { ...loop, stop };
};

/** The process that stops last may be the last for long, and nothing shows that an event was removed before it was chained. Others may be sealing meanwhile. */
const sealRest = async ({ audit, read }: Store, log: Log): Promise<void> => {
  const until = performance.now() + SEAL_REST_MS;
  const sealAll = async (): Promise<boolean> => {
    while ((await read.counts()).unsealed > 0) {
      if (performance.now() > until) return false;
      if ((await audit.seal(SEAL_BATCH)) === 0) await delay(SEAL_GAP_MS);
    }
    return true;
  };
  const left = 'audit events were left that are not chained yet; the next process chains them';
  try {
    const sealed = await withinMs(sealAll(), SEAL_REST_MS);
    if (!sealed.isThere || !sealed.value) log.warn({ waitedMs: SEAL_REST_MS }, left);
  } catch (error) {
    log.warn({ err: error }, left);
  }
};
