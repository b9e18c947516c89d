/**
 * `npm run demo`, on a machine with nothing but Node and npm: installs and builds what is missing or stale, then starts
 * the demo in this same process. Plain JavaScript without dependencies, since it runs before any are there.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (...names) => path.join(root, ...names);

const packagesIn = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;

/** What was installed differs from what the lock file asks for; packages for other platforms may be absent. */
function isInstallStale() {
  const installedFile = inRoot('node_modules', '.package-lock.json');
  if (!existsSync(installedFile)) return true;
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

/** One that is built lacks, or is older than what it is made of. Tests, docs and the demo's own folder make nothing stale. */
function isStale(file, ...sources) {
  if (!existsSync(inRoot(file))) return true;
  const newest = Math.max(
    statSync(inRoot('package-lock.json')).mtimeMs,
    ...sources.map((one) => newestIn(inRoot(...one))),
  );
  return statSync(inRoot(file)).mtimeMs < newest;
}

const secondsSince = (at) => `${((Date.now() - at) / 1000).toFixed(0)} s`;

/** On a terminal the line is written over; in a file or a pipe a new line comes now and then, so that one sees it move. */
function showProgress(title, howFar) {
  const startedAt = Date.now();
  const isTerminal = process.stdout.isTTY;
  const line = () => `${title} … ${[howFar(), secondsSince(startedAt)].filter(Boolean).join(', ')}`;
  const write = () => (isTerminal ? process.stdout.write(`\r\x1b[2K${line()}`) : console.log(line()));
  if (!isTerminal) console.log(`${title} …`);
  const timer = setInterval(write, isTerminal ? 250 : 5_000);
  return (outcome) => {
    clearInterval(timer);
    console.log(`${isTerminal ? '\r\x1b[2K' : ''}${title}: ${outcome} (${secondsSince(startedAt)})`);
  };
}

function run(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', (error) => resolve({ isDone: false, output: error.message }));
    child.once('close', (code) => resolve({ isDone: code === 0, output }));
  });
}

/** Some programs side by side; all that they wrote when one fails. */
async function step(title, commands, howFar) {
  let done = 0;
  const partsDone = () => (commands.length > 1 ? `${done} of ${commands.length} parts` : '');
  const end = showProgress(title, howFar ?? partsDone);
  const runs = await Promise.all(
    commands.map(async ([program, ...args]) => {
      const ran = await run(program, args);
      done += 1;
      return ran;
    }),
  );
  const failed = commands.flatMap((command, at) => (runs[at].isDone ? [] : [{ command, output: runs[at].output }]));
  end(failed.length === 0 ? 'done' : 'FAILED');
  if (failed.length === 0) return;
  for (const { output } of failed) console.log(output);
  console.log(`The demo could not be started: ${failed[0].command.join(' ')} failed, see above.`);
  process.exit(1);
}

/** npm says nothing while it works, so what lies there is counted. */
function packagesThere() {
  const wanted = Object.entries(packagesIn(inRoot('package-lock.json')))
    .filter(([name, { optional, link }]) => name.startsWith('node_modules/') && !optional && !link)
    .map(([name]) => inRoot(name, 'package.json'));
  return () => `${wanted.filter((file) => existsSync(file)).length} of ${wanted.length} packages`;
}

function buildsNeeded() {
  const node = process.execPath;
  const app = isStale('dist/bundle/latchkey.js', ['src']);
  const world = isStale('sandbox/dist/demo/main.js', ['sandbox', 'src']);
  const page = isStale('sandbox/dist/page/page.js', ['sandbox', 'src', 'page'], ['sandbox', 'src', 'page-server']);
  return [
    ...(app ? [[node, 'src/bundle.mjs']] : []),
    ...(world ? [[node, 'node_modules/typescript/bin/tsc', '-p', 'sandbox/tsconfig.build.json']] : []),
    ...(page ? [[node, 'sandbox/src/page/build.mjs']] : []),
  ];
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
  const install = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  await step('Installing packages, once', [install], packagesThere());
}
const builds = buildsNeeded();
if (builds.length > 0) await step('Building', builds);

const { main } = await import('./dist/demo/main.js');
process.exit(await main(args));
