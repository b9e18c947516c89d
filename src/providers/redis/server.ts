/** Latchkey's own connection to each node of one target. Opens nothing until the first command. */
import { orAborted } from '../../lib/or-aborted.ts';
import type { Redis } from 'ioredis';
import { pemOf } from '../../lib/certificates.ts';
import { isTooLong, limitAnswers, type AnswerLimit } from '../kit/answer-limit.ts';
import { onEachNode } from '../kit/nodes.ts';
import { ProviderError } from '../provider.ts';
import type { Catalog } from './catalog.ts';
import type { Client, Server } from './client.ts';
import type { Settings } from './config.ts';
import { isReply, toProviderError } from './errors.ts';
import { readCatalog } from './read-catalog.ts';
import { cutLogins } from './sessions.ts';
import type { RedisAddress } from './url.ts';

const CONNECT_MS = 5_000;
const COMMAND_MS = 10_000;
/** Far more than a list of ten thousand connections. */
const ANSWER_MAX = 16 * 1024 * 1024;

type Driver = { Redis: typeof Redis };

const connectionTo = (driver: Driver, node: RedisAddress, ca: string | null): Redis =>
  new driver.Redis({
    host: node.host,
    port: node.port,
    username: node.user,
    password: node.password,
    ...(node.isTls && { tls: ca === null ? {} : { ca: pemOf(ca) } }),
    lazyConnect: true,
    // Rights that Latchkey's account need not have.
    disableClientInfo: true,
    enableReadyCheck: false,
    protocol: 2,
    connectTimeout: CONNECT_MS,
    commandTimeout: COMMAND_MS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: () => null,
  });

const OLDEST = 7;

/** HELLO needs no right. Valkey reports the version of Redis that it is compatible with. */
const helloOf = async (redis: Redis, node: RedisAddress): Promise<string> => {
  const answer = await redis.call('HELLO', '2');
  const facts = Array.isArray(answer) ? answer.map(String) : [];
  const fact = (name: string): string => facts[facts.indexOf(name) + 1] ?? '';
  if (fact('mode') === 'sentinel')
    throw new ProviderError('misconfigured', `The server at ${node.name} is a Sentinel: name the servers as nodes.`);
  const version = fact('version');
  if (Number.parseInt(version, 10) < OLDEST)
    throw new ProviderError(
      'unsupported',
      `The server at ${node.name} is Redis ${version}. Latchkey needs Redis 7.0 or newer, or Valkey: older ones have no ACL selectors and no ACL DRYRUN.`,
    );
  return version;
};

type Journey = Client['each'];
const journeys = (redis: Redis, limit: AnswerLimit): Journey => {
  let awaited = 0;
  return async (commands) => {
    if (commands.length === 0) return [];
    if (awaited === 0) limit.begin();
    awaited += 1;
    try {
      const answers = await redis.pipeline(commands.map(([name = '', ...rest]) => ['call', name, ...rest])).exec();
      return (answers ?? []).map(([error, value]) => error ?? value);
    } finally {
      awaited -= 1;
    }
  };
};

const clientOn = (each: Journey, node: RedisAddress, version: string): Client => {
  let catalog: Promise<Catalog> | null = null;
  const client: Client = {
    node,
    version,
    call: async (...words) => (await client.all([words]))[0],
    each,
    all: async (commands) => {
      const answers = await each(commands);
      for (const answer of answers) if (answer instanceof Error) throw answer;
      return answers;
    },
    catalog: async () => {
      catalog ??= readCatalog(client);
      try {
        return await catalog;
      } catch (error) {
        catalog = null;
        throw error;
      }
    },
  };
  return client;
};

type Opened = { redis: Redis; client: Promise<Client>; failure: () => Error | null };

const open = (driver: Driver, node: RedisAddress, ca: string | null): Opened => {
  const redis = connectionTo(driver, node, ca);
  // What failed is reported by an event; the command only says that the connection is closed.
  let failure: Error | null = null;
  redis.on('error', (error: Error) => (failure = error));
  const client = (async () => {
    await redis.connect();
    const limit = limitAnswers(redis.stream, {
      maxBytes: ANSWER_MAX,
      end: (why) => {
        failure = why;
        redis.disconnect();
      },
    });
    return clientOn(journeys(redis, limit), node, await helloOf(redis, node));
  })();
  return { redis, client, failure: () => failure };
};

type Kept = { run: Server['run']; close: () => void; seen: () => Catalog | null };

/** Made anew after it was closed: by ACL LOAD, by a restart, by whom ever. */
const keep = (node: RedisAddress, ca: string | null): Kept => {
  let kept: Opened | null = null;
  let seen: Catalog | null = null;
  const current = (driver: Driver): Opened => {
    if (kept && kept.redis.status !== 'end' && kept.redis.status !== 'close') return kept;
    return (kept = open(driver, node, ca));
  };
  const once: Server['run'] = async (signal, work) => {
    // Loaded with the first command: commands that reach no target need none of it.
    const mine = current((await import('ioredis')).default);
    let isUntouched = true;
    try {
      const client = await orAborted(mine.client, signal);
      seen = await orAborted(client.catalog(), signal);
      isUntouched = false;
      return await orAborted(work(client), signal);
    } catch (error) {
      const cause = error instanceof ProviderError || isReply(error) ? error : (mine.failure() ?? error);
      if (isUntouched || isTooLong(cause)) {
        mine.redis.disconnect();
        if (kept === mine) kept = null;
      }
      throw toProviderError(cause, { where: node.name, isEncrypted: node.isTls, isUntouched });
    }
  };
  /** The name of a connection can be of any size, and is in each list of them: who has one that fills the list is out first. */
  const run: Server['run'] = async (signal, work) => {
    try {
      return await once(signal, work);
    } catch (error) {
      if (!(error instanceof ProviderError) || !isTooLong(error.cause)) throw error;
      await once(signal, cutLogins);
      return await once(signal, work);
    }
  };
  return { run, seen: () => seen, close: () => kept?.redis.disconnect() };
};

export const openServer = (settings: Settings): Server => {
  const all = settings.nodes.map((node) => ({ name: node.name, ...keep(node, settings.ca) }));
  const [first] = all;
  if (!first) throw new Error('a target has at least one node');
  return {
    settings,
    seen: first.seen,
    run: first.run,
    runOnEach: async (signal, work) => await onEachNode(all, async (node) => await node.run(signal, work)),
    close: () => {
      for (const node of all) node.close();
    },
  };
};
