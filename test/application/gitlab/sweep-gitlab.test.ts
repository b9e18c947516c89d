/** Answers for GitLab: what it refuses again and again keeps nothing of what was decided later from being sent. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerGitlab, createGitlabRounds, lookAtGitlab } from '../../../src/application/gitlab/sweep-gitlab.ts';
import type { GitlabDeps } from '../../../src/application/gitlab/gitlab-deps.ts';
import type { Deployment } from '../../../src/domain/gitlab/deployment.ts';
import { newId } from '../../../src/lib/ids.ts';
import { createLog } from '../../../src/lib/log.ts';
import { openTestStore } from '../../store/fixtures.ts';
import type { TestStore } from '../../store/fixtures.ts';

/** One more than a look goes through. */
const GATES = 101;

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

const storeGates = (refusal: string | null): Promise<void> =>
  opened.store.transaction(async ({ gitlab }) => {
    for (let at = 0; at < GATES; at += 1) {
      const of = { projectId: '77', projectPath: 'acme/shop', deployment: `${refusal ?? 'open'}-${at}` };
      const gate = { ...of, job: '1', pipeline: '1', environment: 'production', sha: 'a'.repeat(40) };
      const { id } = await gitlab.openGate({ id: newId(), ...gate });
      if (refusal !== null) await gitlab.setGate(id, { refusal });
    }
  });

/** `asked`: deployments that GitLab was asked about, by either call. It takes an answer for none but the last. */
const depsOf = (asked: Set<string>): GitlabDeps => {
  const deployment = async (_project: string, id: string): Promise<Deployment> => {
    asked.add(id);
    return { isBlocked: true } as Deployment;
  };
  const gitlab: Partial<GitlabDeps['gitlab']> = {
    deployment,
    answer: async ({ id }) => {
      asked.add(id);
      return { refused: id.endsWith(`-${GATES - 1}`) ? null : 'The token may not.' };
    },
  };
  const policy = () => ({ gates: [], clients: {}, issuers: {} });
  return { store: opened.store, log: createLog('silent'), gitlab, policy } as unknown as GitlabDeps;
};

test('each answer has its turn, and so has each deployment that waits', { timeout: 60_000 }, async () => {
  await storeGates('Not this one.');
  await storeGates(null);
  const answered = new Set<string>();
  const rounds = createGitlabRounds();
  await answerGitlab(depsOf(answered), rounds);
  await answerGitlab(depsOf(answered), rounds);
  expect(answered.size).toBe(GATES);
  const { rows } = await opened.pool.query(`select deployment from gitlab_gates where settled_at is not null`);
  expect(rows).toEqual([{ deployment: `Not this one.-${GATES - 1}` }]);

  const looked = new Set<string>();
  await lookAtGitlab(depsOf(looked), rounds);
  await lookAtGitlab(depsOf(looked), rounds);
  expect([...looked].filter((id) => id.startsWith('open-'))).toHaveLength(GATES);
});
