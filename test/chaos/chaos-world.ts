/** A world to be broken: its own Postgres, Redis and target, and two processes of the app that may die. */
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import type pg from 'pg';
import { startOwnServices, startPrivatePostgres } from '../support/services.ts';
import type { OwnServices, Places, PrivateServer } from '../support/services.ts';
import { SHIFTED_CLOCK, startProcess } from '../support/process.ts';
import type { AppProcess } from '../support/process.ts';
import { startWorld, withClient } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { CHAOS_RULES } from './chaos-rules.ts';
import { startCopies } from './copies.ts';
import type { Copies } from './copies.ts';

/** `starts`: how many processes it had, so that each has a name of its own. */
export type Slot = { app: AppProcess | null; isStarting: boolean; starts: number };

export type ChaosWorld = {
  world: World;
  services: OwnServices;
  production: PrivateServer;
  slots: Slot[];
  copies: Copies;
  /** Shifts the clock of the process that takes the slot, when not 0. */
  startApp(slot: number, clockShiftMs?: number): Promise<void>;
  killApp(slot: number): Promise<void>;
  /** With grace, as a deployment does it. */
  stopApps(): Promise<void>;
  logFile: string;
  stop(): Promise<void>;
};

/** Many connections wait out a restart of their server; each failure is the fault at work, and the question is asked again. */
const patient =
  (url: string): World['sql'] =>
  async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> => {
    const endsAt = Date.now() + PATIENCE_MS;
    for (;;) {
      try {
        return await withClient(url, async (client) => (await client.query<Row>(text, values)).rows);
      } catch (error) {
        if (Date.now() > endsAt) throw error;
        await new Promise((resolve) => {
          setTimeout(resolve, 50);
        });
      }
    }
  };

const PATIENCE_MS = 60_000;

const LOGINS = `select rolname from pg_roles where rolname like 'lk\\_%' order by 1`;

export const startChaosWorld = async (places: Places): Promise<ChaosWorld> => {
  const [services, production] = await Promise.all([startOwnServices(places), startPrivatePostgres(places)]);
  const started = await startWorld({ ...CHAOS_RULES, services, targetAdminUrl: production.url });
  // The cluster of tests forgets what it has just committed when it is killed; this one must not.
  await withClient(services.adminUrl, (admin) =>
    admin.query(`alter database ${started.database.name} set synchronous_commit = on`),
  );
  const targetSql = patient(started.target.url);
  const world: World = {
    ...started,
    sql: patient(started.database.url),
    targetSql,
    logins: async () => (await targetSql<{ rolname: string }>(LOGINS)).map(({ rolname }) => rolname),
  };
  world.slack.as('sam').invite('security', 'bot');
  const slots: Slot[] = [
    { app: null, isStarting: false, starts: 0 },
    { app: null, isStarting: false, starts: 0 },
  ];
  const logFile = path.join(places.runDir, 'apps.log');
  const chaos: ChaosWorld = {
    world,
    services,
    production,
    slots,
    copies: startCopies(world),
    logFile,
    startApp: (slot, clockShiftMs = 0) => startApp(chaos, { slot, clockShiftMs }),
    killApp: async (slot) => {
      await slots[slot]?.app?.kill();
    },
    stopApps: async () => {
      await Promise.all(slots.flatMap(({ app }) => (app ? [app.stop()] : [])));
    },
    stop: async () => {
      await Promise.all(slots.flatMap(({ app }) => (app ? [app.kill()] : [])));
      await world.stop();
      await Promise.all([services.remove(), production.remove()]);
    },
  };
  return chaos;
};

/** Tried until it stands: a start in the middle of a fault is refused with a sentence, and whoever runs it starts it again. */
const startApp = async (
  { world, slots, copies, logFile }: ChaosWorld,
  { slot, clockShiftMs }: { slot: number; clockShiftMs: number },
): Promise<void> => {
  const place = slots[slot];
  if (!place || place.app || place.isStarting) return;
  place.isStarting = true;
  place.starts += 1;
  // Slack's library tells the title of its process with each call.
  const name = `latchkey-${slot}-${place.starts}`;
  const nodeOptions = [`--title=${name}`, ...(clockShiftMs === 0 ? [] : [SHIFTED_CLOCK])].join(' ');
  const endsAt = Date.now() + START_MS;
  try {
    while (!place.app) {
      place.app = await startProcess({ ...world.env, CLOCK_SHIFT_MS: String(clockShiftMs) }, [], nodeOptions).catch(
        (error: unknown) => {
          if (Date.now() > endsAt) throw error;
          return null;
        },
      );
    }
  } finally {
    place.isStarting = false;
  }
  const { app } = place;
  const write = (chunk: Buffer): void => {
    appendFileSync(logFile, `${slot} ${chunk.toString()}`);
    copies.wrote(name, chunk.toString());
  };
  app.child.stdout?.on('data', write);
  app.child.stderr?.on('data', write);
  app.child.once('exit', (_code, signal) => {
    place.app = null;
    if (signal === 'SIGKILL') copies.died(name);
  });
};

const START_MS = 60_000;
