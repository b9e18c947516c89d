/** Facts of Slack count as long as they are proven; calls are planned so that all processes together keep a limit. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createSlackMemory, HEARD_SECONDS, SILENT_SECONDS, UNHEARD_SECONDS } from '../../src/store/slack-facts.ts';
import type { SlackMemory } from '../../src/store/slack-facts.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

const TEAM = 'T1';
const USER = { kind: 'user', key: 'U1' } as const;
const ADA = { id: 'U1', name: 'ada' };

let database: TestDatabase;
let pool: pg.Pool;
let memory: SlackMemory;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 5 });
  memory = createSlackMemory(pool);
});
afterAll(() => pool.end());
beforeEach(() => pool.query('truncate slack_facts, slack_streams, slack_stream_gaps, slack_pace'));

/** Moves what was noted into the past. */
const age = (table: string, column: string, seconds: number) =>
  pool.query(`update ${table} set ${column} = ${column} - $1 * interval '1 second'`, [seconds]);
const read = (ageMs = 0) => memory.facts.keep(TEAM, USER, { value: ADA, ageMs });
const find = async (): Promise<unknown> => {
  const found = await memory.facts.find(TEAM, USER, null);
  return found && !found.isKnown ? found.value : null;
};
/** A process that has been connected for an hour. */
const hear = async (processId = 'p1'): Promise<void> => {
  await memory.streams.alive(TEAM, processId, true);
  await age('slack_streams', 'connected_at', 3_600);
};

describe('a fact', () => {
  it('is found for seconds where no events are heard, for longer where all are, and never for ever', async () => {
    await read();
    expect(await find()).toEqual(ADA);
    await age('slack_facts', 'read_at', UNHEARD_SECONDS + 1);
    expect(await find()).toBeNull();
    await hear();
    expect(await find()).toEqual(ADA);
    await age('slack_facts', 'read_at', HEARD_SECONDS);
    expect(await find()).toBeNull();
  });

  it('is as old as the beginning of the call that read it', async () => {
    await read(UNHEARD_SECONDS * 1_000 + 100);
    expect(await find()).toBeNull();
  });

  it('is not proven by a connection that was made after it was read', async () => {
    await read(UNHEARD_SECONDS * 1_000 + 100);
    await memory.streams.alive(TEAM, 'p1', true);
    expect(await find()).toBeNull();
  });

  it('is forgotten by an event, also where it was being read at that moment', async () => {
    await hear();
    await read();
    await memory.facts.forget(TEAM, [USER]);
    expect(await find()).toBeNull();
    await read(50);
    expect(await find()).toBeNull();
    await read();
    expect(await find()).toEqual(ADA);
  });

  it('of one account is forgotten under its addresses and its profile, and that of another is not', async () => {
    const others = [
      { kind: 'email', key: 'ada@acme.test' },
      { kind: 'manager', key: 'U1 Manager' },
      { kind: 'email', key: 'bob@acme.test' },
      { kind: 'manager', key: 'U10 Manager' },
    ] as const;
    for (const name of others) {
      await memory.facts.keep(TEAM, name, { value: { id: name.key.startsWith('bob') ? 'U10' : 'U1' }, ageMs: 0 });
    }
    await memory.facts.forgetAccount(TEAM, 'U1');
    const found = await Promise.all(others.map((name) => memory.facts.find(TEAM, name, null)));
    expect(found.map((one) => one !== null)).toEqual([false, false, true, true]);
  });

  it('of a team is not that of another', async () => {
    await read();
    expect(await memory.facts.find('T2', USER, null)).toBeNull();
  });

  it('is not sent again to whoever has its version', async () => {
    await read();
    const first = await memory.facts.find(TEAM, USER, null);
    expect(await memory.facts.find(TEAM, USER, first?.version ?? null)).toEqual({
      version: first?.version,
      isKnown: true,
    });
  });
});

describe('events are no longer heard throughout', () => {
  beforeEach(async () => {
    await hear('p1');
    await hear('p2');
    await read(UNHEARD_SECONDS * 1_000 + 100);
  });

  it('when no process is', async () => {
    expect(await find()).toEqual(ADA);
    await pool.query('delete from slack_streams');
    expect(await find()).toBeNull();
  });

  it('when any process loses its connection: not even what was just read counts', async () => {
    await read();
    await memory.streams.lost(TEAM, 'p2');
    expect(await find()).toBeNull();
  });

  it('when a process falls silent, and after it was found dead', async () => {
    await pool.query(`update slack_streams set seen_at = seen_at - $1 * interval '1 second' where process_id = 'p2'`, [
      SILENT_SECONDS + 1,
    ]);
    expect(await find()).toBeNull();
    await memory.streams.alive(TEAM, 'p1', false);
    expect((await pool.query('select process_id from slack_streams')).rows).toEqual([{ process_id: 'p1' }]);
    expect(await find()).toBeNull();
    await read();
    await age('slack_stream_gaps', 'last_at', UNHEARD_SECONDS + 1);
    await age('slack_facts', 'read_at', UNHEARD_SECONDS);
    expect(await find()).toEqual(ADA);
  });

  it('when another team loses its own, they are', async () => {
    await memory.streams.lost('T2', 'p3');
    expect(await find()).toEqual(ADA);
  });
});

describe('a pace', () => {
  it('lets a burst go at once, then one after the other, for all who ask at the same time', async () => {
    const waits = await Promise.all(
      Array.from({ length: 8 }, () => memory.pace.reserve('usergroups.list', { everyMs: 1_000, burst: 3 })),
    );
    const sorted = waits.toSorted((a, b) => a - b);
    expect(sorted.slice(0, 3)).toEqual([0, 0, 0]);
    for (const [index, waitMs] of sorted.slice(3).entries()) {
      expect(waitMs).toBeGreaterThan(index * 1_000);
      expect(waitMs).toBeLessThanOrEqual((index + 1) * 1_000);
    }
  });

  it('is free again after a while, and its keys know nothing of each other', async () => {
    const limit = { everyMs: 1_000, burst: 1 };
    expect(await memory.pace.reserve('chat.postMessage C1', limit)).toBe(0);
    expect(await memory.pace.reserve('chat.postMessage C2', limit)).toBe(0);
    expect(await memory.pace.reserve('chat.postMessage C1', limit)).toBeGreaterThan(500);
    await age('slack_pace', 'planned_until', 10);
    expect(await memory.pace.reserve('chat.postMessage C1', limit)).toBe(0);
  });
});
