/** The command of `latchkey exec` as a child, between its heartbeats. */
import { expect, test } from 'vitest';
import { runChild } from '../../src/cli/job/child.ts';
import { EXITS, JobFailure } from '../../src/cli/job/failure.ts';
import type { CallOptions, Server } from '../../src/cli/job/server.ts';
import type { Signals } from '../../src/cli/job/signals.ts';

const RESTART_MS = 30_000;
const PATIENT_MS = 60_000;

/** While the server restarts: it answers who is patient for so long. */
const restarting = (calls: string[]): Server => ({
  call: <T>(method: string, path: string, { patienceMs = PATIENT_MS }: CallOptions = {}): Promise<T> => {
    calls.push(`${method} ${path}`);
    if (patienceMs < RESTART_MS) throw new JobFailure(EXITS.unreachable, 'Latchkey cannot be reached.');
    return Promise.resolve({ expires_at: new Date(Date.now() + PATIENT_MS).toISOString() } as T);
  },
  now: () => Date.now(),
});

const quiet: Signals = { ended: new AbortController().signal, exit: () => null, passTo: () => undefined };

test('the first heartbeat waits out a restart of the server, and the command runs after it', async () => {
  const calls: string[] = [];
  const run = {
    ...{ server: restarting(calls), signals: quiet, grant: 'g1', expiresAt: new Date().toISOString() },
    ...{ command: [process.execPath, '-e', 'process.exit(7)'], env: { PATH: process.env['PATH'] } },
  };
  expect(await runChild(run)).toBe(7);
  expect(calls).toEqual(['POST /grants/g1/heartbeat']);
});
