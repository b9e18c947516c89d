/** What the figures were measured on. */
import { execFile } from 'node:child_process';
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { median } from '../measure.ts';
import type { Quiet } from './quiet.ts';
import { rowsFrom } from './servers.ts';
import type { Servers } from './servers.ts';

export type Machine = {
  platform: string;
  cpu: string;
  cores: number;
  memoryGb: number;
  node: string;
  postgres: string;
  /** Median of one small write and fdatasync. */
  syncMs: number;
  commit: string;
  hasUncommittedChanges: boolean;
} & Quiet;

const git = async (...args: string[]): Promise<string> => {
  try {
    return (await promisify(execFile)('git', args)).stdout.trim();
  } catch (error) {
    return `unknown (${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)})`;
  }
};

const syncMs = (folder: string): number => {
  const file = path.join(folder, 'sync');
  const handle = openSync(file, 'w');
  const times = Array.from({ length: 50 }, () => {
    const startedAt = performance.now();
    writeSync(handle, 'x'.repeat(512));
    fdatasyncSync(handle);
    return performance.now() - startedAt;
  });
  closeSync(handle);
  rmSync(file);
  return median(times);
};

export const machineFacts = async (servers: Servers): Promise<Omit<Machine, keyof Quiet>> => {
  const [postgres] = await rowsFrom<{ server_version: string }>(servers.storeAdminUrl, 'show server_version');
  const [commit, changes] = await Promise.all([
    git('rev-parse', '--short', 'HEAD'),
    git('status', '--porcelain', 'src'),
  ]);
  return {
    platform: `${platform()} ${release()} ${arch()}`,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e8) / 10,
    node: process.version,
    postgres: postgres?.server_version ?? 'unknown',
    syncMs: syncMs(servers.runDir),
    commit,
    hasUncommittedChanges: changes !== '',
  };
};

/** Resident memory of a process and of its children in MB; `peak` is the most it ever had. Linux only: elsewhere NaN. */
export const memoryOf = (pid: number): { rssMb: number; peakMb: number } => {
  const field = (name: string): number => {
    if (platform() !== 'linux') return Number.NaN;
    const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return Number(found?.[1] ?? Number.NaN) / 1024;
  };
  return { rssMb: field('VmRSS'), peakMb: field('VmHWM') };
};

/** Processor time a process has used, in milliseconds: it hardly depends on who else is at work. Linux only: elsewhere NaN. */
export const cpuMsOf = (pid: number): number => {
  if (platform() !== 'linux') return Number.NaN;
  // proc(5): fields 14 and 15, counted in hundredths of a second; the command name may itself hold spaces and brackets.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};
