/** A private Redis with ACL users of its own, with or without an ACL file, for tests only. */
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../sandbox/src/embedded/port.ts';
import { endProcess, logTail, spawnServer } from '../../sandbox/src/embedded/process.ts';
import { findRedis } from '../../sandbox/src/embedded/redis-program.ts';
import { waitUntil } from '../../sandbox/src/embedded/wait.ts';
import { testServices } from './services.ts';

export type AclRedis = {
  /** Of the user that may do everything. */
  url: string;
  port: number;
  admin: Redis;
  /** What the ACL file holds; empty where there is none. */
  aclFile: () => string;
  /** SIGKILL, and later a start with the same ACL file on the same port. */
  kill: () => Promise<void>;
  start: () => Promise<void>;
  stop: () => Promise<void>;
};

const adminOf = (url: string): Redis => {
  const redis = new Redis(url, { protocol: 2, enableReadyCheck: false, disableClientInfo: true });
  redis.on('error', () => undefined);
  return redis;
};

const answers = async (admin: Redis): Promise<boolean> => {
  const [pong] = await Promise.allSettled([admin.ping()]);
  return pong.status === 'fulfilled';
};

const configuration = (dir: string, port: number, acl: string): string =>
  [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${JSON.stringify(dir)}`,
    'save ""',
    'appendonly no',
    acl.startsWith('/') ? `aclfile ${JSON.stringify(acl)}` : acl,
    '',
  ].join('\n');

export const startAclRedis = async ({ hasFile = true } = {}): Promise<AclRedis> => {
  const { runDir, downloadDir } = testServices();
  mkdirSync(runDir, { recursive: true });
  const dir = mkdtempSync(path.join(runDir, 'acl-redis-'));
  const port = await freePort();
  const file = path.join(dir, 'users.acl');
  const user = 'user default on >root-secret ~* &* +@all';
  if (hasFile) writeFileSync(file, `${user}\n`);
  const program = await findRedis(downloadDir);
  const admin = adminOf(`redis://:root-secret@127.0.0.1:${port}`);
  let pid = 0;
  const start = async (): Promise<void> => {
    const logFile = path.join(dir, 'log');
    const stdin = configuration(dir, port, hasFile ? file : user);
    const env = { ...process.env, ...program.env };
    const server = spawnServer({ command: program.command, args: ['-'], env, logFile, stdin });
    await waitUntil(async () => server.exit() !== undefined || (await answers(admin)), {
      timeoutMs: 30_000,
      what: 'Redis to start',
    });
    if (server.exit() !== undefined) throw new Error(`Redis did not start: ${logTail(logFile)}`);
    ({ pid } = server);
  };
  await start();
  return {
    url: `redis://:root-secret@127.0.0.1:${port}`,
    port,
    admin,
    aclFile: () => (hasFile ? readFileSync(file, 'utf8') : ''),
    kill: async () => await endProcess(pid, 'SIGKILL'),
    start,
    stop: async () => {
      admin.disconnect();
      await endProcess(pid, 'SIGKILL');
    },
  };
};
