/** What is said of a job's checks changes nothing of who is behind the job. */
import { expect, test } from 'vitest';
import type { AccountBehind } from '../../../src/domain/principals/ci-account.ts';
import type { CommitCheck } from '../../../src/domain/github/checks.ts';
import { callerFromSession } from '../../../src/application/identity/caller.ts';
import { withChecks } from '../../../src/application/github/job-checks.ts';
import { createLog } from '../../../src/lib/log.ts';

const ACCOUNTS: AccountBehind[] = [{ issuer: 'ci', id: '7', login: 'dana-gh', by: 'ran_again', emails: [] }];
const CHECKS: CommitCheck[] = [
  { id: '1', name: 'lint', state: 'failed' },
  { id: 'own', name: 'deploy', state: 'running' },
];

const caller = callerFromSession({
  client: {
    ...{ kind: 'client', id: 'client:api', name: 'api', issuer: 'ci', issuerKind: 'github', binding: '' },
    channel: null,
  },
  job: {
    ...{ key: JSON.stringify(['https://ci.test', '1', '9', '2', 'own']), repository: 'acme/api', repositoryId: '1' },
    ...{ ref: 'refs/heads/main', environment: '', workflow: '', event: 'push', run: '9', attempt: 2, sha: 'f00d' },
    ...{ actor: 'octo', actorId: '2', subject: '', runUrl: null },
  },
  startedBy: ['U0DANA'],
  accounts: ACCOUNTS,
});

const asking = (checks: CommitCheck[] | null) =>
  withChecks({ log: createLog('silent'), github: { checks: () => Promise.resolve(checks) } }, caller);

test('the checks of the commit are shown without the job itself, and the people and accounts behind it stay', async () => {
  const after = await asking(CHECKS);
  expect(after.job.checks).toBe('1 failed (lint)');
  expect(after).toMatchObject({ startedBy: ['U0DANA'], accounts: ACCOUNTS });
});

test('a job whose checks cannot be seen is as it was', async () => {
  expect(await asking(null)).toEqual(caller);
});
