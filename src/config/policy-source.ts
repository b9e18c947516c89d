/** Holds the policy in force. A changed file replaces it as a whole or not at all. */
import { setTimeout as delay } from 'node:timers/promises';
import { readFile } from 'node:fs/promises';
import { unwatchFile, watchFile } from 'node:fs';
import type { Policy } from '../domain/policy/types.ts';
import type { ConfigProblem } from './problem.ts';

export type Loaded = { policy: Policy; warnings: ConfigProblem[] } | { problems: ConfigProblem[] };

export type PolicySourceOptions = {
  path: string;
  /** The text with what its lists of targets gave; what is loaded, adopted and stored is this. */
  complete: (text: string) => Promise<{ text: string } | { problems: ConfigProblem[] }>;
  load: (text: string) => Loaded | Promise<Loaded>;
  /** After the new policy is in force. */
  onAdopted: (source: string, warnings: ConfigProblem[], previous: Policy) => Promise<void>;
  onRejected: (problems: ConfigProblem[]) => Promise<void>;
  /** The file was refused and is again the policy in force. */
  onRestored: (source: string, warnings: ConfigProblem[]) => Promise<void>;
  onError: (error: unknown) => void;
  /** How long after a failure it is tried to record again what came of the file; a minute unless given. */
  againMs?: number;
};

export type PolicySource = {
  current(): Policy;
  /** Reads the file again now; resolves when the outcome is recorded. */
  reload(): Promise<void>;
  /** The file was refused, and the policy in force is another. */
  isRejected(): boolean;
  /** Looks for changes every `everyMs`; a poll, since mounted configuration is swapped by links that file events miss. */
  watch(everyMs: number): void;
  stop(): void;
};

const WRITING_MS = 200;
const AGAIN_MS = 60_000;

const SAY_WHERE = 'create it, or say where it is with LATCHKEY_POLICY';

const WHY_UNREADABLE: Record<string, (path: string) => string> = {
  ENOENT: (path) => `There is no policy file ${path}; ${SAY_WHERE}.`,
  EISDIR: (path) => `${path} is a folder, not a policy file; name the file in it, such as ${path}/latchkey.yml.`,
  EACCES: (path) => `The policy file ${path} may not be read (EACCES); give Latchkey's user the right to read it.`,
};

export const readPolicyText = async (path: string): Promise<{ text: string } | { problems: ConfigProblem[] }> => {
  try {
    return { text: await readFile(path, 'utf8') };
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    const message = WHY_UNREADABLE[why]?.(path) ?? `The policy file ${path} cannot be read (${why}); ${SAY_WHERE}.`;
    return { problems: [{ code: 'unreadable_policy', path: 'LATCHKEY_POLICY', line: null, message }] };
  }
};

const calendarsOf = ({ calendars }: Policy): string =>
  JSON.stringify(
    Object.keys(calendars)
      .toSorted()
      .map((freeze) => [freeze, calendars[freeze]?.file, calendars[freeze]?.sha256]),
  );

const isSame = (one: Policy, other: Policy): boolean =>
  one.sha256 === other.sha256 && calendarsOf(one) === calendarsOf(other);

/** The same file may be refused for another reason, once a calendar has changed. */
const refusedOf = (text: string, { problems }: { problems: ConfigProblem[] }): string =>
  JSON.stringify([text, problems.map(({ message }) => message)]);

/** Once, however often it is planned before its time. */
const createLater = (run: () => void, ms: number) => {
  let timer: NodeJS.Timeout | null = null;
  return {
    plan: (): void => {
      timer ??= setTimeout(() => {
        timer = null;
        run();
      }, ms).unref();
    },
    stop: (): void => {
      if (timer) clearTimeout(timer);
    },
  };
};

