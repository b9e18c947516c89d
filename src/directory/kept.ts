/**
 * Look-ups that are kept for all processes. A decision uses what is proven to be so still: every event of Slack was heard since it was read,
 * or it was read seconds ago. Else it is read, once for all processes that need the same.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type {
  FactKind,
  FactName,
  Facts,
  FactUse,
  Found,
  LookedFor,
  WantedFact,
} from '../application/identity/fact-ports.ts';
import type { Loader } from '../lib/loader.ts';
import { createLoader } from '../lib/loader.ts';
import type { Log } from '../lib/log.ts';

const REMEMBERED_MAX = 5_000;
/** How often is looked for what another process reads. */
const OTHERS_READ_MS = 40;

export type KeptSettings = { facts: Facts; teamId: () => string; log: Log };

/** What is wanted in one moment, as by one decision, is one look into the database. */
export type Finder = (wanted: WantedFact) => Promise<LookedFor>;

export const createFinder = ({ facts, teamId }: Pick<KeptSettings, 'facts' | 'teamId'>): Finder => {
  let batch: { wanted: WantedFact[]; looked: Promise<LookedFor[]> } | null = null;
  const begin = (): { wanted: WantedFact[]; looked: Promise<LookedFor[]> } => {
    const wanted: WantedFact[] = [];
    const looked = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      batch = null;
      return facts.find(teamId(), wanted);
    });
    return { wanted, looked };
  };
  return async (wanted) => {
    batch ??= begin();
    const place = batch.wanted.push(wanted) - 1;
    const found = (await batch.looked)[place];
    if (!found) throw new Error('a look for facts gave fewer answers than were wanted');
    return found;
  };
};

type Versions<T> = {
  versionOf(key: string): string | null;
  /** Null where the value of that version is no longer here. */
  valueOf(key: string, found: Found): { value: T } | null;
};

