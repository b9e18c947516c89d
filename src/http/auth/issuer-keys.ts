/**
 * The keys of issuers, kept: what is known works through an outage, an unknown key refreshes an issuer's keys at most twice a minute, and
 * nothing that anyone sends takes a known key away.
 */
import { errors } from 'jose';
import type { CompactVerifyGetKey } from 'jose';
import type { Issuer } from '../../domain/clients/issuer.ts';
import type { Log } from '../../lib/log.ts';
import { KeysError, readKeys } from './read-keys.ts';
import type { KeySet } from './read-keys.ts';

const WINDOW_MS = 60_000;
const REFRESHES_MAX = 2;
/** Keys that an issuer has taken back are let go of after this long, while tokens keep coming. */
const STALE_MS = 10 * 60_000;
const FILE_STALE_MS = 5_000;

type Kept = { known: KeySet | null; readAt: number; refreshes: number[]; running: Promise<void> | null };

export type IssuerKeys = {
  /** The key that fits the token's header. Rejects with an error of `jose` where none does. */
  keyFor(issuer: Issuer): CompactVerifyGetKey;
};

const isNoKey = (error: unknown): boolean => error instanceof errors.JWKSNoMatchingKey;

type Keeper = { kept: Map<string, Kept>; read: (issuer: Issuer) => Promise<KeySet>; now: () => number; log: Log };

const keptOf = ({ kept }: Keeper, { url, keysFile }: Issuer): Kept => {
  const key = JSON.stringify([url, keysFile]);
  const found = kept.get(key) ?? { known: null, readAt: 0, refreshes: [], running: null };
  kept.set(key, found);
  return found;
};

/** Of a file each look is cheap; an issuer is read in the background, since a slow one must not hold up known keys. */
const refreshOld = async (keeper: Keeper, issuer: Issuer): Promise<void> => {
  const { known, readAt } = keptOf(keeper, issuer);
  const ageMs = keeper.now() - readAt;
  if (!known) return;
  if (issuer.keysFile !== null && ageMs > FILE_STALE_MS) return refresh(keeper, issuer);
  if (issuer.keysFile !== null || ageMs <= STALE_MS) return;
  refresh(keeper, issuer).catch((error: unknown) =>
    keeper.log.error({ err: error, issuer: issuer.name }, 'the keys of an issuer could not be refreshed'),
  );
};

const refresh = async (keeper: Keeper, issuer: Issuer): Promise<void> => {
  const one = keptOf(keeper, issuer);
  if (one.running) return one.running;
  const now = keeper.now();
  one.refreshes = one.refreshes.filter((at) => at > now - WINDOW_MS);
  if (issuer.keysFile === null && one.refreshes.length >= REFRESHES_MAX) return;
  one.refreshes.push(now);
  const run = async (): Promise<void> => {
    try {
      one.known = await keeper.read(issuer);
      one.readAt = keeper.now();
    } catch (error) {
      if (!(error instanceof KeysError)) throw error;
      const kept = one.known === null ? 'none are known' : 'those that are known stay in use';
      keeper.log.error({ issuer: issuer.name, why: error.message }, `the keys of an issuer could not be read; ${kept}`);
    } finally {
      one.running = null;
    }
  };
  one.running = run();
  return one.running;
};

/** Resolves with what `use` makes of the keys that are known, or of those that a refresh brings. */
const keysWith = async <T>(keeper: Keeper, issuer: Issuer, use: (keys: KeySet) => Promise<T>): Promise<T> => {
  const one = keptOf(keeper, issuer);
  await refreshOld(keeper, issuer);
  try {
    if (one.known) return await use(one.known);
  } catch (error) {
    if (!isNoKey(error)) throw error;
  }
  await refresh(keeper, issuer);
  if (!one.known) throw new errors.JWKSNoMatchingKey();
  return use(one.known);
};

export type KeysOptions = { log: Log; read?: Keeper['read']; now?: () => number };

export const createIssuerKeys = ({ log, read = readKeys, now = () => performance.now() }: KeysOptions): IssuerKeys => {
  const keeper: Keeper = { kept: new Map(), read, now, log };
  return {
    keyFor: (issuer) => (header, token) => keysWith(keeper, issuer, async (keys) => keys.find(header, token)),
  };
};
