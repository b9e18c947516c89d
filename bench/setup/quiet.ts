/** Whether others were at work on the machine: before the run, and while it went on. */
import { readdirSync, readFileSync } from 'node:fs';
import { cpus, loadavg, platform } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

const SAMPLE_MS = 2_000;
const WAIT_MAX_MS = 60_000;
const IDLE_MIN = 0.95;
const OTHERS_MAX = 0.05;
const STEAL_MAX = 0.02;
const LOAD_MAX = 0.5;

/** Shares of all processors; null where only the load average can be read. */
export type Quiet = {
  loadBefore: number;
  idleBefore: number | null;
  /** What no process of the benchmark used while it ran. */
  othersDuring: number | null;
  stealDuring: number | null;
};

/** Hundredths of a second since the machine started. */
type Ticks = { work: number; idle: number; steal: number; total: number };

/** proc_stat(5). Interrupts belong to nobody: much of them is the benchmark's own network. Guests are counted in user and nice already. */
export const ticksOf = (stat: string): Ticks => {
  const counts = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? '').split(' ').map(Number);
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = counts;
  const work = user + nice + system;
  return { work, idle: idle + iowait, steal, total: work + idle + iowait + irq + softirq + steal };
};

const isLinux = platform() === 'linux';
const ticksNow = (): Ticks => ticksOf(readFileSync('/proc/stat', 'utf8'));
const loadNow = (): number => loadavg()[0] ?? 0;

type Used = { pid: number; parent: number; ticks: number };

/** proc_pid_stat(5): the parent, then what it used itself, and what children used that have ended; the name may hold spaces and brackets. */
const usedBy = (pid: number): Used | null => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const ticks = [11, 12, 13, 14].reduce((sum, at) => sum + (fields[at] ?? 0), 0);
    return { pid, parent: fields[1] ?? 0, ticks };
  } catch (error) {
    // It ended since the folder was read.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
};

/** Of this process and all below it; those that ended are counted with the process that waited for them. */
const ownTicks = (): number => {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? (usedBy(Number(name)) ?? []) : []));
  const below = (pid: number): number =>
    all.filter(({ parent }) => parent === pid).reduce((sum, child) => sum + child.ticks + below(child.pid), 0);
  return (usedBy(process.pid)?.ticks ?? 0) + below(process.pid);
};

const idleShare = async (): Promise<number> => {
  const before = ticksNow();
  await delay(SAMPLE_MS);
  const after = ticksNow();
  return (after.idle - before.idle) / (after.total - before.total);
};

/** The build just before, and whatever else is nearly done, may end first. Gives what the last look saw. */
export const waitForQuiet = async (say: (text: string) => void): Promise<Pick<Quiet, 'loadBefore' | 'idleBefore'>> => {
  if (!isLinux) return { loadBefore: loadNow(), idleBefore: null };
  const endsAt = performance.now() + WAIT_MAX_MS;
  let idleBefore = await idleShare();
  if (idleBefore < IDLE_MIN) say(`The processors are busy; waiting up to ${WAIT_MAX_MS / 1_000} s until they are not.`);
  while (idleBefore < IDLE_MIN && performance.now() < endsAt) idleBefore = await idleShare();
  return { loadBefore: loadNow(), idleBefore };
};

/** Call what it gives while the run's servers are still there: what they used is only known until they end. */
export const watchOthers = (): (() => Pick<Quiet, 'othersDuring' | 'stealDuring'>) => {
  if (!isLinux) return () => ({ othersDuring: null, stealDuring: null });
  const [before, ownBefore] = [ticksNow(), ownTicks()];
  return () => {
    const [after, own] = [ticksNow(), ownTicks() - ownBefore];
    const total = after.total - before.total;
    return {
      othersDuring: Math.max(0, after.work - before.work - own) / total,
      stealDuring: (after.steal - before.steal) / total,
    };
  };
};

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** What speaks against the figures, in words; empty for a quiet machine. */
export const noiseOf = ({ loadBefore, idleBefore, othersDuring, stealDuring }: Quiet): string[] => [
  ...(idleBefore === null && loadBefore >= LOAD_MAX ? [`the load before was ${loadBefore.toFixed(1)}`] : []),
  ...(idleBefore !== null && idleBefore < IDLE_MIN ? [`only ${percent(idleBefore)} idle before`] : []),
  ...((othersDuring ?? 0) > OTHERS_MAX
    ? [`others used ${percent(othersDuring ?? 0)} of ${cpus().length} processors meanwhile`]
    : []),
  ...((stealDuring ?? 0) > STEAL_MAX ? [`${percent(stealDuring ?? 0)} were taken by other machines of the host`] : []),
];
