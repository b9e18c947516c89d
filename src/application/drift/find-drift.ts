/** Compares one target with the ledger: the target is read first, so that whatever it shows is in the ledger by the time that is read. */
import type { EndOutcome } from '../../domain/grants/end-cause.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Found } from './drift-types.ts';
import type { Drifted, Ledger, LedgerEntry } from './drift-ports.ts';
import type { Deps } from '../deps.ts';
import { findSharedDrift } from './find-shared-drift.ts';

/** More missing ones than this are not each looked up: so many are shown to admins first, and each is looked at before it is ended. */
const ASKED_FOR_MAX = 100;
const AT_ONCE = 10;

export type Drift = { found: Drifted[]; liveCount: number };

/** null where the provider cannot list what is ours. */
export const findDrift = async (deps: Deps, target: string): Promise<Drift | null> => {
  const startedAt = await deps.store.read.now();
  const listed = await deps.access.listOurs(target);
  if (!listed) {
    const { provider, roles = {} } = deps.policy().targets[target] ?? {};
    const isShared = Object.values(roles).some(
      ({ scope }) => provider !== undefined && deps.access.isShared({ provider, scope }),
    );
    return isShared ? findSharedDrift(deps, target, startedAt) : null;
  }
  const { ours, lookalikes } = listed;
  const ids = ours.map(({ grantId }) => grantId);
  const ledger = await deps.store.read.ledgerOf(target, ids, startedAt);
  const missing = await missingOf(deps, { ours, ledger });
  return {
    found: [
      ...ours.flatMap((one) => evaluateFound(deps, target, { found: one, entry: ledger.entries.get(one.grantId) })),
      ...missing,
      ...lookalikes.map(({ kind, name, why }): Drifted => ({
        kind,
        // By its facts too: a stray that was left and got into another group is a new finding.
        key: kind === 'lookalike' ? `${kind}:${name}` : `${kind}:${name}:${why}`,
        name,
        grantId: null,
        said: why,
      })),
    ],
    liveCount: ledger.liveCount,
  };
};

/** What is closed is there until it is removed, which is under way. */
const IS_GONE: readonly Grant['state'][] = ['removed', 'failed'];
/** Another live grant holds the same access, or the person had it before, so it is meant to be there. */
const MEANT_TO_STAY: readonly (EndOutcome | null)[] = ['still_held', 'had_already'];

export const hasSurvived = ({ state, endOutcome }: Grant): boolean =>
  IS_GONE.includes(state) && !MEANT_TO_STAY.includes(endOutcome);

type Seen = { found: Found; entry: LedgerEntry | undefined };

/** What is activating or ending is in somebody's hands, and its own work fixes it. */
const evaluateFound = (deps: Deps, target: string, { found, entry }: Seen): Drifted[] => {
  const { grantId, name } = found;
  const common = { name, grantId };
  // Another Latchkey on the same server marks its logins alike: what is not in this ledger is not ours to touch.
  if (!entry || entry.grant.target !== target)
    return [{ ...common, kind: 'unknown', key: `unknown:${name}`, said: 'no grant of this Latchkey has made it' }];
  if (hasSurvived(entry.grant))
    return [{ ...common, kind: 'survived', key: `survived:${name}`, said: 'it is there though its grant has ended' }];
  if (entry.grant.state !== 'active' || entry.isBusy || !entry.isSettled) return [];
  return deps.access
    .differences(entry.grant, found)
    .map(({ kind, message }): Drifted => ({ ...common, kind, key: `${kind}:${name}:${message}`, said: message }));
};

const missingOf = async (
  deps: Deps,
  { ours, ledger }: { ours: readonly Found[]; ledger: Ledger },
): Promise<Drifted[]> => {
  const there = new Set(ours.map(({ grantId }) => grantId));
  const missing = [...ledger.entries.values()].filter(
    ({ grant, isBusy, isSettled }) => grant.state === 'active' && isSettled && !isBusy && !there.has(grant.id),
  );
  if (missing.length > ASKED_FOR_MAX) return missing.map(goneFinding);
  const found: Drifted[] = [];
  for (let at = 0; at < missing.length; at += AT_ONCE)
    found.push(...(await Promise.all(missing.slice(at, at + AT_ONCE).map((entry) => askFor(deps, entry)))));
  return found;
};

/** Not under its name is not gone: it may have been renamed, or its mark taken away. */
const askFor = async (deps: Deps, entry: LedgerEntry): Promise<Drifted> => {
  if ((await deps.access.check(entry.grant, entry.grantee)) === 'absent') return goneFinding(entry);
  const { id } = entry.grant;
  const said = 'it is there, but under another name or without its mark, so it is left alone';
  return { kind: 'renamed', key: `renamed:${id}`, name: `access of grant ${id}`, grantId: id, said };
};

const goneFinding = ({ grant: { id } }: LedgerEntry): Drifted => ({
  kind: 'gone',
  key: `gone:${id}`,
  name: `access of grant ${id}`,
  grantId: id,
  said: 'somebody removed it in the target',
});
