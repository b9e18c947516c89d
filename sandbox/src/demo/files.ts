/** The demo's folder: what is kept where, and writing it so that a kill in the middle leaves the old or the new. */
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export type DemoFiles = {
  dir: string;
  /** Says which process runs the demo here. */
  running: string;
  settings: string;
  policy: string;
  slack: string;
  quests: string;
  log: string;
  /** The pretend CI's workflow, and the keys of its tokens. */
  workflow: string;
  ciKeys: string;
  /** Each host beside Postgres has a folder there. */
  hosts: string;
  /** The policy with every target that can be had here; it is never in force. */
  wholePolicy: string;
};

export const filesIn = (dir: string): DemoFiles => {
  mkdirSync(dir, { recursive: true });
  const inDir = (name: string): string => path.join(dir, name);
  return {
    dir,
    running: inDir('running.json'),
    settings: inDir('settings.json'),
    policy: inDir('latchkey.yml'),
    slack: inDir('slack.json'),
    quests: inDir('quests.json'),
    log: inDir('latchkey.log'),
    workflow: inDir('deploy.yml'),
    ciKeys: inDir('ci-keys.json'),
    hosts: inDir('hosts'),
    wholePolicy: inDir('latchkey.all.yml'),
  };
};

/** Readable by its owner only: some of these files hold passwords. */
export const writeFileWhole = (file: string, text: string): void => {
  const half = `${file}.${process.pid}.new`;
  writeFileSync(half, text, { mode: 0o600 });
  chmodSync(half, 0o600);
  renameSync(half, file);
};

/** Undefined when there is none. A file that is no JSON is moved aside, and `onBroken` hears where to. */
export const readJson = (file: string, onBroken: (movedTo: string) => void): unknown => {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    renameSync(file, `${file}.broken`);
    onBroken(`${file}.broken`);
    return undefined;
  }
};
