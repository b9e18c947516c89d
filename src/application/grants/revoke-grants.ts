/** Which grants are due to end, or are ending, are claimed here: nobody else works on them then. How they end is in `close-grants.ts` and `remove-grants.ts`. */
import type { Grant } from '../../domain/grants/grant.ts';
import type { Principal } from '../../domain/principals/principal.ts';
import { mustPrincipal } from '../record/must-find.ts';
import { LEASE_MS } from '../record/backoff.ts';
import type { Deps, Tx } from '../deps.ts';
import { closeAll } from './close-grants.ts';
import { removeAll } from './remove-grants.ts';
import type { Item } from './strokes.ts';
import { endGrants } from './transitions.ts';

const BATCH = 100;

/** Both strokes for these: closed, recorded as that, and then removed. */
export const completeRevocation = async (deps: Deps, { grantIds }: { grantIds: string[] }): Promise<void> => {
  const claimed = await Promise.all(grantIds.map((id) => claimOne(deps, id)));
  await closeAll(
    deps,
    claimed.filter((item): item is Item => item !== null),
  );
  await removeAll(deps, await claimClosed(deps, { ids: grantIds }));
};

/**
 * Claims up to a hundred grants whose deadline has passed and begins to close them. `work` resolves when that is done;
 * it is not awaited here, so that a target that hangs holds up no deadline in another.
 */
export const expireDue = async (deps: Deps): Promise<{ count: number; work: Promise<void> }> => {
  const items = await deps.store.transaction((tx) => claimDue(tx));
  return { count: items.length, work: closeAll(deps, items) };
};

/**
 * Claims up to a hundred grants that are closed and begins to remove what they left. Nobody has access by it, so it waits while others
 * in the same target are being closed. `work` as for `expireDue`.
 */
export const removeClosed = async (deps: Deps): Promise<{ count: number; work: Promise<void> }> => {
  const items = await claimClosed(deps, { limit: BATCH });
  return { count: items.length, work: removeAll(deps, items) };
};

/** The claim locks no request, so what was claimed is read when it was committed. */
const claimClosed = async (deps: Deps, of: Parameters<Tx['grants']['claimClosed']>[0]): Promise<Item[]> => {
  const ids = await deps.store.transaction((tx) => tx.grants.claimClosed(of, LEASE_MS));
  if (ids.length === 0) return [];
  return deps.store.transaction(async (tx) => withGrantees(tx, await tx.grants.lockMany(ids)));
};

/** Nobody is notified yet: the close itself, or its first failure, is what there is to say. */
const claimDue = async (tx: Tx): Promise<Item[]> => {
  const due = await tx.grants.lockDue(BATCH);
  if (due.length === 0) return [];
  await endGrants(tx, due, { cause: 'expired' });
  const ending = { state: 'ending', endCause: 'expired', attempts: 0 } as const;
  return withGrantees(
    tx,
    due.map((grant) => ({ ...grant, ...ending })),
  );
};

export const withGrantees = async (tx: Tx, grants: readonly Grant[]): Promise<Item[]> => {
  const grantees = await granteesOf(tx, grants);
  return grants.flatMap((grant) => {
    const grantee = grantees.get(grant.granteeId);
    return grantee ? [{ grant, grantee }] : [];
  });
};

/** By id. */
const granteesOf = async (tx: Tx, grants: readonly Grant[]): Promise<Map<string, Principal>> => {
  const ids = [...new Set(grants.map(({ granteeId }) => granteeId))];
  return new Map((await tx.principals.listByIds(ids)).map((grantee) => [grantee.id, grantee]));
};

/** Also turns an active grant whose deadline has passed into an ending one, so that any alarm may ring first. */
const claimOne = async (deps: Deps, grantId: string): Promise<Item | null> => {
  const grant = await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(grantId);
    if (!current || (await tx.grants.isLeased(grantId))) return null;
    if (current.state === 'active' && (await tx.now()) >= current.expiresAt) {
      await endGrants(tx, [current], { cause: 'expired' });
    } else if (current.state === 'ending') {
      await tx.grants.claim(grantId, LEASE_MS, null);
    } else {
      return null;
    }
    return tx.grants.lock(grantId);
  });
  return grant ? { grant, grantee: await mustPrincipal(deps, grant.granteeId) } : null;
};
