/** Puts one finding right, when it is still so: under the grant's lock the ledger is read again, and the target once more before it. */
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Principal } from '../../domain/principals/principal.ts';
import type { Found } from './drift-types.ts';
import { hasSurvived } from './find-drift.ts';
import type { Finding, FindingKind } from './drift-ports.ts';
import type { Deps } from '../deps.ts';
import { endGrant } from '../grants/transitions.ts';

/** Only what this ledger made; the rest is reported and never touched. */
const REPAIRED: ReadonlySet<FindingKind> = new Set(['survived', 'gone', 'closed', 'deadline', 'wider']);
export const isRepairable = ({ kind }: Pick<Finding, 'kind'>): boolean => REPAIRED.has(kind);

/** An end that is moved while it is put back is put back again; nobody moves it this often. */
const ROUNDS_MAX = 3;

export type Repaired = {
  finding: Finding;
  outcome: 'repaired' | 'ended' | 'failed' | 'no_longer';
  error: string | null;
};
type Outcome = Omit<Repaired, 'finding'>;

const done = (outcome: Outcome['outcome']): Outcome => ({ outcome, error: null });

/** `ours` was read from the target just now. */
export const repairDrift = async (deps: Deps, finding: Finding, ours: readonly Found[]): Promise<Repaired> => {
  try {
    return { finding, ...(await repair(deps, finding, ours)) };
  } catch (error) {
    const failure = deps.access.failureOf(error);
    deps.log.warn({ finding: finding.id, kind: failure.kind, error: failure.message }, 'drift could not be repaired');
    return { finding, outcome: 'failed', error: failure.message };
  }
};

const repair = async (deps: Deps, finding: Finding, ours: readonly Found[]): Promise<Outcome> => {
  const { grantId } = finding;
  if (grantId === null || !isRepairable(finding)) return done('no_longer');
  const found = ours.find((one) => one.grantId === grantId);
  if (finding.kind === 'survived') return endAgain(deps, grantId, found);
  if (finding.kind === 'gone') return endGone(deps, grantId, found);
  if (!found) return done('no_longer');
  return putBack(deps, finding, { grantId, found });
};

type Held = { grant: Grant; grantee: Principal; isBusy: boolean };

const look = (deps: Deps, grantId: string): Promise<Held | null> =>
  deps.store.transaction((tx) => tx.drift.lockEntry(grantId));

/** The grant is terminal and stays so; what is left of it in the target is taken away once more. */
const endAgain = async (deps: Deps, grantId: string, found: Found | undefined): Promise<Outcome> => {
  const held = await look(deps, grantId);
  if (!found || !held || !hasSurvived(held.grant)) return done('no_longer');
  await deps.access.revoke({ ...held.grant, handle: found.handle }, held.grantee);
  return done('repaired');
};

const GONE = 'Somebody removed it in the target.';
const CLOSED = 'Somebody closed it by hand in the target.';

const endGone = async (deps: Deps, grantId: string, found: Found | undefined): Promise<Outcome> => {
  const held = await look(deps, grantId);
  if (found || !held || held.grant.state !== 'active') return done('no_longer');
  if ((await deps.access.check(held.grant, held.grantee)) === 'present') return done('no_longer');
  return endNow(deps, grantId, GONE);
};

const endNow = (deps: Deps, grantId: string, reason: string): Promise<Outcome> =>
  deps.store.transaction(async (tx) => {
    const held = await tx.drift.lockEntry(grantId);
    if (held?.grant.state !== 'active' || held.isBusy) return done('no_longer');
    await endGrant(tx, held.grant, { cause: 'revoked', by: null, reason });
    return done('ended');
  });

const putBack = async (
  deps: Deps,
  finding: Finding,
  { grantId, found }: { grantId: string; found: Found },
): Promise<Outcome> => {
  let restored: number | null = null;
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    const held = await look(deps, grantId);
    if (held?.grant.state !== 'active' || held.isBusy) return done(restored === null ? 'no_longer' : 'repaired');
    if (restored === held.grant.expiresAt.getTime()) return done('repaired');
    const still =
      restored !== null || deps.access.differences(held.grant, found).some(({ kind }) => kind === finding.kind);
    if (!still) return done('no_longer');
    if (finding.kind === 'closed') return endNow(deps, grantId, CLOSED);
    const failure = await restore(deps, held);
    // More than was agreed to must not stay: what cannot be put back ends.
    if (failure && finding.kind === 'wider')
      return endNow(deps, grantId, `It was made wider in the target: ${failure}`);
    if (failure) return { outcome: 'failed', error: failure };
    restored = held.grant.expiresAt.getTime();
  }
  return done('repaired');
};

/** Null when it is as it should be, else the sentence of a failure that does not pass by itself. */
const restore = async (deps: Deps, { grant, grantee }: Held): Promise<string | null> => {
  try {
    await deps.access.restore(grant, grantee);
    return null;
  } catch (error) {
    const failure = deps.access.failureOf(error);
    if (failure.isRetried) throw error;
    return failure.message;
  }
};

export const eventOf = <D extends object>(finding: Finding, data: D) => ({
  actor: SYSTEM,
  requestId: null,
  grantId: finding.grantId,
  target: finding.target,
  role: null,
  data: { finding: finding.id, kind: finding.kind, name: finding.name, description: finding.said, ...data },
});
