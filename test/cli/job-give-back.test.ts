/** What a job says to the server when it is over: while that restarts, and while the CI is about to kill the job. */
import { expect, test } from 'vitest';
import { giveBack, takeBack } from '../../src/cli/job/access.ts';
import type { RequestAnswer } from '../../src/cli/job/answers.ts';
import { EXITS, JobFailure } from '../../src/cli/job/failure.ts';
import type { CallOptions, Server } from '../../src/cli/job/server.ts';
import { Interrupted } from '../../src/cli/job/signals.ts';

const RESTART_MS = 45_000;
/** A CI kills ten seconds after its first signal. */
const LAST_MOMENT_MS = 9_000;

type Call = { line: string; longestMs: number };

/** While the server restarts: it answers who is patient for so long, and a signal ends any patience. */
const restarting = (calls: Call[]): Server => ({
  call: async <T>(method: string, path: string, options: CallOptions = {}): Promise<T> => {
    const { patienceMs = 0, timeoutMs = 0, signal } = options;
    calls.push({ line: `${method} ${path}`, longestMs: patienceMs + timeoutMs });
    signal?.throwIfAborted();
    if (patienceMs < RESTART_MS) throw new JobFailure(EXITS.unreachable, 'Latchkey cannot be reached.');
    return { ended: ['g1'], ending: [] } as T;
  },
  now: () => Date.now(),
});

const WAITS = { id: 'r1', window: null } as RequestAnswer;

const asItEnds = (hurry: AbortSignal, calls: Call[]): [string, () => Promise<void>][] => [
  ['DELETE /grants/g1?exit=3', () => giveBack(restarting(calls), 'g1', { hurry, exit: 3 })],
  ['POST /requests/r1/cancel', () => takeBack(restarting(calls), WAITS, hurry)],
];

test('a restart of the server is waited out', async () => {
  const calls: Call[] = [];
  for (const [line, run] of asItEnds(new AbortController().signal, calls)) {
    await run();
    expect(calls.splice(0).map((call) => call.line)).toEqual([line]);
  }
});

test('after a signal there is one quick try, and a failure is no failure of the job', async () => {
  const calls: Call[] = [];
  for (const [line, run] of asItEnds(AbortSignal.abort(new Interrupted('SIGTERM')), calls)) {
    await run();
    const [, quick, ...more] = calls.splice(0);
    expect(quick).toMatchObject({ line });
    expect(quick?.longestMs).toBeLessThan(LAST_MOMENT_MS);
    expect(more).toEqual([]);
  }
});
