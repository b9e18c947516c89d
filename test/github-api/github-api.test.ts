/** GitHub's API as the App uses it: keys, tokens, limits, redirects, and what `latchkey doctor` finds. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startGithub } from '../../sandbox/src/github/github.ts';
import type { Github } from '../../sandbox/src/github/github.ts';
import { EVENTS, PERMISSIONS } from '../../sandbox/src/github/state.ts';
import { GithubError, createAppClient } from '../../src/github-api/app-client.ts';
import { examineGithub } from '../../src/github-api/examine.ts';
import { checksText } from '../../src/domain/github/checks.ts';
import { createGithub } from '../../src/github-api/github.ts';

let github: Github;
beforeAll(async () => {
  github = await startGithub();
  github.addRepository('acme/api', 456_789, 77);
});
beforeEach(() => {
  github.state.fault = null;
  github.state.permissions = { ...PERMISSIONS };
  github.state.events = [...EVENTS];
  github.state.calls.length = 0;
});
afterAll(() => github.stop());

const appWith = (key: string, more: object = {}) => ({
  appId: github.state.appId,
  key,
  apiUrl: github.apiUrl,
  ...more,
});
const api = { id: '456789', fullName: 'acme/api', installation: '77' };
const runOf = () => {
  const [repository] = github.state.repositories;
  if (!repository) throw new Error('the stand-in has a repository');
  return github.addRun({ repository });
};

test.each(['pkcs1', 'pkcs8'] as const)('a key in %s signs for the App, and a token is used again', async (form) => {
  const client = createGithub(createAppClient(appWith(github.state.privateKey[form])));
  const run = runOf();
  expect(await client.run(api, String(run.id))).toMatchObject({ sha: run.sha, attempt: 1, isCompleted: false });
  expect(await client.run({ ...api, installation: '' }, '1')).toBeNull();
  expect(github.state.calls.filter((call) => call.endsWith('/access_tokens'))).toHaveLength(1);
});

test('a token that was taken back is replaced', async () => {
  const client = createGithub(createAppClient(appWith(github.state.privateKey.pkcs1)));
  const run = String(runOf().id);
  await client.run(api, run);
  github.state.tokens.clear();
  expect(await client.run(api, run)).not.toBeNull();
});

test.each([
  ['primary', 403, true],
  ['secondary', 403, true],
  ['error', 0, false],
  ['down', 0, false],
  ['moved', 0, false],
] as const)(
  '%s is a failure that passes, with the time to wait where GitHub says it',
  async (fault, status, isLimit) => {
    const client = createGithub(createAppClient(appWith(github.state.privateKey.pkcs1)));
    github.state.fault = fault;
    const error: unknown = await client.run(api, '1').catch((failure: unknown) => failure);
    if (!(error instanceof GithubError)) throw new Error('no GithubError');
    expect(error.status).toBe(status);
    expect((error.retryInMs ?? 0) > 0).toBe(isLimit);
    expect(error.message).not.toContain('BEGIN');
  },
);

test('a time to wait is believed to an hour, since ends of access wait for it', async () => {
  const client = createGithub(createAppClient(appWith(github.state.privateKey.pkcs1)));
  github.state.weather.limit = { calls: 0, perMs: 30 * 86_400_000 };
  const error: unknown = await client.run(api, '1').catch((failure: unknown) => failure);
  github.state.weather.limit = null;
  github.state.weather.window = { endsAt: 0, calls: 0 };
  expect(error).toMatchObject({ status: 403, retryInMs: 3_600_000 });
});

test('an App that was installed anew is found again', async () => {
  const client = createGithub(createAppClient(appWith(github.state.privateKey.pkcs1)));
  github.addRepository('acme/moved', 11, 81);
  const moved = github.state.repositories.find(({ id }) => id === 11);
  if (!moved) throw new Error('the stand-in has the repository');
  const run = String(github.addRun({ repository: moved }).id);
  const of = { id: '11', fullName: 'acme/moved', installation: '' };
  expect(await client.run(of, run)).not.toBeNull();
  moved.installation = 82;
  github.state.tokens.clear();
  expect(await client.run(of, run)).not.toBeNull();
  expect(await client.run({ ...of, installation: '81' }, run)).not.toBeNull();
});

test('a commit shows whether a run is of a branch or of a tag of that name', async () => {
  const client = createGithub(createAppClient(appWith(github.state.privateKey.pkcs1)));
  const [repository] = github.state.repositories;
  if (!repository) throw new Error('the stand-in has a repository');
  const [older, newer, tagged] = ['1', '2', '3'].map((digit) => digit.repeat(40));
  for (const sha of [older, newer]) github.addRun({ repository, branch: 'release', sha });
  github.addRun({ repository, branch: 'release', sha: tagged, isTag: true });
  const isOf = (ref: string, sha = '') => client.isOfRef(api, ref, sha);
  expect(await Promise.all([older, newer, tagged].map((sha) => isOf('refs/heads/release', sha)))).toEqual([
    true,
    true,
    false,
  ]);
  expect(await Promise.all([older, newer, tagged].map((sha) => isOf('refs/tags/release', sha)))).toEqual([
    false,
    false,
    true,
  ]);
  expect(await isOf('refs/heads/none', older)).toBe(false);
  const { contents: _contents, ...permissions } = PERMISSIONS;
  github.state.permissions = permissions;
  github.state.tokens.clear();
  const unable = createGithub(createAppClient(appWith(github.state.privateKey.pkcs1)));
  expect(await unable.isOfRef(api, 'refs/heads/release', tagged ?? '')).toBeNull();
});

test('a repository of another installation is not reached', async () => {
  const client = createGithub(createAppClient(appWith(github.state.privateKey.pkcs1)));
  github.addRepository('eve/api', 9, 88);
  expect(await client.run({ ...api, fullName: 'eve/api' }, String(runOf().id))).toBeNull();
});

const needed = { repositories: [{ id: '456789', name: 'acme/api' }], gates: true, pullRequests: true };
const codesOf = async (app = appWith(github.state.privateKey.pkcs1), wanted = needed): Promise<string[]> =>
  (await examineGithub(app, wanted)).findings.map(({ code }) => code);

test('doctor is content where all is there, and names what lacks', async () => {
  expect(await codesOf()).toEqual([]);
  github.state.permissions = { actions: 'read', deployments: 'read' };
  github.state.events = ['workflow_job'];
  expect(await codesOf()).toEqual(['github_permissions', 'github_events', 'github_contents', 'github_not_accepted']);
  const other = { ...needed, repositories: [{ id: '1', name: 'acme/gone' }], pullRequests: false };
  github.state.permissions = { ...PERMISSIONS };
  github.state.events = [...EVENTS];
  expect(await codesOf(undefined, other)).toEqual(['github_repository']);
  expect(await codesOf(appWith(github.state.privateKey.pkcs1, { appId: '1' }))).toEqual(['github_unreachable']);
});

test('checks of a commit are read as they stand, and are left out where the App may not see them', async () => {
  const client = createGithub(createAppClient(appWith(github.state.privateKey.pkcs1)));
  const sha = 'c'.repeat(40);
  const common = { repository: 'acme/api', head_sha: sha, details_url: null, output: null };
  github.state.checks.push(
    { ...common, id: 1, name: 'unit', status: 'completed', conclusion: 'success' },
    { ...common, id: 2, name: 'lint', status: 'completed', conclusion: 'failure' },
    { ...common, id: 3, name: 'docs', status: 'completed', conclusion: 'skipped' },
    { ...common, id: 4, name: 'e2e', status: 'in_progress', conclusion: null },
    { ...common, id: 5, name: 'other', status: 'queued', conclusion: null, head_sha: 'd'.repeat(40) },
  );
  const found = await client.checks(api, sha);
  expect(checksText(found ?? [])).toBe('2 passed, 1 failed (lint), 1 running');
  expect(checksText([])).toBeNull();
  const { checks: _checks, ...permissions } = PERMISSIONS;
  github.state.permissions = permissions;
  github.state.tokens.clear();
  expect(await client.checks(api, sha)).toBeNull();
});