/** Values by their version, so that large ones are not sent by the database each time. */
const createVersions = <T>(): Versions<T> => {
  const values = new Map<string, { version: string; value: T }>();
  return {
    versionOf: (key) => values.get(key)?.version ?? null,
    valueOf: (key, found) => {
      const known = values.get(key);
      if (found.isKnown) return known?.version === found.version ? known : null;
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

const RENEW_MS = 1_000;

type Call<T> = {
  name: FactName;
  /** Resolves when a call may be made. */
  ready: () => Promise<void>;
  load: (asOf: string) => Promise<T>;
};

/** `asOf` is null until the call begins: until then everybody may wait for it. */
type Reading<T> = { asOf: string | null; value: Promise<T> };

/** Others wait for the claim, also while this waits for a limit of Slack. */
const holding = async <T>({ facts, teamId }: KeptSettings, name: FactName, work: () => Promise<T>): Promise<T> => {
  // A claim that cannot be renewed runs out, and another process reads it too.
  const timer = setInterval(() => void facts.renew(teamId(), name).catch(() => undefined), RENEW_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
};

/** Gives what was read, though it could not be kept. `asOf` is the moment of the look before. */
const beginReading = <T>(settings: KeptSettings, { name, ready, load }: Call<T>, asOf: string): Reading<T> => {
  const { facts, teamId, log } = settings;
  const lookedMs = performance.now();
  const warn = (error: unknown): void =>
    log.warn({ kind: name.kind, error: String(error) }, 'what was read of the directory could not be kept');
  const run = async (): Promise<T> => {
    try {
      await ready();
      const beginsAt = String(BigInt(asOf) + BigInt(Math.floor((performance.now() - lookedMs) * 1_000)));
      reading.asOf = beginsAt;
      const value = await load(beginsAt);
      await facts.keep(teamId(), [{ ...name, value }], beginsAt).catch(warn);
      return value;
    } catch (error) {
      await facts.release(teamId(), name).catch(warn);
      throw error;
    }
  };
  const reading: Reading<T> = { asOf: null, value: Promise.resolve().then(() => holding(settings, name, run)) };
  return reading;
};

export type KeptKind<T> = {
  kind: FactKind;
  /** Resolves when a call may be made. */
  ready: () => Promise<void>;
  /** Whether a call may be made now for what only shows. */
  hasRoom: () => Promise<boolean>;
  /** Gives plain data, which is kept as JSON. `asOf`: what is kept beside it is so as of then. */
  load: (key: string, asOf: string) => Promise<T>;
};

export type KeptLoader<T> = Loader<string, T> & {
  /** Seconds old at most, also where there is no room for what only shows. */
  young(key: string): Promise<T>;
  /** As it was read last, where no event said that it changed: for what is there to be recognised by. */
  lasting(key: string): Promise<T>;
};

type Settings = KeptSettings & { find: Finder };

type Looked<T> = Pick<LookedFor, 'asOf' | 'notBefore'> & { held: { value: T } | null };
type Look<T> = (key: string, use: FactUse) => Promise<Looked<T>>;

const createLook = <T>({ find }: Settings, kind: FactKind): Look<T> => {
  const versions = createVersions<T>();
  return async (key, use) => {
    const { found, asOf, notBefore } = await find({ kind, key, known: versions.versionOf(key), use });
    return { held: found && versions.valueOf(key, found), asOf, notBefore };
  };
};

/** Looks until it is there: kept, or read by this or another process. */
const createLookUp = <T>(
  settings: Settings,
  { kind, ready, load }: KeptKind<T>,
  look: Look<T>,
): ((key: string, use: FactUse) => Promise<T>) => {
  const readings = new Map<string, Reading<T>>();
  const read = (key: string, asOf: string): Promise<T> => {
    const mine = beginReading(settings, { name: { kind, key }, ready, load: (at) => load(key, at) }, asOf);
    readings.set(key, mine);
    const isOver = (): void => {
      if (readings.get(key) === mine) readings.delete(key);
    };
    mine.value.then(isOver, isOver);
    return mine.value;
  };
  /** Another process may have read it between the look and the claim. */
  const readUnlessKept = async (key: string, use: FactUse): Promise<T> => {
    const { held, asOf } = await look(key, use);
    if (!held) return read(key, asOf);
    await settings.facts.release(settings.teamId(), { kind, key });
    return held.value;
  };
  return async (key, use) => {
    for (;;) {
      const { held, notBefore } = await look(key, use);
      if (held) return held.value;
      const reading = readings.get(key);
      if (reading && (reading.asOf === null || BigInt(reading.asOf) > BigInt(notBefore))) return reading.value;
      if (await settings.facts.claim(settings.teamId(), { kind, key })) return readUnlessKept(key, use);
      await delay(OTHERS_READ_MS);
    }
  };
};

export const createKeptLoader = <T>(settings: Settings, of: KeptKind<T>): KeptLoader<T> => {
  const { kind, hasRoom } = of;
  const look = createLook<T>(settings, kind);
  const lookUp = createLookUp(settings, of, look);
  // Nothing is remembered beside Postgres, where alone is known what was changed since.
  const forDecisions = createLoader((key: string) => lookUp(key, 'decision'), 0);
  const young = createLoader((key: string) => lookUp(key, 'shown'), 0);
  // Hundreds of messages that wait to be changed must not take the calls that a decision needs.
  const show = async (key: string): Promise<T> => {
    const { held: recent } = await look(key, 'shown');
    if (recent) return recent.value;
    const { held: older } = await look(key, 'crowded');
    return older && !(await hasRoom()) ? older.value : young.fresh(key);
  };
  const forShow = createLoader(show, 0);
  return {
    fresh: forDecisions.fresh,
    young: young.fresh,
    recent: forShow.fresh,
    lasting: async (key) => {
      const { held } = await look(key, 'picture');
      return held ? held.value : forShow.fresh(key);
    },
  };
};
