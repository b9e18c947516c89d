/** Runs one program with JSON in and JSON out: no shell, an environment of its own, a group of processes that is ended with it. */
import { spawn, type ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Json } from '../../domain/json.ts';
import { codeOf } from '../kit/network-errors.ts';
import { ProviderError, type ProviderErrorKind } from '../provider.ts';

const LONGEST_ANSWER = 65_536;
const LONGEST_WORD = 200;
/** What a program wrote before its exit is read long before that. */
const LEFT_OPEN_MS = 2_000;
/** Nothing of Latchkey's own environment: it has secrets. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

/** sysexits.h */
const KINDS: Readonly<Record<number, ProviderErrorKind>> = {
  64: 'unsupported',
  69: 'unavailable',
  75: 'unavailable',
  77: 'denied',
  78: 'misconfigured',
  126: 'misconfigured',
  127: 'misconfigured',
};

/** `answerBytesMax`: 64 KiB unless it says otherwise. */
export type Run = {
  program: string;
  args: readonly string[];
  env: Record<string, string>;
  question: Json;
  answerBytesMax?: number;
};
type Ended = { code: number | null; signal: NodeJS.Signals | null; out: Buffer; word: string; isTooLong: boolean };

/** Also what it left running. That the group is gone already is no failure. */
const endGroup = ({ pid }: ChildProcess): void => {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (codeOf(error) !== 'ESRCH') throw error;
  }
};

/** Reads on beyond the limit, and keeps nothing of it. */
const collect = (stream: Readable, limit: number, onTooLong: () => void): (() => Buffer) => {
  const parts: Buffer[] = [];
  let length = 0;
  stream.on('data', (part: Buffer) => {
    length += part.length;
    if (length <= limit) parts.push(part);
    else onTooLong();
  });
  return () => Buffer.concat(parts);
};

/** The last line that it said for people: no control characters, and not much of it. */
const lastWord = (text: string): string =>
  (text.trim().split('\n').at(-1) ?? '')
    .replaceAll(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, LONGEST_WORD);

const started = ({ program, args, env }: Run) =>
  spawn(program, [...args], {
    shell: false,
    cwd: '/',
    env: { ...ENVIRONMENT, ...env },
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });

/**
 * A program that it started in a session of its own holds its output open: that is waited for a moment after its exit, and not at all where
 * the call is over.
 */
const ended = (run: Run, signal: AbortSignal): Promise<Ended> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const child = started(run);
    const stop = (): void => endGroup(child);
    let isTooLong = false;
    const out = collect(child.stdout, run.answerBytesMax ?? LONGEST_ANSWER, () => {
      isTooLong = true;
      stop();
    });
    const words = collect(child.stderr, LONGEST_ANSWER, () => undefined);
    let leftOpen: NodeJS.Timeout | undefined;
    const leave = (): void => {
      signal.removeEventListener('abort', abort);
      clearTimeout(leftOpen);
      for (const stream of child.stdio) stream?.destroy();
    };
    const abort = (): void => {
      stop();
      leave();
      reject(signal.reason as Error);
    };
    const settle = (): void => {
      leave();
      const { exitCode: code, signalCode } = child;
      resolve({ code, signal: signalCode, out: out(), word: lastWord(words().toString('utf8')), isTooLong });
    };
    signal.addEventListener('abort', abort, { once: true });
    // One that reads no input breaks the pipe, which is its own affair.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${JSON.stringify(run.question)}\n`);
    child.once('error', (error) => {
      leave();
      reject(error);
    });
    child.once('exit', () => {
      stop();
      leftOpen = setTimeout(settle, LEFT_OPEN_MS);
    });
    child.once('close', settle);
  });

const notStarted = ({ program }: Run, error: unknown): ProviderError => {
  const code = codeOf(error);
  const kind = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE', 'ETXTBSY'].includes(code) ? 'unavailable' : 'misconfigured';
  return new ProviderError(kind, `The program ${program} could not be started (${code}).`, {
    cause: error,
    isUntouched: true,
  });
};

const spawned = async (run: Run, signal: AbortSignal): Promise<Ended> => {
  try {
    return await ended(run, signal);
  } catch (error) {
    if (signal.aborted || codeOf(error) === '') throw error;
    throw notStarted(run, error);
  }
};

/** @throws ProviderError for every end but 0 with one JSON on standard output. */
export const runProgram = async (run: Run, signal: AbortSignal): Promise<Json> => {
  const { program } = run;
  const { code, signal: by, out, word, isTooLong } = await spawned(run, signal);
  const said = word === '' ? '' : ` It said: ${word}`;
  if (isTooLong)
    throw new ProviderError(
      'misconfigured',
      `The program ${program} answered more than ${run.answerBytesMax ?? LONGEST_ANSWER} bytes.`,
    );
  if (by !== null)
    throw new ProviderError('unavailable', `The program ${program} was ended by ${by} before it answered.${said}`);
  if (code !== 0)
    throw new ProviderError(
      KINDS[code ?? -1] ?? 'unavailable',
      `The program ${program} ended with exit code ${code}.${said}`,
    );
  try {
    return JSON.parse(out.toString('utf8')) as Json;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ProviderError('misconfigured', `The program ${program} gave an answer that is no JSON.`);
  }
};
