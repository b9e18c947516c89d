/** A production Redis as `latchkey doctor --sql` prepares it, with a user for Latchkey that has the least rights. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import type { Json } from '../../../src/domain/json.ts';
import type { Secret } from '../../../src/providers/provider.ts';
import { redis as provider } from '../../../src/providers/redis/redis.ts';
import { startAclRedis, type AclRedis } from '../../../sandbox/src/embedded/acl-redis.ts';
import { testServices } from '../../support/services.ts';

export const READ: Json = { keys: ['app:*'], commands: ['+@read'], channels: [] };
export const WRITE: Json = {
  keys: ['app:*'],
  commands: [
    '+@read',
    '+@write',
    '+@transaction',
    '-@scripting',
    '-@admin',
    '-flushall',
    '-flushdb',
    '-migrate',
    '-swapdb',
    '-restore-asking',
  ],
  channels: ['news:*'],
};

export type Target = { nodes: AclRedis[]; config: Json; urls: string[]; drop: () => Promise<void> };

const PASSWORD = 'manager-secret-1';

export const preparation = async (config: Json): Promise<string> =>
  (await provider.prepare?.(config, {}, { signal: new AbortController().signal }))?.text ?? '';

/** What the command prints is what is run: the words of each line as redis-cli reads them. */
export const runLines = async (server: AclRedis, text: string): Promise<void> => {
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [command = '', ...words] = line.split(' ');
    await server.admin.call(command, ...words);
  }
};

const managerUrl = ({ port }: AclRedis): string => `redis://latchkey:${PASSWORD}@127.0.0.1:${port}`;

const newServer = async (hasFile: boolean): Promise<AclRedis> => {
  const { runDir, downloadDir } = testServices();
  mkdirSync(runDir, { recursive: true });
  return await startAclRedis({ dir: mkdtempSync(path.join(runDir, 'acl-redis-')), downloadDir, hasFile });
};

export const createTarget = async (options: { nodes?: number; hasFile?: boolean } = {}): Promise<Target> => {
  const { nodes: count = 1, hasFile = true } = options;
  const nodes = await Promise.all(Array.from({ length: count }, async () => await newServer(hasFile)));
  const urls = nodes.map(managerUrl);
  for (const server of nodes) {
    await runLines(server, await preparation({ nodes: urls }));
    await server.admin.call('ACL', 'SETUSER', 'latchkey', `>${PASSWORD}`);
    if (hasFile) await server.admin.call('ACL', 'SAVE');
    for (const id of ['1', '2', '3']) await server.admin.set(`app:order:${id}`, `order ${id}`);
    await server.admin.set('other:secret', 'x');
  }
  return {
    nodes,
    urls,
    config: { nodes: urls },
    drop: async () => {
      await Promise.all(nodes.map(async (server) => await server.stop()));
    },
  };
};

export const valueOf = (secret: Secret | undefined, label: string): string =>
  secret?.fields.find((field) => field.label === label)?.value ?? '';

export type Session = { redis: Redis; isCut: () => boolean; leave: () => void };

/** Logs in as the person would, and once only. Rejects when the target refuses. */
export const enterBy = async (url: string): Promise<Session> => {
  const redis = new Redis(url, {
    protocol: 2,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let isCut = false;
  redis.on('error', () => undefined);
  redis.on('end', () => (isCut = true));
  await redis.connect();
  try {
    // Open to everybody who is logged in.
    await redis.call('HELLO', '2');
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  return { redis, isCut: () => isCut, leave: () => redis.disconnect() };
};

export const enter = async (secret: Secret | undefined, change: { port?: number } = {}): Promise<Session> => {
  const url = new URL(valueOf(secret, 'URL'));
  if (change.port) url.port = String(change.port);
  return await enterBy(url.href);
};

export const untilCut = async (session: Session): Promise<void> =>
  await waitUntil(session.isCut, { timeoutMs: 60_000, what: 'the connection to be cut' });

export const usersOf = async (server: AclRedis, grantId: string): Promise<string[]> =>
  ((await server.admin.call('ACL', 'USERS')) as string[]).filter((name) => name.startsWith(`lk_${grantId}_`));
