/**
 * Access that leaves no mark of its own in a target, such as a person in a group, cannot be listed: each is looked up. What was taken away
 * by hand ends its grant. What is there again after its last grant was ended by Latchkey is reported, and never touched: somebody may mean it.
 */
import type { Drifted, LedgerEntry } from './drift-ports.ts';
import type { Deps } from '../deps.ts';

/** After this long nobody wonders any more, and the target is not asked. */
const ENDED_SINCE_MS = 7 * 24 * 3_600_000;
const ENDED_MAX = 200;
const AT_ONCE = 10;

export const findSharedDrift = async (
  deps: Deps,
  target: string,
  startedAt: Date,
): Promise<{ found: Drifted[]; liveCount: number }> => {
  const [ledger, ended] = await Promise.all([
    deps.store.read.ledgerOf(target, [], startedAt),
    deps.store.read.lastEndedOf(target, { sinceMs: ENDED_SINCE_MS, limit: ENDED_MAX }),
  ]);
  const live = [...ledger.entries.values()].filter(({ isBusy, isSettled }) => isSettled && !isBusy);
  const gone = await those(deps, live, 'absent');
  const back = await those(deps, ended, 'present');
  return { found: [...gone.map(goneFinding), ...back.map(backFinding)], liveCount: ledger.liveCount };
};

type Entry = Pick<LedgerEntry, 'grant' | 'grantee'>;

const those = async (deps: Deps, entries: readonly Entry[], answer: 'present' | 'absent'): Promise<Entry[]> => {
  const found: Entry[] = [];
  for (let at = 0; at < entries.length; at += AT_ONCE) {
    const some = entries.slice(at, at + AT_ONCE);
    const answers = await Promise.all(some.map(({ grant, grantee }) => deps.access.check(grant, grantee)));
    found.push(...some.filter((_, index) => answers[index] === answer));
  }
  return found;
};

const goneFinding = ({ grant: { id } }: Entry): Drifted => ({
  kind: 'gone',
  key: `gone:${id}`,
  name: `access of grant ${id}`,
  grantId: id,
  said: 'somebody removed it in the target',
});

const backFinding = ({ grant: { id, role }, grantee: { name } }: Entry): Drifted => ({
  kind: 'stray',
  key: `stray:${id}`,
  name: `${name} in ${role}`,
  grantId: id,
  said: 'they have it though the last grant of it has ended, and Latchkey did not give it',
});
