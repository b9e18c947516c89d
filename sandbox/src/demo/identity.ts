/** Distinguishes a process from a later one that was given the same number. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { isRunning } from '../embedded/process.ts';

export type ProcessMark = { pid: number; identity: string };

const linuxIdentity = (pid: number): string | null => {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    // proc(5): field 22 is the start time; the fields follow the command name, which may itself hold brackets.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/^.*\) /s, '');
    return `${boot}/${fields.split(' ')[19]}`;
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
};

const psIdentity = (pid: number): string | null => {
  const asked = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' });
  return asked.stdout?.trim() || null;
};

/** When the process started, as the system says it; null when it is gone. */
const identityOf = (pid: number): string | null => {
  if (!isRunning(pid)) return null;
  return process.platform === 'linux' ? linuxIdentity(pid) : psIdentity(pid);
};

export const markOf = (pid: number): ProcessMark => ({ pid, identity: identityOf(pid) ?? '' });

export const isStillThere = (mark: ProcessMark | null): mark is ProcessMark =>
  mark !== null && mark.identity !== '' && identityOf(mark.pid) === mark.identity;
