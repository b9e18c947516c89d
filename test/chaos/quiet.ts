/** Lets everything come to rest, then demands the whole truth: target, store, outbox, messages and audit chain. */
import pg from 'pg';
import { verifyAudit } from '../../src/store/audit/verify.ts';
import { findLeftOver } from '../support/integrity.ts';
import { until } from '../support/story.ts';
import type { ChaosWorld } from './chaos-world.ts';
import { findIncidentLies } from './incident-truth.ts';
import { letHoldsRunOut } from './restarts.ts';
import { findLies } from './truth.ts';

/** A minute for what the dead held, and what is left of the longest grant of a run; more than that is a finding. */
const REST_MS = 110_000;

const UNFINISHED = `select id, state from grants where state in ('activating', 'active', 'ending', 'closed')`;

const problems = async ({ world }: ChaosWorld): Promise<string[]> => {
  const pool = new pg.Pool({ connectionString: world.database.url, max: 1 });
  pool.on('error', () => undefined);
  try {
    const report = await verifyAudit(pool);
    const broken = report.problems.map(({ message }) => `audit chain: ${message}`);
    return report.unsealed > 0 ? [...broken, `${report.unsealed} events are not sealed`] : broken;
  } finally {
    await pool.end();
  }
};

const sessionsLeft = async ({ world }: ChaosWorld): Promise<string[]> => {
  const rows = await world.targetSql<{ usename: string }>(
    `select usename from pg_stat_activity where usename like 'lk\\_%'`,
  );
  return rows.map(({ usename }) => `a session of ${usename} is still open`);
};

const findAll = async (chaos: ChaosWorld): Promise<string[]> => {
  const { world } = chaos;
  const live = await world.sql<{ id: string; state: string }>(UNFINISHED);
  if (live.length > 0) return live.map(({ id, state }) => `grant ${id} is still ${state}`);
  const left = await findLeftOver(world);
  return left.length > 0
    ? left
    : [
        ...(await sessionsLeft(chaos)),
        ...(await findLies(world)),
        ...(await findIncidentLies(world)),
        ...(await problems(chaos)),
      ];
};

/**
 * `isHasty`: both processes are stopped and started, and what dead ones held is let go of, as a minute's wait would do it.
 * Resolves with what is wrong although it had time enough.
 */
export const comeToRest = async (chaos: ChaosWorld, isHasty: boolean): Promise<string[]> => {
  if (isHasty) {
    await chaos.stopApps();
    await letHoldsRunOut(chaos.world);
  }
  await Promise.all([chaos.startApp(0), chaos.startApp(1)]);
  let left: string[] = [];
  await until(
    async () => {
      left = await findAll(chaos);
      return left.length === 0;
    },
    'rest',
    REST_MS,
  ).catch(() => undefined);
  return left;
};
