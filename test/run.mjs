/**
 * `npm test`: installs what is missing, then every check and every test, on a machine with nothing but Node and npm.
 * The last line is `N passed, N failed`; a check that fails counts as one. `--no-install` leaves the installing out.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const resultsDir = path.join(root, '.data', 'test-results');
const chromium = '/usr/bin/chromium';
const totals = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const unsteady = [];
/** More than these fail for a reason. */
const MOST_FILES_AGAIN = 5;
process.chdir(root);
// What fails is to be printed in full, also under `npm test --silent`.
const env = { ...process.env, npm_config_loglevel: 'warn' };

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.log(`Node ${process.versions.node} is too old: Latchkey needs Node 20.19 or later.`);
  finish({ failed: 1 });
}
// Without scripts, since the build has its own line below: one that fails is then not an install that fails.
const install = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
if (!process.argv.includes('--no-install') && isInstallStale() && !check('install', install)) finish();
check('types', ['run', 'types']);
check('lint', ['run', 'lint']);
check('format', ['run', 'format:check']);
check('dead code', ['run', 'knip']);
check('build', ['run', 'build']);
tests('tests', 'test:unit');
if (!existsSync('test/browser')) {
  console.log('browser tests: there are none yet.');
} else if (existsSync(chromium)) {
  tests('browser tests', 'test:browser');
} else {
  console.log(
    `browser tests: LEFT OUT, there is no ${chromium}. Install it (Debian: apt-get install chromium), then: npm run test:browser`,
  );
}
finish();

/** npm writes node_modules/.package-lock.json last, so it is there only after a complete install. */
function isInstallStale() {
  const installed = path.join('node_modules', '.package-lock.json');
  return !existsSync(installed) || statSync(installed).mtimeMs < statSync('package-lock.json').mtimeMs;
}

/** Runs npm with the arguments; prints one line, and all of its output when it fails. */
function check(name, args) {
  const startedAt = Date.now();
  process.stdout.write(`${name} … `);
  const run = spawnSync('npm', args, { encoding: 'utf8', env, maxBuffer: 1e8 });
  const isGood = run.status === 0;
  console.log(`${isGood ? 'good' : 'FAILED'} (${seconds(startedAt)})`);
  if (!isGood) {
    console.log(`${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}`);
    totals.failed += 1;
  }
  return isGood;
}

/** Files that fail are run once more, alone: under the load of all others a test can meet what it does not test. Said, never hidden. */
function tests(name, script) {
  const startedAt = Date.now();
  console.log(`${name} …`);
  const first = run(script);
  const mayBeUnsteady = first.failures.length > 0 && first.failedFiles.length <= MOST_FILES_AGAIN;
  if (mayBeUnsteady) console.log(`${name}: ${first.failedFiles.length} failed, run again alone …`);
  const again = mayBeUnsteady ? run(script, first.failedFiles) : null;
  const isSteadyNow = again?.isGood === true && again.passed > 0;
  if (isSteadyNow) unsteady.push(...first.failures);
  else failures.push(...first.failures);
  totals.passed += first.passed + (isSteadyNow ? first.failed : 0);
  // A file that cannot be loaded and an error outside every test fail the run without failing a test.
  if (!first.isGood && !isSteadyNow) totals.failed += Math.max(first.failed, 1);
  totals.skipped += first.skipped;
  console.log(`${name}: ${first.isGood || isSteadyNow ? 'good' : 'FAILED'} (${seconds(startedAt)})`);
}

function run(script, files = []) {
  const file = path.join(resultsDir, `${script.replace(':', '-')}-${process.pid}.json`);
  mkdirSync(resultsDir, { recursive: true });
  const args = ['run', '--silent', script, '--', ...files, '--reporter=default', '--reporter=json'];
  const { status } = spawnSync('npm', [...args, `--outputFile.json=${file}`], { stdio: 'inherit', env });
  const isTold = existsSync(file);
  const told = isTold ? JSON.parse(readFileSync(file, 'utf8')) : {};
  rmSync(file, { force: true });
  const failed = (told.testResults ?? []).filter((result) => result.status === 'failed');
  return {
    isGood: status === 0 && isTold,
    passed: told.numPassedTests ?? 0,
    failed: told.numFailedTests ?? 0,
    skipped: (told.numPendingTests ?? 0) + (told.numTodoTests ?? 0),
    failedFiles: failed.map((result) => path.relative(root, result.name)),
    failures: failed.flatMap(failuresOf),
  };
}

/** A line for each failed test: a long output is often read by its end alone. */
function failuresOf({ name, assertionResults }) {
  return assertionResults
    .filter(({ status }) => status === 'failed')
    .map(({ fullName, failureMessages }) => {
      const [why = ''] = (failureMessages[0] ?? '').split('\n');
      return `  ${path.relative(root, name)} > ${fullName}\n    ${why}`;
    });
}

function seconds(startedAt) {
  return `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
}

function finish(extra = { failed: 0 }) {
  const failed = totals.failed + extra.failed;
  if (failures.length > 0) console.log(['Failed:', ...failures].join('\n'));
  if (unsteady.length > 0)
    console.log(['Unsteady, good only when run again alone; each is a bug to find:', ...unsteady].join('\n'));
  const skipped = totals.skipped > 0 ? `, ${totals.skipped} skipped` : '';
  console.log(`${totals.passed} passed, ${failed} failed${skipped}`);
  process.exit(failed > 0 || totals.passed === 0 ? 1 : 0);
}
