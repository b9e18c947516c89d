/** A process that is killed at named points and started again, over and over, in one world. */
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { standBy } from '../support/process.ts';
import type { AppProcess, Standby } from '../support/process.ts';
import { findLastingLeftOver, WAITING } from '../support/integrity.ts';
import { until } from '../support/story.ts';
import type { World } from '../support/world.ts';
import { unnoted } from './crash-case.ts';
import type { Watch } from './crash-points.ts';

export type Restarts = {
  /** Resolves once the running process will die at the point. */
  arm(watch: Watch): Promise<void>;
  /** Resolves with the signal that ended it. */
  gone(): Promise<NodeJS.Signals | null>;
  isGone(): boolean;
  /** What the process wrote, for the message of a failure. */
  out(): string;
  start(): Promise<void>;
  stop(): Promise<void>;
};

const tell = async (child: ChildProcess, message: object): Promise<void> => {
  const heard = once(child, 'message');
  child.send(message);
  await heard;
};

export const createRestarts = (world: World): Restarts => {
  let app: AppProcess | null = null;
  /** Stands by, so that nobody waits for it to load. */
  let next: Standby | null = null;
  let isGone = true;
  const running = (): AppProcess => {
    if (!app) throw new Error('no process was started yet');
    return app;
  };
  return {
    arm: (watch) => tell(running().child, watch),
    gone: () => running().gone,
    isGone: () => isGone,
    out: () => running().out(),
    start: async () => {
      const started = await (next ?? standBy(world.env)).begin();
      app = started;
      isGone = false;
      started.child.once('exit', () => (isGone = true));
      next = standBy(world.env);
      await world.slack.waitFor(() => world.slack.connectionCount() > 0);
    },
    stop: async () => {
      await Promise.all([app?.kill(), next?.kill()]);
    },
  };
};

export const FAR_MS = 60_000;
const DEATH_MS = 30_000;

const drained = (world: World): Promise<unknown> =>
  until(async () => (await world.sql(WAITING)).length === 0, 'an empty outbox', FAR_MS);

/** Else the death could come at what was left to seal of before. */
const sealed = (world: World): Promise<unknown> =>
  until(
    async () =>
      (
        await world.sql(
          'select 1 from audit_events e where not exists (select from audit_chain c where c.event_id = e.id)',
        )
      ).length === 0,
    'the sealing of all events',
    FAR_MS,
  );

/** What the dead process had sent, the servers finish: its sessions end when they are through with it. */
const lastWordsWereHeard = (world: World): Promise<unknown> => {
  const sessions = `select 1 from pg_stat_activity where datname = current_database() and application_name = 'latchkey'`;
  return until(
    async () => [...(await world.sql(sessions)), ...(await world.targetSql(sessions))].length === 0,
    'the end of its sessions',
    FAR_MS,
  );
};

export type Life<Left> = {
  name: string;
  watch: Watch;
  /** What somebody does next, by what they see; false when there is nothing more to do for anybody. */
  goOn(hasDied: boolean): Promise<boolean>;
  /** What is there right after the death; nobody runs meanwhile. */
  look(): Promise<Left>;
};

/** What has been clicked stays clicked: a click on a dead app is one that failed, as in Slack. */
const goOnUntilDeath = (app: Restarts, { name, goOn }: Life<unknown>): Promise<unknown> =>
  until(async () => app.isGone() || ((await goOn(false)) && app.isGone()), `the death at ${name}`, DEATH_MS).catch(
    (error: unknown) => {
      throw new Error(`the process lived on:\n${app.out()}`, { cause: error });
    },
  );

export type Lived<Left> = {
  signal: NodeJS.Signals | null;
  left: Left;
  /** Sentences about what is not as it should be after the restart. */
  leftOver: string[];
  /** Messages that were posted again, but for those that were on their way when the process died: that is documented. */
  repeated: string[];
};

/** The process runs when this is called and when it resolves: another one, under which the rest of the way was gone. */
export const liveThrough = async <Left>(world: World, app: Restarts, life: Life<Left>): Promise<Lived<Left>> => {
  await drained(world);
  await sealed(world);
  await app.arm(life.watch);
  await goOnUntilDeath(app, life);
  const signal = await app.gone();
  await lastWordsWereHeard(world);
  const onTheirWay = await unnoted(world);
  const left = await life.look();
  await letHoldsRunOut(world);
  await app.start();
  await until(async () => !(await life.goOn(true)), `the end after ${life.name}`, FAR_MS);
  await drained(world);
  const leftOver = await findLastingLeftOver(world);
  const repeated = (await unnoted(world)).filter((copy) => !onTheirWay.includes(copy));
  return { signal, left, leftOver, repeated };
};

/** The holds of a dead process run out: what waits at most a minute for that waits no longer. */
export const letHoldsRunOut = async (world: World): Promise<void> => {
  await world.sql(`update grants set lease_until = now() where lease_until > now()`);
  await world.sql(`update message_leases set until = now() where until > now()`);
  await world.sql(`update extensions set next_attempt_at = now() where state = 'moving' and next_attempt_at > now()`);
  await world.sql(`update outbox set dispatched_at = dispatched_at - interval '61 seconds',
    available_at = least(available_at, now() - interval '61 seconds') where dispatched_at is not null and available_at <= now()`);
};
