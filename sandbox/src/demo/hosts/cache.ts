/** The pretend session cache, in a Redis of its own with an ACL file. */
import { rmSync } from 'node:fs';
import { Redis } from 'ioredis';
import { startAclRedis } from '../../embedded/acl-redis.ts';
import type { HostSettings } from '../settings.ts';
import { HostError, loginOf, SHOWN_ROWS, withinSeconds } from './host.ts';
import type { Answer, HostFacts, HostPlace, Login, RunningHost, Session } from './host.ts';

const TITLE = 'Redis';
const STATEMENT_WITHIN_S = 5;

const SESSIONS_KEPT: Readonly<Record<string, string>> = {
  'session:1183': '{"customer":"Mia Berg","cart":3,"step":"payment"}',
  'session:1184': '{"customer":"Hugo Laine","cart":1,"step":"address"}',
  'session:1185': '{"customer":"Ines Costa","cart":7,"step":"cart"}',
};

export const cacheUrl = ({ port, latchkey }: HostSettings): string => `redis://latchkey:${latchkey}@127.0.0.1:${port}`;

/** The first word of what Redis says no with is its code (redis.io/docs/latest/develop/reference/protocol-spec/#simple-errors). */
const codeOf = (error: unknown): string => (error instanceof Error ? (error.message.split(' ')[0] ?? '') : '');

const KINDS: Readonly<Record<string, HostError['kind']>> = { WRONGPASS: 'login', NOPERM: 'denied' };

const errorOf = (error: unknown): HostError => {
  const code = codeOf(error);
  return new HostError((error as Error).message, { kind: KINDS[code] ?? 'other', code }, error);
};

/** As redis-cli reads a line: words, some of them in quotes. */
const wordsOf = (text: string): string[] =>
  [...text.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g)].map(([, double, single, bare]) =>
    double === undefined ? (single ?? bare ?? '') : double.replaceAll(/\\(.)/g, '$1'),
  );

const linesOf = (reply: unknown): (string | null)[] => {
  if (Array.isArray(reply)) return reply.flatMap(linesOf);
  if (typeof reply === 'string' || typeof reply === 'number') return [String(reply)];
  return [reply === null ? null : JSON.stringify(reply)];
};

const answerOf = (reply: unknown, command: string): Answer => {
  const lines = linesOf(reply);
  return {
    columns: ['reply'],
    rows: lines.slice(0, SHOWN_ROWS).map((line) => [line]),
    command: command.toUpperCase(),
    rowCount: lines.length,
  };
};

const connect = async ({ port }: HostSettings, { user, password }: Login): Promise<Redis> => {
  const redis = new Redis({
    host: '127.0.0.1',
    port,
    username: user,
    password,
    protocol: 2,
    lazyConnect: true,
    enableReadyCheck: false,
    disableClientInfo: true,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  // Why it was closed comes as an event, and only that it was as the answer.
  let why: unknown;
  redis.on('error', (error) => {
    why ??= error;
  });
  try {
    await redis.connect();
    await redis.call('HELLO', '2');
    return redis;
  } catch (error) {
    redis.disconnect();
    throw errorOf(why ?? error);
  }
};

const openSession = async (settings: HostSettings, login: Login): Promise<Session> => {
  const redis = await connect(settings, login);
  return {
    run: async (text) => {
      const [command = '', ...words] = wordsOf(text);
      try {
        return answerOf(await withinSeconds(redis.call(command, ...words), STATEMENT_WITHIN_S), command);
      } catch (error) {
        if (error instanceof HostError) throw error;
        throw errorOf(error);
      }
    },
    close: async () => {
      redis.disconnect();
      await Promise.resolve();
    },
    onEnd: (listener) => redis.once('end', () => listener(null)),
  };
};

/** As redis-cli runs what `latchkey doctor --sql` prints. */
const prepare = async (admin: Redis, script: string, password: string): Promise<void> => {
  for (const line of script.split('\n').filter((each) => each !== '')) {
    const [command = '', ...words] = line.split(' ');
    await admin.call(command, ...words);
  }
  await admin.call('ACL', 'SETUSER', 'latchkey', `>${password}`);
  await admin.call('ACL', 'SAVE');
};

const fieldsOf = (line: string): Record<string, string> =>
  Object.fromEntries(line.split(' ').map((pair) => [pair.split('=')[0] ?? '', pair.slice(pair.indexOf('=') + 1)]));

const lookAt = async (admin: Redis): Promise<HostFacts> => {
  const users = (await admin.call('ACL', 'LIST')) as string[];
  const clients = String(await admin.call('CLIENT', 'LIST'));
  return {
    logins: users.flatMap((line) => {
      const [, user = '', state] = line.split(' ');
      return user.startsWith('lk_') ? [loginOf(TITLE, user, { canLogIn: state === 'on' })] : [];
    }),
    sessions: clients.split('\n').flatMap((line) => {
      const { id, user = '', cmd = '' } = fieldsOf(line);
      return user.startsWith('lk_') ? [{ pid: Number(id), role: user, state: 'idle', query: cmd }] : [];
    }),
  };
};

export const startCache = async (place: HostPlace, settings: HostSettings): Promise<RunningHost> => {
  const { dir, downloadDir, isMade } = place;
  if (!isMade) rmSync(dir, { recursive: true, force: true });
  const server = await startAclRedis({ dir, downloadDir, kept: { port: settings.port, password: settings.admin } });
  try {
    if (!isMade) await prepare(server.admin, await place.preparation(), settings.latchkey);
    // Only its users are kept on disk.
    for (const [key, value] of Object.entries(SESSIONS_KEPT)) await server.admin.set(key, value);
  } catch (error) {
    await server.stop();
    throw error;
  }
  return {
    title: TITLE,
    open: (login) => openSession(settings, login),
    look: () => lookAt(server.admin),
    pid: server.pid(),
    stop: server.stop,
    kill: server.kill,
  };
};
