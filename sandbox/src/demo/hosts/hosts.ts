/** The hosts of production beside Postgres: where their programs are, started with the demo, and made while one looks at the page already. */
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { whyNoMariaDb } from '../../embedded/mariadb.ts';
import { endProcess } from '../../embedded/process.ts';
import { APP, printPreparation } from '../app-process.ts';
import { readJson, writeFileWhole } from '../files.ts';
import type { DemoFiles } from '../files.ts';
import { isStillThere, markOf } from '../identity.ts';
import type { ProcessMark } from '../identity.ts';
import type { Settings } from '../settings.ts';
import type { HostFacts, HostPlace, RunningHost, Way } from './host.ts';
import { startCache } from './cache.ts';
import { startLoyalty } from './mariadb.ts';
import { startWeb, whyNoWeb } from './web.ts';

export type Hosts = {
  /** Why there is no such target here, as a sentence; null where there is. */
  missing(target: string): string | null;
  /** Null for a target that is none of these hosts'. */
  wayTo(target: string): Way | null;
  look(): Promise<HostFacts>;
  /** Makes those that can be had and were not made yet, one after the other. @returns the targets that are there now. */
  makeRest(): Promise<string[]>;
  stop(): Promise<void>;
  kill(): Promise<void>;
};

type Plan = {
  target: string;
  title: string;
  whyNot(): string | null;
  start(place: HostPlace, settings: Settings): Promise<RunningHost>;
};

const PLANS: readonly Plan[] = [
  {
    target: 'cache',
    title: 'Redis',
    // The demo has one for Latchkey itself, or did not start.
    whyNot: () => null,
    start: (place, { cache }) => startCache(place, cache),
  },
  {
    target: 'web',
    title: 'an SSH host',
    whyNot: whyNoWeb,
    start: async (place, { web }) => {
      if (web === null) throw new Error('its keys could not be made');
      return await startWeb(place, web);
    },
  },
  {
    target: 'loyalty-db',
    title: 'MariaDB',
    whyNot: whyNoMariaDb,
    start: (place, { loyalty }) => startLoyalty(place, loyalty),
  },
];

/** Those whose programs are here. */
export const possibleTargets = (): string[] =>
  PLANS.filter(({ whyNot }) => whyNot() === null).map(({ target }) => target);

export const titleOf = (target: string): string => PLANS.find((plan) => plan.target === target)?.title ?? target;

export type HostsOptions = {
  files: DemoFiles;
  settings: Settings;
  downloadDir: string;
  /** What the policy with all targets needs for them. */
  env: Record<string, string>;
  say(sentence: string): void;
};

const marksFile = ({ hosts }: DemoFiles): string => path.join(hosts, 'running.json');

/** What a demo that was killed left running. */
export const endLeftHosts = async (files: DemoFiles, onBroken: (movedTo: string) => void): Promise<void> => {
  const marks = (readJson(marksFile(files), onBroken) as ProcessMark[] | undefined) ?? [];
  await Promise.all(marks.filter(isStillThere).map(({ pid }) => endProcess(pid, 'SIGKILL')));
  rmSync(marksFile(files), { force: true });
};

/** Printed once, and again for a newer Latchkey. */
const preparationFor = async ({ files, env }: HostsOptions, target: string): Promise<string> => {
  const file = path.join(files.hosts, `prepare-${target}`);
  if (existsSync(file) && statSync(file).mtimeMs > statSync(APP).mtimeMs) return readFileSync(file, 'utf8');
  const text = await printPreparation({ env, target, policyFile: files.wholePolicy });
  writeFileWhole(file, text);
  return text;
};

type Known = { running: Map<string, RunningHost>; failed: Map<string, string>; isStopping: boolean };

const startOne = async (options: HostsOptions, known: Known, { target, title, start }: Plan): Promise<void> => {
  const { files, settings, downloadDir, say } = options;
  const place: HostPlace = {
    dir: path.join(files.hosts, target),
    downloadDir,
    isMade: settings.made.includes(target),
    preparation: () => preparationFor(options, target),
  };
  try {
    known.running.set(target, await start(place, settings));
    const pids = [...known.running.values()].map(({ pid }) => pid).filter((pid) => pid > 0);
    writeFileWhole(marksFile(files), JSON.stringify(pids.map(markOf)));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    known.failed.set(target, `It did not start: ${why}`);
    say(`The demo has no ${title} (${target}): ${why}`);
  }
};

const lookAtAll = async ({ running }: Known): Promise<HostFacts> => {
  const facts = await Promise.all([...running.values()].map((host) => host.look()));
  return { logins: facts.flatMap(({ logins }) => logins), sessions: facts.flatMap(({ sessions }) => sessions) };
};

/** Never rejects: the demo goes on without a host that does not start, and says so. */
export const startHosts = async (options: HostsOptions): Promise<Hosts> => {
  const known: Known = { running: new Map(), failed: new Map(), isStopping: false };
  mkdirSync(options.files.hosts, { recursive: true, mode: 0o755 });
  const possible = PLANS.filter(({ whyNot }) => whyNot() === null);
  const { made } = options.settings;
  await Promise.all(
    possible.filter(({ target }) => made.includes(target)).map((plan) => startOne(options, known, plan)),
  );
  let making: Promise<void> = Promise.resolve();
  const makeAll = async (): Promise<void> => {
    const rest = possible.filter(({ target }) => !known.running.has(target) && !known.failed.has(target));
    for (const plan of rest) if (!known.isStopping) await startOne(options, known, plan);
  };
  const end = async (how: 'stop' | 'kill'): Promise<void> => {
    known.isStopping = true;
    if (how === 'stop') await making;
    await Promise.all([...known.running.values()].map((host) => host[how]()));
    known.running.clear();
  };
  return {
    missing: (target) => {
      if (known.running.has(target)) return null;
      const plan = PLANS.find((each) => each.target === target);
      return plan?.whyNot() ?? known.failed.get(target) ?? 'It is being made, and there in a few seconds.';
    },
    wayTo: (target) => known.running.get(target) ?? null,
    look: () => lookAtAll(known),
    makeRest: async () => {
      making = makeAll();
      await making;
      return [...known.running.keys()];
    },
    stop: () => end('stop'),
    kill: () => end('kill'),
  };
};
