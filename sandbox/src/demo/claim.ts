/** One demo per folder: the process that runs it is written down there, together with the app process it started. */
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { writeFileWhole } from './files.ts';
import { isStillThere, markOf } from './identity.ts';
import type { ProcessMark } from './identity.ts';

type Running = { demo: ProcessMark; app: ProcessMark | null; url: string | null };

export type Claim = {
  /** The app process that a killed demo left running. */
  leftApp: ProcessMark | null;
  setApp(pid: number): void;
  setUrl(url: string): void;
  release(): void;
};

export type Claimed = { claim: Claim } | { runningUrl: string | null };

const read = (file: string): Running | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Running;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
};

/** A link is made whole or not at all, and only where there is none: of two demos that start at once, one gets it. */
const tryLink = (file: string, running: Running): boolean => {
  const half = `${file}.${process.pid}.claim`;
  writeFileSync(half, JSON.stringify(running), { mode: 0o600 });
  try {
    linkSync(half, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(half, { force: true });
  }
};

const claimOf = (file: string, running: Running, leftApp: ProcessMark | null): Claim => {
  const save = (): void => writeFileWhole(file, JSON.stringify(running));
  return {
    leftApp,
    setApp: (pid) => {
      running.app = markOf(pid);
      save();
    },
    setUrl: (url) => {
      running.url = url;
      save();
    },
    release: () => rmSync(file, { force: true }),
  };
};

export const claimFolder = (file: string): Claimed => {
  const demo = markOf(process.pid);
  let leftApp: ProcessMark | null = null;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    // A left app stays written down until it is ended, even if this start is killed too.
    const running: Running = { demo, app: leftApp, url: null };
    if (tryLink(file, running)) return { claim: claimOf(file, running, leftApp) };
    const known = read(file);
    if (known !== null && isStillThere(known.demo)) return { runningUrl: known.url };
    leftApp = isStillThere(known?.app ?? null) ? (known?.app ?? null) : leftApp;
    rmSync(file, { force: true });
  }
  throw new Error(`${file} cannot be taken over. Delete it, then start again.`);
};
