/**
 * Look-ups that are kept for all processes. A decision uses what is proven to be so still: every event of Slack was heard since it was read,
 * or it was read seconds ago. Else Slack is called, once for everyone who needs the same.
 */
import type { FactKind, Facts, Found } from '../../application/identity/fact-ports.ts';
import type { Loader } from '../../lib/loader.ts';
import { createLoader } from '../../lib/loader.ts';
import type { Log } from '../../lib/log.ts';

/** A call that began so long ago is not shared any more. */
const SHARED_MS = 1_000;
const REMEMBERED_MAX = 5_000;

export type KeptSettings = { facts: Facts; teamId: () => string; log: Log };

/** Calls that run now: a caller who needs the same a moment later shares the answer. */
const createSharing = <T>(read: (key: string) => Promise<T>): ((key: string) => Promise<T>) => {
  const running = new Map<string, { call: Promise<T>; startedMs: number }>();
  return async (key) => {
    const same = running.get(key);
    if (same && performance.now() - same.startedMs < SHARED_MS) return same.call;
    const mine = { call: read(key), startedMs: performance.now() };
    running.set(key, mine);
    try {
      return await mine.call;
    } finally {
      if (running.get(key) === mine) running.delete(key);
    }
  };
};

/** Values by their version, so that large ones are not sent by the database each time. */
const createVersions = <T>() => {
  const values = new Map<string, { version: string; value: T }>();
  return {
    versionOf: (key: string): string | null => values.get(key)?.version ?? null,
    /** Null where the value of that version is no longer here. */
    valueOf: (key: string, found: Found): { value: T } | null => {
      if (found.isKnown) return values.get(key) ?? null;
      // Only `keep` below writes them.
      const held = { version: found.version, value: found.value as T };
      values.delete(key);
      values.set(key, held);
      const [oldest] = values.keys();
      if (values.size > REMEMBERED_MAX && oldest !== undefined) values.delete(oldest);
      return held;
    },
  };
};

/** `load` gives plain data, which is kept as JSON. */
export const createKeptLoader = <T>(
  { facts, teamId, log }: KeptSettings,
  { kind, load, recentMs }: { kind: FactKind; load: (key: string) => Promise<T>; recentMs: number },
): Loader<string, T> => {
  const versions = createVersions<T>();
  const share = createSharing(async (key) => {
    const startedMs = performance.now();
    const value = await load(key);
    try {
      await facts.keep(teamId(), { kind, key }, { value, ageMs: performance.now() - startedMs });
    } catch (error) {
      log.warn({ kind, error: String(error) }, 'what was read of Slack could not be kept');
    }
    return value;
  });
  // The same key is needed many times in one decision: those of one moment share the look into the database.
  return createLoader(async (key: string) => {
    const found = await facts.find(teamId(), { kind, key }, versions.versionOf(key));
    const held = found && versions.valueOf(key, found);
    return held ? held.value : share(key);
  }, recentMs);
};
