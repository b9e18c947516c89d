/** A job that holds access says every 15 seconds that it is there. After a minute of silence its access ends: its runner is gone. */
import { DomainError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import { isOwnRequest } from '../identity/caller.ts';
import type { Caller } from '../identity/caller.ts';
import type { Deps, Tx } from '../deps.ts';
import { endGrant } from './transitions.ts';

const SILENT_MS = 60_000;
/** A job that nobody could hear for this long is given its whole minute again. Beats come every 15 seconds. */
const GAP_MS = 15_000;
const BATCH = 100;

export const heartbeat = async (deps: Deps, { caller, grantId }: HeartbeatInput): Promise<Grant> => {
  const grant = await deps.store.read.grant(grantId);
  const request = grant && (await deps.store.read.request(grant.requestId));
  if (!grant || !request || !isOwnRequest(caller, request)) throw new DomainError('grant_not_found', { id: grantId });
  if (grant.state !== 'active') throw new DomainError('grant_not_live', { id: grant.id, state: grant.state });
  await deps.store.transaction((tx) => tx.heartbeats.beat(grant.id));
  return grant;
};

const endOne = async (tx: Tx, grantId: string): Promise<void> => {
  const grant = await tx.grants.lock(grantId);
  if (grant?.state === 'active') await endGrant(tx, grant, { cause: 'client_lost', by: null, reason: null });
};

export const endSilent = (deps: Deps): Promise<void> =>
  deps.store.transaction(async (tx) => {
    for (const id of await tx.heartbeats.takeSilent({ silentMs: SILENT_MS, gapMs: GAP_MS }, BATCH))
      await endOne(tx, id);
  });

/** Called every few seconds by each process that answers jobs. */
export const hearJobs = (deps: Pick<Deps, 'store'>): Promise<void> =>
  deps.store.transaction((tx) => tx.heartbeats.hear(GAP_MS));

export type HeartbeatInput = { caller: Caller; grantId: string };
