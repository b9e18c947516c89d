/** A process that is killed at named points and started again, over and over, in one world. */
import { once } from 'node:events';
import type { ChildProcess } from 'node:child_process';
import { standBy } from '../support/process.ts';
import type { AppProcess, Standby } from '../support/process.ts';
import type { World } from '../support/world.ts';
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
      await world.slack.waitFor(() => world.slack.connectionCount() > 0, { timeoutMs: 20_000 });
    },
    stop: async () => {
      await Promise.all([app?.kill(), next?.kill()]);
    },
  };
};

/** The holds of a dead process run out: what waits at most a minute for that waits no longer. */
export const letHoldsRunOut = async (world: World): Promise<void> => {
  await world.sql(`update grants set lease_until = now() where lease_until > now()`);
  await world.sql(`update requests set sync_lease_until = now() where sync_lease_until > now()`);
  await world.sql(`update outbox set dispatched_at = dispatched_at - interval '61 seconds',
    available_at = least(available_at, now() - interval '61 seconds') where dispatched_at is not null and available_at <= now()`);
};
