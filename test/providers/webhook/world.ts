/** The reference receivers, run as programs, for the contract suite. A session there is a token that is looked up each time. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../sandbox/src/embedded/port.ts';
import type { Json } from '../../../src/domain/json.ts';
import { visitBy } from '../token-visit.ts';
import type { KeptToken } from '../token-visit.ts';
import type { World, WorldOption } from '../worlds.ts';

type Kept = Record<string, KeptToken & { closed: boolean }>;

export type Receiver = { config: Json; state: () => Kept; stop: () => Promise<void> };

const PROGRAMS = { node: ['node', 'receiver.mjs'], python: ['python3', 'receiver.py'] } as const;

export const startReceiver = async (language: keyof typeof PROGRAMS): Promise<Receiver> => {
  const [program, file] = PROGRAMS[language];
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  const state = path.join(mkdtempSync(path.join(tmpdir(), 'lk-receiver-')), 'grants.json');
  const port = await freePort();
  const script = fileURLToPath(new URL(`../../../integrations/webhook-receiver/${file}`, import.meta.url));
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    WEBHOOK_SECRET: secret,
    PORT: String(port),
    STATE: state,
  };
  const child = spawn(program, [script], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${file} ended with ${code}`)));
  });
  return {
    config: { url: `http://127.0.0.1:${port}/`, secret, supports: ['extend', 'list', 'close'] },
    state: () => (existsSync(state) ? (JSON.parse(readFileSync(state, 'utf8')) as Kept) : {}),
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};

const notClosed = (kept: Kept): Kept => Object.fromEntries(Object.entries(kept).filter(([, { closed }]) => !closed));

const worldOf = (receiver: Receiver): World => ({
  takesAnyScope: true,
  config: receiver.config,
  roles: {
    read: { scope: { role: 'read' }, actsAs: 'read' },
    write: { scope: { role: 'write' }, actsAs: 'write' },
  },
  enter: async (secret) => await Promise.resolve(visitBy(() => notClosed(receiver.state()), secret)),
  countOf: async (grantId) => await Promise.resolve(receiver.state()[grantId] ? 1 : 0),
  close: receiver.stop,
});

export const WORLDS: WorldOption[] = [
  { title: 'the receiver in Node', open: async () => worldOf(await startReceiver('node')) },
  { title: 'the receiver in Python', open: async () => worldOf(await startReceiver('python')) },
];
