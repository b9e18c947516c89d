/** The demo's Postgres and Redis: started together, found again after a kill, and brought back when they die. */
import { removePostgres, startPostgres } from '../embedded/postgres.ts';
import type { EmbeddedPostgres } from '../embedded/postgres.ts';
import { isRunning } from '../embedded/process.ts';
import { removeRedis, startRedis } from '../embedded/redis.ts';
import type { EmbeddedRedis } from '../embedded/redis.ts';

export type Services = {
  postgresUrl: string;
  redisUrl: string;
  stop(): Promise<void>;
  /** For the second Ctrl-C: nothing is waited for, the next start recovers. */
  kill(): Promise<void>;
};

export type ServiceOptions = {
  dir: string;
  /** Outlives `--fresh`: a Redis that had to be fetched. */
  downloadDir: string;
  say(sentence: string): void;
};

const LOOK_EVERY_MS = 1_000;

type Server = EmbeddedPostgres | EmbeddedRedis;
type Kept<Kind extends Server> = { title: string; start(): Promise<Kind>; current: Kind };

const revive = async (kept: Kept<Server>, say: ServiceOptions['say']): Promise<void> => {
  if (isRunning(kept.current.pid)) return;
  say(`${kept.title} ended. Starting it again with its data.`);
  const { port } = kept.current;
  kept.current = await kept.start();
  if (kept.current.port !== port) say(`${kept.title} could not have its port again: stop the demo and start it.`);
};

/** One look after the other, so that a server which is slow to come back is not started twice. */
const watch = (servers: Kept<Server>[], say: ServiceOptions['say']): (() => Promise<void>) => {
  let isStopped = false;
  let running: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    for (const kept of servers) if (!isStopped) await revive(kept, say);
  };
  const timer = setInterval(() => {
    running = running
      .then(look)
      .catch((error: unknown) =>
        say(`Starting it again failed: ${error instanceof Error ? error.message : String(error)}`),
      );
  }, LOOK_EVERY_MS);
  return async () => {
    isStopped = true;
    clearInterval(timer);
    await running;
  };
};

export const startServices = async ({ dir, downloadDir, say }: ServiceOptions): Promise<Services> => {
  const startOurPostgres = (): Promise<EmbeddedPostgres> => startPostgres(dir);
  const startOurRedis = (): Promise<EmbeddedRedis> => startRedis(dir, { downloadDir });
  const started = await Promise.allSettled([startOurPostgres(), startOurRedis()]);
  const [first, second] = started;
  if (first.status === 'rejected' || second.status === 'rejected') {
    for (const one of started) if (one.status === 'fulfilled') await one.value.stop();
    throw first.status === 'rejected' ? first.reason : (second as PromiseRejectedResult).reason;
  }
  const postgres: Kept<Server> = { title: 'Postgres', start: startOurPostgres, current: first.value };
  const redis: Kept<Server> = { title: 'Redis', start: startOurRedis, current: second.value };
  const stopWatching = watch([postgres, redis], say);
  return {
    postgresUrl: first.value.url,
    redisUrl: second.value.url,
    stop: async () => {
      await stopWatching();
      await Promise.all([postgres.current.stop(), redis.current.stop()]);
    },
    kill: async () => {
      await Promise.all([stopWatching(), postgres.current.kill(), redis.current.kill()]);
    },
  };
};

export const removeServices = async (dir: string): Promise<void> => {
  await Promise.all([removePostgres(dir), removeRedis(dir)]);
};
