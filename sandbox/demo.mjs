/**
 * `npm run demo`, on a machine with nothing but Node and npm: installs and builds what is missing or stale, then starts
 * the demo in this same process. Plain JavaScript without dependencies, since it runs before any are there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (...names) => path.join(root, ...names);

/** What was installed differs from what the lock file asks for; packages for other platforms may be absent. */
function isInstallStale() {
  const installedFile = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return true;
  const packagesIn = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const installed = packagesIn(installedFile);
  return Object.entries(packagesIn(inRoot('package-lock.json'))).some(([name, wanted]) => {
    const isNeeded = name !== '' && !wanted.optional && !wanted.peer;
    return installed[name] ? installed[name].version !== wanted.version : isNeeded;
  });
}

function newestIn(folder) {
  return readdirSync(folder, { withFileTypes: true }).reduce((newest, entry) => {
    const file = path.join(folder, entry.name);
    return Math.max(newest, entry.isDirectory() ? newestIn(file) : statSync(file).mtimeMs);
  }, 0);
}

/** `names`: files that the build writes. */
function isBuildStale(...names) {
  const built = names.map((name) => inRoot(name));
  if (!built.every((file) => existsSync(file))) return true;
  const sources = Math.max(
    newestIn(inRoot('src')),
    newestIn(inRoot('sandbox', 'src')),
    statSync(inRoot('package-lock.json')).mtimeMs,
  );
  return built.some((file) => statSync(file).mtimeMs < sources);
}

/** One line while it runs and how long it took; all of its output when it fails. */
function step(title, args) {
  const startedAt = Date.now();
  process.stdout.write(`${title} … `);
  const run = spawnSync('npm', args, { cwd: root, encoding: 'utf8', maxBuffer: 1e8 });
  if (run.status === 0) {
    console.log(`done (${((Date.now() - startedAt) / 1000).toFixed(1)} s)`);
    return;
  }
  console.log('FAILED');
  console.log(`${run.stdout ?? ''}${run.stderr ?? ''}${run.error?.message ?? ''}`);
  console.log(`The demo could not be started: npm ${args.join(' ')} failed, see above.`);
  process.exit(1);
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.log(`Node ${process.versions.node} is too old: Latchkey needs Node 20.19 or later.`);
  process.exit(1);
}
const args = process.argv.slice(2).filter((arg) => arg !== '--no-install');
const mayInstall = args.length === process.argv.length - 2;
if (mayInstall && isInstallStale()) {
  // Without scripts: they would only build, and that has its own line below.
  step('Installing packages (half a minute the first time)', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
}
if (isBuildStale('dist/bundle/latchkey.js', 'sandbox/dist/demo/main.js'))
  step('Building (some seconds)', ['run', 'build']);
if (isBuildStale('local/page/page.js')) step('Building the page', ['run', 'build:page']);

const { main } = await import('./dist/demo/main.js');
process.exit(await main(args));
