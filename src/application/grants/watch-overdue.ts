/** Notifies admins when access outlives its time by more than a minute: once, again at growing pauses, and when it is over. */
import { roughDuration } from '../../domain/time/durations.ts';
import { notifyAdmins, closeNotification, keyOf } from '../record/notify-admins.ts';
import type { OverdueTarget } from '../record/admin-notification-ports.ts';
import type { Deps, Tx } from '../deps.ts';

/** Promise 3: a minute after recovery nothing is overdue. */
const OVERDUE_LIMIT_MS = 60_000;
const FIRST_PAUSE_MS = 5 * 60_000;
const PAUSE_CAP_MS = 4 * 3_600_000;

/**
 * `seenMs` is how late a clock of this process found some end to be: after a stop of all workers it is made before this looks, and
 * admins hear of it all the same.
 */
export const watchOverdue = async (deps: Deps, { seenMs }: { seenMs: number }): Promise<void> => {
  const overdueMs = Math.max(seenMs, await deps.store.read.oldestOverdueMs());
  if (overdueMs > OVERDUE_LIMIT_MS) await alert(deps, overdueMs);
  else await resolve(deps);
};

const alert = async (deps: Deps, overdueMs: number): Promise<void> => {
  const targets = await deps.store.read.overdueTargets();
  await deps.store.transaction(async (tx) => {
    const episode = await tx.overdue.open(deps.ids.next());
    if (!episode.isAlertDue) return tx.overdue.note(episode.id, { worstMs: overdueMs, nextInMs: null });
    const nextInMs = Math.min(PAUSE_CAP_MS, FIRST_PAUSE_MS * 2 ** Math.min(episode.alerts, 20));
    const lines = [headline(overdueMs, episode.alerts), ...targets.map((one) => lineOf(deps, one))];
    const about = `${episode.id}:${episode.alerts}`;
    await notifyAdmins(tx, deps.ids, { kind: 'overdue', about, lines });
    await tx.overdue.note(episode.id, { worstMs: overdueMs, nextInMs });
  });
};

const headline = (overdueMs: number, alerts: number): string =>
  alerts === 0
    ? `The oldest is ${roughDuration(overdueMs)} late.`
    : `Still: the oldest is ${roughDuration(overdueMs)} late. This is alert ${alerts + 1}; the next comes after twice the pause.`;

const lineOf = (deps: Deps, { target, count, oldestMs }: OverdueTarget): string => {
  const title = deps.policy().targets[target]?.title || target;
  const problem = deps.access.problems()[target];
  return `${title}: ${count} overdue, the oldest by ${roughDuration(oldestMs)}.${problem ? ` ${problem}` : ''}`;
};

const resolve = async (deps: Deps): Promise<void> => {
  await deps.store.transaction(async (tx) => {
    const episode = await tx.overdue.lock();
    if (!episode) return;
    await tx.overdue.close(episode.id);
    if (episode.alerts === 0) return;
    const lines = [
      `The latest end was about ${roughDuration(episode.worstMs)} late. All of them are confirmed gone by their targets.`,
    ];
    await notifyAdmins(tx, deps.ids, { kind: 'overdue_resolved', about: episode.id, lines });
    await closeAlerts(tx, episode.id, episode.alerts);
  });
};

const closeAlerts = async (tx: Tx, episodeId: string, alerts: number): Promise<void> => {
  for (let number = 0; number < alerts; number += 1)
    await closeNotification(tx, keyOf('overdue', `${episodeId}:${number}`), 'All of it has ended.');
};
