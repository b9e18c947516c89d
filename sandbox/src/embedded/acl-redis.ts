/** A private Redis with ACL users of its own, with or without an ACL file, for the demo and the tests only. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from './port.ts';
import { endProcess, logTail, spawnServer } from './process.ts';
import { findRedis } from './redis-program.ts';
import { waitUntil } from './wait.ts';

export type AclRedis = {
  /** Of the user that may do everything. */
  url: string;
  port: number;
  admin: Redis;
  pid: () => number;
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

export type AclRedisOptions = {
  dir: string;
  /** Where a Redis that had to be fetched is kept. */
  downloadDir: string;
  hasFile?: boolean;
  /** The ACL file of the folder is read again with these. */
  kept?: { port: number; password: string };
};

/** How the user that may do everything stands there. */
const firstUser = (password: string): string => `user default on >${password} ~* &* +@all`;

export const startAclRedis = async ({ dir, downloadDir, hasFile = true, kept }: AclRedisOptions): Promise<AclRedis> => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const { port, password } = kept ?? { port: await freePort(), password: 'root-secret' };
  const file = path.join(dir, 'users.acl');
  const user = firstUser(password);
  if (hasFile && !existsSync(file)) writeFileSync(file, `${user}\n`, { mode: 0o600 });
  const program = await findRedis(downloadDir);
  const url = `redis://:${password}@127.0.0.1:${port}`;
  const admin = adminOf(url);
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
    url,
    port,
    admin,
    pid: () => pid,
    aclFile: () => (hasFile ? readFileSync(file, 'utf8') : ''),
    kill: async () => await endProcess(pid, 'SIGKILL'),
    start,
    stop: async () => {
      admin.disconnect();
      await endProcess(pid, 'SIGKILL');
    },
  };
};
