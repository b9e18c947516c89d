/** One world on services of its own for a file of faults: steps that go on while something is broken, and the demand that all is well after it. */
import pg from 'pg';
import { verifyAudit } from '../../src/store/audit/verify.ts';
import type { Message } from '../../sandbox/src/slack/types.ts';
import { findLeftOver } from '../support/integrity.ts';
import { startOwnServices } from '../support/services.ts';
import type { OwnServices } from '../support/services.ts';
import { storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World, WorldOptions } from '../support/world.ts';
import { CHAOS_RULES } from './chaos-rules.ts';

const FAR_MS = 90_000;

export type Grant = { id: string; state: string; lateMs: number | null; outcome: string | null; attempts: number };

export type FaultWorld = {
  world: World;
  story: Story;
  services: OwnServices;
  /** Asks for a role that needs nobody, and gives the reason by which it is found again. */
  ask(who: string, forTime: string): Promise<string>;
  /** The grant of that reason, once it is in this state. */
  grant(reason: string, state: string): Promise<Grant>;
  /** Its deadline is now, or so much later: what is asked for hours falls due when the test is ready for it, however slow the machine. */
  fallDue(reason: string, inMs?: number): Promise<void>;
  /** The message in which its owner was told how it ended. */
  toldEnd(who: string, reason: string): Promise<Message>;
  /** Resolves when nothing is on its way and target, store, outbox and audit chain agree; rejects with what does not. */
  wellAgain(): Promise<void>;
  stop(): Promise<void>;
};

const grantOf = async ({ sql }: World, reason: string): Promise<Grant | undefined> => {
  const rows = await sql<Grant>(
    `select g.id, g.state, g.attempts, g.end_outcome as outcome, extract(epoch from g.closed_at - g.expires_at)::float * 1000 as "lateMs"
     from grants g join requests r on r.id = g.request_id where r.reason = $1`,
    [reason],
  );
  if (rows.length > 1) throw new Error(`${reason} was granted ${rows.length} times`);
  return rows[0];
};

/** What the audit log says of itself. Empty where it is whole and all of it is sealed. */
export const chainProblems = async ({ database }: Pick<World, 'database'>): Promise<string[]> => {
  const pool = new pg.Pool({ connectionString: database.url, max: 1 });
  try {
    const { problems, unsealed } = await verifyAudit(pool);
    return [...problems.map(({ message }) => message), ...(unsealed > 0 ? [`${unsealed} events are not sealed`] : [])];
  } finally {
    await pool.end();
  }
};

const wellAgain = async (world: World): Promise<void> => {
  let wrong: string[] = [];
  const isWell = async (): Promise<boolean> => {
    wrong = [...(await findLeftOver(world)), ...(await chainProblems(world))];
    return wrong.length === 0;
  };
  await until(isWell, 'a world that is well again', FAR_MS).catch((error: unknown) => {
    throw new Error(wrong.join('\n'), { cause: error });
  });
};

let asks = 0;

export type FaultOptions = Omit<WorldOptions, 'services'> & { services?: OwnServices };

export const startFaultWorld = async (options: FaultOptions = {}): Promise<FaultWorld> => {
  const services = options.services ?? (await startOwnServices());
  const world = await startWorld({ ...CHAOS_RULES, ...options, services });
  world.slack.as('sam').invite('security', 'bot');
  return {
    world,
    story: storyOf(world),
    services,
    ask: async (who, forTime) => {
      asks += 1;
      const reason = `look at the orders, number ${asks}`;
      await world.slack.as(who).command('/prod-access', `orders-db look ${forTime} ${reason}`, 'general');
      return reason;
    },
    grant: (reason, state) =>
      until(
        async () => {
          const grant = await grantOf(world, reason);
          return grant?.state === state && grant;
        },
        `the grant for "${reason}" as ${state}`,
        FAR_MS,
      ),
    fallDue: async (reason, inMs = 0) => {
      await world.sql(
        `update grants g set expires_at = now() + $2::double precision * interval '1 millisecond' from requests r
         where r.id = g.request_id and r.reason = $1`,
        [reason, inMs],
      );
    },
    toldEnd: async (who, reason) => {
      const [row] = await world.sql<{ id: string }>('select id from requests where reason = $1', [reason]);
      const isOfIt = (message: Message): boolean => JSON.stringify(message.metadata ?? {}).includes(row?.id ?? '-');
      const find = (): Message | undefined =>
        world.slack
          .as(who)
          .dmsWithApp()
          .find((message) => isOfIt(message) && seen(message).includes('*Ended*'));
      return world.slack.waitFor(find, { timeoutMs: FAR_MS, what: 'the word of the end' });
    },
    wellAgain: () => wellAgain(world),
    stop: async () => {
      await world.stop();
      await services.remove();
    },
  };
};

/** The end may be this late when the fault did not touch what ends it: far above the fraction of a second that it takes, for busy machines. */
export const ON_TIME_MS = 20_000;
