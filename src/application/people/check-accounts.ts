/** Looks once a day at everybody who has or waits for something: those who left without our hearing of it lose it then. */
import { isDomainError } from '../../domain/errors.ts';
import { personLeft } from './person-left.ts';
import type { AccountCheck } from './leaver-ports.ts';
import type { Deps } from '../deps.ts';

const EVERY_MS = 24 * 3_600_000;
/** In ten seconds and a process: below what Slack allows for users.info in a minute (docs.slack.dev/apis/web-api/rate-limits, tier 4: 100). */
const BATCH = 5;
const FAILED_AGAIN_MS = 10 * 60_000;
const MISSED_AGAIN_MS = 3_600_000;
/** Slack keeps closed accounts and says that they are closed. One it does not know, or that became a guest's, is believed when it says so again and again. */
const MISSES_BELIEVED = 3;

export const checkAccounts = async (deps: Deps): Promise<void> => {
  const due = await deps.store.transaction((tx) => tx.leavers.takeChecks(BATCH, EVERY_MS));
  for (const check of due) await checkAccount(deps, check);
};

type Note = { misses: number; nextInMs: number | null };

const checkAccount = async (deps: Deps, { person, misses }: AccountCheck): Promise<void> => {
  const note = (said: Note): Promise<void> => deps.store.transaction((tx) => tx.leavers.noteCheck(person.id, said));
  try {
    await deps.directory.person(person.userId);
    if (misses > 0) await note({ misses: 0, nextInMs: null });
  } catch (error) {
    if (!isDomainError(error)) throw error;
    if (error.code === 'inactive_person') return personLeft(deps, { personId: person.id });
    // A look-up that fails says nothing about the person.
    if (error.code !== 'unknown_person') return note({ misses, nextInMs: FAILED_AGAIN_MS });
    deps.log.warn({ person: person.id, misses: misses + 1 }, 'Slack does not know an account as a full member');
    if (misses + 1 < MISSES_BELIEVED) return note({ misses: misses + 1, nextInMs: MISSED_AGAIN_MS });
    await personLeft(deps, { personId: person.id });
  }
};
