/** Where to read what a job would bring: made of the address of its run, and of nothing that could lead elsewhere. */
import { expect, test } from 'vitest';
import { diffUrlOf } from '../../../src/domain/clients/diff-url.ts';

const SHA = 'b'.repeat(40);
const BEFORE = 'a'.repeat(40);

test.each([
  [
    'github',
    'https://github.com/acme/api/actions/runs/9',
    BEFORE,
    `https://github.com/acme/api/compare/${BEFORE}...${SHA}`,
  ],
  ['github', 'https://github.com/acme/api/actions/runs/9', null, `https://github.com/acme/api/commit/${SHA}`],
  ['github', 'https://github.com/acme/api/actions/runs/9', SHA, `https://github.com/acme/api/commit/${SHA}`],
  ['github', 'https://github.com/acme/api/actions/runs/9', '../../evil', `https://github.com/acme/api/commit/${SHA}`],
  ['gitlab', 'https://git.acme.test/a/b/-/jobs/7', BEFORE, `https://git.acme.test/a/b/-/compare/${BEFORE}...${SHA}`],
  ['gitlab', null, BEFORE, null],
  ['github', 'https://github.com/acme/api', BEFORE, null],
  ['buildkite', 'https://buildkite.com/acme/api/builds/9', BEFORE, null],
] as const)('%s %s after %s', (...[kind, runUrl, before, url]) => {
  expect(diffUrlOf(kind, { runUrl, sha: SHA }, before)).toBe(url);
});

test('a job without a commit has none', () => {
  expect(diffUrlOf('github', { runUrl: 'https://github.com/acme/api/actions/runs/9', sha: '' }, BEFORE)).toBeNull();
});