/** Nothing is watched before `begin`. What is no longer named stays watched: it does no harm. */
const watchFiles = (listener: () => void, againMs: number) => {
  const again = createLater(listener, againMs);
  const watched = new Set<string>();
  let everyMs: number | null = null;
  let later: NodeJS.Timeout | null = null;
  return {
    begin: (ms: number): void => void (everyMs = ms),
    follow: (paths: readonly string[]): void => {
      if (everyMs === null) return;
      const fresh = paths.filter((file) => !watched.has(file));
      for (const file of fresh) {
        watched.add(file);
        watchFile(file, { interval: everyMs, persistent: false }, listener);
      }
      // What changed since it was read, and before the watch first looked at it, is no change to the watch.
      if (fresh.length > 0) later = setTimeout(listener, everyMs).unref();
    },
    /** Without a change. */
    lookAgain: again.plan,
    stop: (): void => {
      again.stop();
      if (later) clearTimeout(later);
      for (const file of watched) unwatchFile(file, listener);
    },
  };
};

/** An editor may empty a file before it writes it: what is broken is read once more before it is said to be. */
const isStill = async (path: string, text: string | null): Promise<boolean> => {
  await delay(WRITING_MS);
  const again = await readPolicyText(path);
  return ('text' in again ? again.text : null) === text;
};

/** What came of the file is recorded until that succeeds: a policy is in force, or refused, whether or not Postgres is there to hear of it. */
const createRecording = () => {
  let owed: (() => Promise<void>)[] = [];
  const settle = async (): Promise<void> => {
    for (let [say] = owed; say; [say] = owed) {
      await say();
      owed.shift();
    }
  };
  const record = (...says: (() => Promise<void>)[]): Promise<void> => {
    owed = says;
    return settle();
  };
  return {
    inForce: record,
    refused: (say: () => Promise<void>) => record(...owed, say),
    settle,
    isOwed: () => owed.length > 0,
  };
};

/** `text`: with what the lists gave, where they could be read. */
const loadCompleted = async (
  { complete, load }: PolicySourceOptions,
  read: string,
): Promise<{ text: string; loaded: Loaded }> => {
  const completed = await complete(read);
  if ('problems' in completed) return { text: read, loaded: completed };
  return { text: completed.text, loaded: await load(completed.text) };
};

type Looked =
  | { text: string; policy: Policy; warnings: ConfigProblem[] }
  | { problems: ConfigProblem[]; read: string | null; key: string | null };

/** What the file holds now. `read` and `key`, which names what was refused, are null where it could not be read. */
const look = async (options: PolicySourceOptions): Promise<Looked> => {
  const read = await readPolicyText(options.path);
  if ('problems' in read) return { problems: read.problems, read: null, key: null };
  const { text, loaded } = await loadCompleted(options, read.text);
  if ('problems' in loaded) return { problems: loaded.problems, read: read.text, key: refusedOf(text, loaded) };
  return { text, ...loaded };
};

/** `first` is the policy of the start, which was loaded and checked already. */
export const createPolicySource = (first: Policy, options: PolicySourceOptions): PolicySource => {
  let current = first;
  let rejected: string | null = null;
  let isRejected = false;
  let pending: Promise<void> = Promise.resolve();
  const recording = createRecording();
  const files = watchFiles(() => void reload(), options.againMs ?? AGAIN_MS);
  const follow = (): void => files.follow([options.path, ...Object.values(current.calendars).map(({ file }) => file)]);

  const reject = async (problems: ConfigProblem[], text: string | null): Promise<void> => {
    if (text !== null && text === rejected) return recording.settle();
    [rejected, isRejected] = [text, true];
    await recording.refused(() => options.onRejected(problems));
  };

  const reloadOnce = async (): Promise<void> => {
    const found = await look(options);
    if ('problems' in found)
      return (await isStill(options.path, found.read)) ? reject(found.problems, found.key) : reloadOnce();
    const { text, policy, warnings } = found;
    const wasRejected = isRejected;
    [rejected, isRejected] = [null, false];
    if (isSame(policy, current))
      return wasRejected ? recording.inForce(() => options.onRestored(text, warnings)) : recording.settle();
    const previous = current;
    current = policy;
    follow();
    await recording.inForce(() => options.onAdopted(text, warnings, previous));
  };

  const reload = (): Promise<void> => {
    pending = pending
      .then(reloadOnce)
      .catch(options.onError)
      .then(() => (recording.isOwed() ? files.lookAgain() : undefined));
    return pending;
  };
  const watch = (everyMs: number): void => {
    files.begin(everyMs);
    follow();
  };
  return { current: () => current, reload, isRejected: () => isRejected, watch, stop: files.stop };
};
