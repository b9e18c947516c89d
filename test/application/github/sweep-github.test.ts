/** The look at GitHub goes through every run that waits or holds access, however many there are. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createGithubRounds, sweepGithub } from '../../../src/application/github/sweep-github.ts';
import type { GithubDeps } from '../../../src/application/github/github-deps.ts';
import type { RunFacts } from '../../../src/domain/github/run.ts';
import { newId } from '../../../src/lib/ids.ts';
import { createLog } from '../../../src/lib/log.ts';
import { openTestStore, someRequest } from '../../store/fixtures.ts';
import type { TestStore } from '../../store/fixtures.ts';
import { jobCaller } from '../../support/client-caller.ts';

/** One more than a look goes through. */
const RUNS = 101;

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

const storeRequests = (): Promise<void> =>
  opened.store.transaction(async (tx) => {
    const { client } = jobCaller();
    await tx.principals.upsert(client);
    for (let at = 0; at < RUNS; at += 1) {
      const { job } = jobCaller({ key: `job-${at}`, run: String(1000 + at) });
      await tx.requests.insert({ ...someRequest(client), job });
    }
  });

const storeGates = (): Promise<void> =>
  opened.store.transaction(async ({ github }) => {
    for (let at = 0; at < RUNS; at += 1) {
      const repository = { id: '456789', fullName: 'acme/api', installation: '77' };
      const of = { run: String(5000 + at), attempt: 1, environment: 'production', sha: 'a'.repeat(40) };
      await github.openGate({ id: newId(), repository, ...of });
    }
  });

const depsOf = (asked: Set<string>): GithubDeps => {
  const github: Partial<GithubDeps['github']> = {
    failedDeliveries: async () => [],
    run: async (_repository, run) => {
      asked.add(run);
      return { isCompleted: false, attempt: 1 } as RunFacts;
    },
  };
  const clients = { 'api-deploy': { name: 'api-deploy', issuer: 'github' } };
  const policy = () => ({ clients, issuers: { github: { kind: 'github' } } });
  return { store: opened.store, log: createLog('silent'), github, policy } as unknown as GithubDeps;
};

test('each run and each deployment has its turn', { timeout: 60_000 }, async () => {
  await storeRequests();
  await storeGates();
  const asked = new Set<string>();
  const rounds = createGithubRounds();
  await sweepGithub(depsOf(asked), rounds);
  await sweepGithub(depsOf(asked), rounds);
  expect(asked.size).toBe(2 * RUNS);
});
