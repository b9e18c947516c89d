/** The limits of GitLab's API are kept: nothing is sent while it wants to be left alone. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGitlab } from '../../sandbox/src/gitlab/gitlab.ts';
import type { Gitlab } from '../../sandbox/src/gitlab/gitlab.ts';
import { GitlabError, createGitlabClient } from '../../src/gitlab-api/client.ts';

let gitlab: Gitlab;
beforeAll(async () => {
  gitlab = await startGitlab();
});
afterAll(() => gitlab.stop());

test('a limit is kept until its time is over', async () => {
  const token = gitlab.addToken({ id: 900, username: 'latchkey-bot' });
  const client = createGitlabClient({ url: gitlab.url, token });
  const look = () => client.call({ method: 'GET', path: '/projects/77' });
  expect((await look()).status).toBe(404);
  gitlab.state.fault = 'limited';
  for (let again = 0; again < 3; again += 1) {
    const error: unknown = await look().catch((failure: unknown) => failure);
    if (!(error instanceof GitlabError)) throw new Error('no GitlabError');
    expect(error).toMatchObject({ status: 429, message: expect.stringContaining('rate limit') });
  }
  expect(gitlab.state.calls).toHaveLength(2);
  gitlab.state.fault = null;
  const status = (): Promise<number> =>
    look().then(
      (answer) => answer.status,
      () => 0,
    );
  await expect.poll(status, { timeout: 20_000 }).toBe(404);
});
