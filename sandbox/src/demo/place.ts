/** Before anything starts: the folder's settings, the policy and the page's port. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort, isPortOpen } from '../embedded/port.ts';
import { writeFileWhole } from './files.ts';
import type { DemoFiles } from './files.ts';
import { ROOT, USUAL_PORT } from './options.ts';
import { removeServices } from './services.ts';
import { readSettings, writeSettings } from './settings.ts';
import type { Settings } from './settings.ts';

export const say = (sentence: string): void => console.log(sentence);
export const sayBroken = (movedTo: string): void => say(`A file could not be read; it was moved to ${movedTo}.`);

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

/** A newer demo brings a newer policy, but not over one that somebody has edited. */
const placePolicy = (files: DemoFiles, settings: Settings): void => {
  const keys = pathToFileURL(files.ciKeys).href;
  const ours = sourceOf('latchkey.yml').replace(CI_KEYS, keys);
  const isEdited = existsSync(files.policy) && hashOf(readFileSync(files.policy, 'utf8')) !== settings.policyHash;
  if (isEdited) return;
  writeFileWhole(files.policy, ours);
  settings.policyHash = hashOf(ours);
};

export const settle = async (files: DemoFiles): Promise<Settings> => {
  const settings = readSettings(files.settings, sayBroken);
  if (settings.appPort === 0 || (await isPortOpen(settings.appPort))) settings.appPort = await freePort();
  placePolicy(files, settings);
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
