/** The reference program for the contract suite. A session there is a token that is looked up each time. */
import { chmodSync, copyFileSync, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { visitBy } from '../token-visit.ts';
import type { KeptToken } from '../token-visit.ts';
import type { World, WorldOption } from '../worlds.ts';

type Kept = Record<string, KeptToken & { closed: boolean }>;

const PROGRAM = fileURLToPath(new URL('../../../integrations/exec-target/target.py', import.meta.url));

const open = async (): Promise<World> => {
  const folder = mkdtempSync(path.join(tmpdir(), 'lk-exec-'));
  // As an operator installs it: a checkout may be writable by others.
  const program = path.join(folder, 'target');
  copyFileSync(PROGRAM, program);
  chmodSync(program, 0o755);
  const file = path.join(folder, 'grants.json');
  const state = (): Kept => (existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept) : {});
  const notClosed = (): Kept => Object.fromEntries(Object.entries(state()).filter(([, { closed }]) => !closed));
  return await Promise.resolve({
    takesAnyScope: true,
    config: { program, env: { STATE: file }, supports: ['extend', 'list', 'close'] },
    roles: {
      read: { scope: { role: 'read' }, actsAs: 'read' },
      write: { scope: { role: 'write' }, actsAs: 'write' },
    },
    enter: async (secret) => await Promise.resolve(visitBy(notClosed, secret)),
    countOf: async (grantId) => await Promise.resolve(state()[grantId] ? 1 : 0),
    close: async () => await rm(folder, { recursive: true }),
  });
};

export const WORLDS: WorldOption[] = [{ title: 'the reference program', open }];
