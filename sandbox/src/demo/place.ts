/** Before anything starts: the folder's settings, the policy and the page's port. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort, isPortOpen } from '../embedded/port.ts';
import { writeFileWhole } from './files.ts';
import type { DemoFiles } from './files.ts';
import { possibleTargets } from './hosts/hosts.ts';
import { newWebKeys } from './hosts/web.ts';
import { ROOT, USUAL_PORT } from './options.ts';
import { removeServices } from './services.ts';
import { readSettings, writeSettings } from './settings.ts';
import type { Settings } from './settings.ts';

export const say = (sentence: string): void => console.log(sentence);
export const sayBroken = (movedTo: string): void => say(`A file could not be read; it was moved to ${movedTo}.`);

/** On its way to the URL: what is done, and how long after the command. */
export const sayDone = (what: string): void => say(`  ${what} · ${process.uptime().toFixed(1)} s`);

const PORTS_TRIED = 20;

/** Everything but the claim on the folder. A Redis that had to be fetched is kept: it lies elsewhere. */
export const startOver = async (files: DemoFiles): Promise<void> => {
  say('Throwing away what was there …');
  await removeServices(files.dir);
  for (const name of readdirSync(files.dir))
    if (path.join(files.dir, name) !== files.running) rmSync(path.join(files.dir, name), { recursive: true });
};

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Where the policy in the sources says that the keys of the CI are. */
const CI_KEYS = 'file:///demo/ci-keys.json';

const sourceOf = (name: string): string => readFileSync(path.join(ROOT, 'sandbox', 'src', 'demo', name), 'utf8');

/** Where those targets stand whose programs are on the machine. */
const MORE_TARGETS = '  # More targets, where their programs are on this machine:\n';

/** The rules of the demo, with these of the targets that not every machine can have. */
const policyWith = (files: DemoFiles, targets: readonly string[]): string => {
  const more = targets.toSorted().map((target) => sourceOf(path.join('targets', `${target}.yml`)));
  const heading = targets.length > 0 ? MORE_TARGETS : '';
  const keys = pathToFileURL(files.ciKeys).href;
  return sourceOf('latchkey.yml')
    .replace(MORE_TARGETS, () => `${heading}${more.join('')}`)
    .replace(CI_KEYS, keys);
};

/** A newer demo brings a newer policy, but not over one that somebody has edited. @returns whether it is the demo's. */
export const placePolicy = (files: DemoFiles, settings: Settings, targets: readonly string[]): boolean => {
  const ours = policyWith(files, targets);
  const isEdited = existsSync(files.policy) && hashOf(readFileSync(files.policy, 'utf8')) !== settings.policyHash;
  if (isEdited) return false;
  writeFileWhole(files.policy, ours);
  settings.policyHash = hashOf(ours);
  writeSettings(files.settings, settings);
  return true;
};

const portFor = async (known: number): Promise<number> =>
  known === 0 || (await isPortOpen(known)) ? await freePort() : known;

export const settle = async (files: DemoFiles): Promise<Settings> => {
  const settings = readSettings(files.settings, sayBroken);
  settings.appPort = await portFor(settings.appPort);
  for (const host of [settings.loyalty, settings.cache]) host.port = await portFor(host.port);
  const possible = possibleTargets();
  if (settings.web === null && possible.includes('web')) settings.web = { port: 0, ...newWebKeys(files.hosts) };
  if (settings.web !== null) settings.web.port = await portFor(settings.web.port);
  const there = settings.made.filter((target) => possible.includes(target));
  placePolicy(files, settings, there);
  writeFileWhole(files.wholePolicy, policyWith(files, possible));
  if (!existsSync(files.workflow)) writeFileWhole(files.workflow, sourceOf('deploy.yml'));
  writeSettings(files.settings, settings);
  return settings;
};

export const choosePort = async (wanted: number | null): Promise<number> => {
  if (wanted !== null) {
    if (await isPortOpen(wanted))
      throw new Error(`Another program has port ${wanted}. Leave --port out, or give another.`);
    return wanted;
  }
  for (let port = USUAL_PORT; port < USUAL_PORT + PORTS_TRIED; port += 1) if (!(await isPortOpen(port))) return port;
  return freePort();
};
