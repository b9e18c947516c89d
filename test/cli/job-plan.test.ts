/** What a job says that it will run: bounded, and without what its environment or the text itself shows to be a secret. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PLAN_CHARS_MAX, planOf, withoutSecrets } from '../../src/cli/job/plan.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-plan-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const fileOf = (text: string): string => {
  const file = path.join(folder, 'plan.txt');
  writeFileSync(file, text);
  return file;
};

test('a command is shown as a shell takes it', () => {
  const command = ['sh', '-c', `psql -c "select 1" && echo 'done'`];
  expect(planOf({ file: undefined, command }, {})).toBe(String.raw`sh -c 'psql -c "select 1" && echo '\''done'\'''`);
});

test.each([
  ['deploy --key abcdef123456 now', { DEPLOY_KEY: 'abcdef123456' }, 'deploy --key *** now'],
  ['a longer-secret-value and longer', { TOKEN: 'longer', OTHER_TOKEN: 'longer-secret-value' }, 'a *** and ***'],
  ['psql postgres://app:s3cret@db/orders', {}, 'psql postgres://app:***@db/orders'],
  ['psql postgres://app:pa@ss-word@db/orders', {}, 'psql postgres://app:***@db/orders'],
  ['git clone https://ghp_0123456789abcdefghij@github.com/acme/x', {}, 'git clone https://***@github.com/acme/x'],
  ['git clone ssh://git@github.com/acme/x', {}, 'git clone ssh://git@github.com/acme/x'],
  ["curl -H 'Authorization: Bearer abc.def' https://x", {}, "curl -H 'Authorization: ***' https://x"],
  ['curl -H authorization:token abcdef https://x', {}, 'curl -H authorization:*** https://x'],
  ['grpcurl -bearer abcdefghijklmnopqrst x', {}, 'grpcurl -bearer *** x'],
  ['curl -s -u admin:hunter22 https://x', {}, 'curl -s -u admin:*** https://x'],
  ['docker run -u 1000:1000 migrate', {}, 'docker run -u 1000:1000 migrate'],
  ['curl -H token=abc --password hunter2 x', {}, 'curl -H token=*** --password *** x'],
  ['PGPASSWORD="two words" psql', {}, 'PGPASSWORD=*** psql'],
  ['psql -f migrate.sql', { PATH: 'psql -f migrate.sql' }, 'psql -f migrate.sql'],
  ['echo yes', { SHORT_TOKEN: 'yes' }, 'echo yes'],
])('%s', (text, env, shown) => {
  expect(withoutSecrets(text, env)).toBe(shown);
});

test('a file is cut after its secrets are out, so that no half of one is left', () => {
  const secret = 'q'.repeat(40);
  const text = `${'x'.repeat(PLAN_CHARS_MAX - 20)}${secret}${'y'.repeat(500)}`;
  const plan = planOf({ file: fileOf(text), command: null }, { API_TOKEN: secret });
  expect(Array.from(plan ?? '')).toHaveLength(PLAN_CHARS_MAX);
  expect(plan).not.toContain('qqq');
});

test('nothing is said by default, and a plan that is empty or not there is used wrongly', () => {
  expect(planOf({ file: undefined, command: null }, {})).toBeUndefined();
  expect(() => planOf({ file: fileOf('  \n'), command: null }, {})).toThrow('is empty');
  expect(() => planOf({ file: path.join(folder, 'none'), command: null }, {})).toThrow('cannot be read (ENOENT)');
});
