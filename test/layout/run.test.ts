/** What `npm test` promises about its last line and its exit code, shown with an npm that does as it is told. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

interface Plan {
  /** npm's arguments that are to fail, such as "run lint". */
  failing?: readonly string[];
  counts?: Counts;
  /** What vitest tells of a run of some files only. */
  again?: Counts;
}

interface Counts {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  testResults?: { name: string; status: string; assertionResults: object[] }[];
}

const runner = fileURLToPath(new URL('../run.mjs', import.meta.url));
let folder = '';

/** Notes each call, writes the counts where vitest would, and fails where the plan says so. */
const NPM = `#!${process.execPath}
const fs = require('node:fs');
const args = process.argv.slice(2);
const plan = JSON.parse(fs.readFileSync('plan.json', 'utf8'));
fs.appendFileSync('calls.log', args.join(' ') + '\\n');
const file = args.find((arg) => arg.startsWith('--outputFile.json='))?.split('=')[1];
const isAgain = args.some((arg) => arg.endsWith('.test.ts'));
const counts = isAgain ? plan.again : plan.counts;
if (file && counts) fs.writeFileSync(file, JSON.stringify(counts));
const isFailing = isAgain ? counts.numFailedTests > 0 : plan.failing?.some((words) => args.join(' ').replace('--silent ', '').startsWith(words));
if (isFailing) console.log('what went wrong with ' + args[1]);
process.exit(isFailing ? 1 : 0);
`;

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-run-'));
  for (const inner of ['test', 'bin', 'node_modules']) mkdirSync(path.join(folder, inner));
  copyFileSync(runner, path.join(folder, 'test/run.mjs'));
  writeFileSync(path.join(folder, 'package-lock.json'), '{}');
  writeFileSync(path.join(folder, 'node_modules/.package-lock.json'), '{}');
  writeFileSync(path.join(folder, 'bin/npm'), NPM, { mode: 0o755 });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function npmTest(
  plan: Plan,
  ...args: string[]
): { lastLine: string; output: string; exit: number | null; calls: string[] } {
  writeFileSync(path.join(folder, 'plan.json'), JSON.stringify(plan));
  const env = { ...process.env, PATH: `${path.join(folder, 'bin')}${path.delimiter}${process.env['PATH']}` };
  const run = spawnSync(process.execPath, [path.join(folder, 'test/run.mjs'), ...args], { encoding: 'utf8', env });
  const calls = readFileSync(path.join(folder, 'calls.log'), 'utf8').trim().split('\n');
  return { lastLine: run.stdout.trimEnd().split('\n').at(-1) ?? '', output: run.stdout, exit: run.status, calls };
}

const GOOD = { numPassedTests: 12, numFailedTests: 0, numPendingTests: 0 };

test('all good: the tests are counted and the exit code is zero', () => {
  const { lastLine, exit, calls } = npmTest({ counts: GOOD });
  expect([lastLine, exit]).toEqual(['12 passed, 0 failed', 0]);
  const stages = calls.map((call) => call.split(' ').find((word) => !['run', '--silent'].includes(word)));
  expect(stages).toEqual(['types', 'lint', 'format:check', 'knip', 'build', 'test:unit']);
});

test('failed tests fail the run, and skipped ones are told', () => {
  const counts = { numPassedTests: 9, numFailedTests: 2, numPendingTests: 1 };
  const { lastLine, exit } = npmTest({ counts, failing: ['run test:unit'] });
  expect([lastLine, exit]).toEqual(['9 passed, 2 failed, 1 skipped', 1]);
});

const failedIn = (names: string[]): Counts => ({
  numPassedTests: 9,
  numFailedTests: names.length,
  numPendingTests: 1,
  testResults: names.map((name) => ({
    name: path.join(folder, 'test', name),
    status: 'failed',
    assertionResults: [
      { status: 'passed', fullName: 'another', failureMessages: [] },
      { status: 'failed', fullName: `cuts ${name}`, failureMessages: ['Error: too late\n    at somewhere'] },
    ],
  })),
});

test('what fails and is good when run again alone is counted as passed, and is said by name', () => {
  const failing = ['run test:unit'];
  const again = { numPassedTests: 2, numFailedTests: 0, numPendingTests: 0 };
  const { lastLine, exit, output, calls } = npmTest({ counts: failedIn(['a.test.ts']), again, failing });
  expect([lastLine, exit]).toEqual(['10 passed, 0 failed, 1 skipped', 0]);
  expect(calls.at(-1)).toContain('test:unit -- test/a.test.ts');
  expect(output).toContain('each is a bug to find:\n  test/a.test.ts > cuts a.test.ts\n    Error: too late\n10 passed');
});

test('what fails twice has failed, and is named at the end', () => {
  const failing = ['run test:unit'];
  const counts = failedIn(['a.test.ts', 'b.test.ts']);
  const { lastLine, exit, output } = npmTest({ counts, again: failedIn(['b.test.ts']), failing });
  expect([lastLine, exit]).toEqual(['9 passed, 2 failed, 1 skipped', 1]);
  expect(output).toContain('Failed:\n  test/a.test.ts > cuts a.test.ts\n    Error: too late\n  test/b.test.ts');
});

test('many files that fail are not run again', () => {
  const counts = failedIn(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}.test.ts`));
  const { lastLine, calls } = npmTest({ counts, failing: ['run test:unit'] });
  expect(lastLine).toBe('9 passed, 6 failed, 1 skipped');
  expect(calls.filter((call) => call.includes('test:unit'))).toHaveLength(1);
});

test('each failing check counts as one, is shown in full, and keeps nothing after it from running', () => {
  const { lastLine, output, exit } = npmTest({ counts: GOOD, failing: ['run lint', 'run build'] });
  expect([lastLine, exit]).toEqual(['12 passed, 2 failed', 1]);
  expect(output).toContain('what went wrong with lint');
});

test('a test run that fails without a failing test, or that tells nothing, is a failure', () => {
  expect(npmTest({ counts: GOOD, failing: ['run test:unit'] })).toMatchObject({
    lastLine: '12 passed, 1 failed',
    exit: 1,
  });
  expect(npmTest({})).toMatchObject({ lastLine: '0 passed, 1 failed', exit: 1 });
});

test('browser tests run where there is a browser, and are said to be left out where there is none', () => {
  mkdirSync(path.join(folder, 'test/browser'));
  const { output, calls, lastLine } = npmTest({ counts: GOOD });
  const hasRun = calls.some((call) => call.includes('test:browser'));
  expect(hasRun).toBe(existsSync('/usr/bin/chromium'));
  expect(output.includes('LEFT OUT')).toBe(!hasRun);
  expect(lastLine).toBe(hasRun ? '24 passed, 0 failed' : '12 passed, 0 failed');
});

test('it installs when the lock file is newer than the last install, and not when told not to', () => {
  utimesSync(path.join(folder, 'node_modules/.package-lock.json'), new Date(0), new Date(0));
  expect(npmTest({ counts: GOOD }, '--no-install').calls.some((call) => call.startsWith('ci'))).toBe(false);
  expect(npmTest({ counts: GOOD }).calls.some((call) => call.startsWith('ci'))).toBe(true);
  expect(npmTest({ counts: GOOD, failing: ['ci'] })).toMatchObject({ lastLine: '0 passed, 1 failed', exit: 1 });
});
