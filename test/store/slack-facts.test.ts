/** Facts of Slack count as long as they are proven; calls are planned so that all processes together keep a limit. */
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FactName, LookedFor } from '../../src/application/identity/fact-ports.ts';
import {
  CLAIM_SECONDS,
  createSlackMemory,
  UNTRUSTED_SECONDS,
  HEARD_SECONDS,
  SILENT_SECONDS,
  UNHEARD_SECONDS,
} from '../../src/store/slack-facts.ts';
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
const NEVER = { known: null, use: 'decision' } as const;
type Use = 'decision' | 'shown';
const look = async (name: FactName = USER, use: Use = 'decision'): Promise<LookedFor> => {
  const [looked] = await memory.facts.find(TEAM, [{ ...name, known: null, use }]);
  if (!looked) throw new Error('nothing was answered');
  return looked;
};
/** As by a call that began so long ago. */
const keep = async (name: FactName, value: unknown, ageMs = 0): Promise<void> => {
  const { asOf } = await look(name);
  await memory.facts.keep(TEAM, [{ ...name, value }], String(BigInt(asOf) - BigInt(ageMs) * 1_000n));
};
const read = (ageMs = 0) => keep(USER, ADA, ageMs);
const find = async (use: Use = 'decision'): Promise<unknown> => {
  const { found } = await look(USER, use);
  return found && !found.isKnown ? found.value : null;
};
/** A process that has been connected for an hour. */
const hear = async (processId = 'p1'): Promise<void> => {
  await memory.streams.alive(TEAM, processId, true);
  await age('slack_streams', 'connected_at', 3_600);
  await age('slack_stream_gaps', 'last_at', 3_600);
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
    await read(5_000);
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
    for (const name of others) await keep(name, { id: name.key.startsWith('bob') ? 'U10' : 'U1' });
    await memory.facts.forgetAccount(TEAM, 'U1');
    const found = await Promise.all(others.map((name) => look(name)));
    expect(found.map((one) => one.found !== null)).toEqual([false, false, true, true]);
  });

  it('of a team is not that of another', async () => {
    await read();
    expect(await memory.facts.find('T2', [{ ...USER, ...NEVER }])).toMatchObject([{ found: null }]);
  });

  it('is not sent again to whoever has its version', async () => {
    await read();
    const version = (await look()).found?.version ?? null;
    expect(version).not.toBeNull();
    expect(await memory.facts.find(TEAM, [{ ...USER, ...NEVER, known: version }])).toMatchObject([
      { found: { version, isKnown: true } },
    ]);
  });

  it('that only shows need not be proven, yet what an event changed does not show either', async () => {
    await read();
    await age('slack_facts', 'read_at', UNHEARD_SECONDS + 1);
    expect([await find(), await find('shown')]).toEqual([null, ADA]);
    await memory.facts.forget(TEAM, [USER]);
    expect(await find('shown')).toBeNull();
    await read();
    await age('slack_facts', 'read_at', HEARD_SECONDS);
    expect(await find('shown')).toBeNull();
  });

  it('of an on-call schedule is found for seconds only, whatever is heard of Slack', async () => {
    const schedule = { kind: 'on_call', key: 'pagerduty P1' } as const;
    await hear();
    await keep(schedule, [], UNHEARD_SECONDS * 1_000 - 500);
    expect((await look(schedule)).found).not.toBeNull();
    await age('slack_facts', 'read_at', 1);
    expect((await look(schedule)).found).toBeNull();
    expect((await look(schedule, 'shown')).found).toBeNull();
  });

  it('is as old as the look before the call, however long its answer took to be kept', async () => {
    await hear();
    const { asOf } = await look();
    // The call reads Ada as she was; then she changes, and the event is here before the answer is kept.
    await memory.facts.forget(TEAM, [USER]);
    await memory.facts.keep(TEAM, [{ ...USER, value: ADA }], asOf);
    expect(await find()).toBeNull();
  });

  it('is read by one at a time; the next may when that one gives up, keeps it, is silent, or when it changed since', async () => {
    const claim = () => memory.facts.claim(TEAM, USER);
    expect([await claim(), await claim()]).toEqual([true, false]);
    await memory.facts.release(TEAM, USER);
    expect([await claim(), await claim()]).toEqual([true, false]);
    await read();
    expect([await claim(), await claim()]).toEqual([true, false]);
    await memory.facts.forget(TEAM, [USER]);
    expect([await claim(), await claim()]).toEqual([true, false]);
    await age('slack_facts', 'claimed_until', CLAIM_SECONDS - 1);
    await memory.facts.renew(TEAM, USER);
    await age('slack_facts', 'claimed_until', CLAIM_SECONDS - 1);
    expect(await claim()).toBe(false);
    await age('slack_facts', 'claimed_until', 1);
    expect(await claim()).toBe(true);
  });
});

describe('what a user group tells of its own history', () => {
  const GROUP = 'S0SRE';
  const change = (previousS: number, updatedS: number) =>
    memory.facts.isNextOf(TEAM, { groupId: GROUP, previousS, updatedS });
  beforeEach(() => memory.facts.noteGroups(TEAM, [{ groupId: GROUP, updatedS: 100 }]));

  it.each([
    [
      'changes in a row',
      [
        [100, 110],
        [110, 120],
      ],
      [true, true],
    ],
    [
      'a change twice',
      [
        [100, 110],
        [100, 110],
      ],
      [true, true],
    ],
    [
      'a change that was lost',
      [
        [110, 120],
        [120, 130],
      ],
      [false, true],
    ],
    [
      'two in the wrong order',
      [
        [110, 120],
        [100, 110],
        [120, 130],
      ],
      [false, true, true],
    ],
    ['one from before the list was read', [[80, 90]], [true]],
  ] as const)('%s', async (_what, changes, expected) => {
    const found: boolean[] = [];
    for (const [previousS, updatedS] of changes) found.push(await change(previousS, updatedS));
    expect(found).toEqual(expected);
  });

  it('is nothing for a group that was never seen, nor for another team', async () => {
    expect(await memory.facts.isNextOf(TEAM, { groupId: 'S0NEW', previousS: 5, updatedS: 6 })).toBe(true);
    expect(await memory.facts.isNextOf('T2', { groupId: GROUP, previousS: 110, updatedS: 120 })).toBe(true);
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

  it('when one came late: nothing read before counts, and for a while what is read counts for seconds', async () => {
    await memory.facts.distrust(TEAM);
    expect(await find()).toBeNull();
    await read();
    expect(await find()).toEqual(ADA);
    await age('slack_facts', 'read_at', UNHEARD_SECONDS + 1);
    await age('slack_stream_gaps', 'last_at', UNHEARD_SECONDS + 2);
    expect(await find()).toBeNull();
    await age('slack_stream_gaps', 'unheard_until', UNTRUSTED_SECONDS);
    expect(await find()).toEqual(ADA);
  });

  it('when a process connects anew: it may have heard nothing for a while', async () => {
    await read();
    await memory.streams.alive(TEAM, 'p1', false);
    expect(await find()).toEqual(ADA);
    await memory.streams.alive(TEAM, 'p1', true);
    expect(await find()).toBeNull();
  });

  it('when another team loses its own, they are', async () => {
    await memory.streams.lost('T2', 'p3');
    expect(await find()).toEqual(ADA);
  });
});

/** The milliseconds until the moment that was taken; null where none was. */
const take = async (
  key: string,
  limit: { everyMs: number; burst: number },
  mostMs = 60_000,
): Promise<number | null> => {
  const { isTaken, waitMs } = await memory.pace.reserve(key, { ...limit, mostMs });
  return isTaken ? waitMs : null;
};

describe('a pace', () => {
  it('lets a burst go at once, then one after the other, for all who ask at the same time', async () => {
    const waits = await Promise.all(
      Array.from({ length: 8 }, () => take('usergroups.list', { everyMs: 1_000, burst: 3 })),
    );
    const sorted = waits.map((waitMs) => waitMs ?? -1).toSorted((a, b) => a - b);
    expect(sorted.slice(0, 3)).toEqual([0, 0, 0]);
    for (const [index, waitMs] of sorted.slice(3).entries()) {
      expect(waitMs).toBeGreaterThan(index * 1_000);
      expect(waitMs).toBeLessThanOrEqual((index + 1) * 1_000);
    }
  });

  it('takes no moment that would come too late, however often it is tried', async () => {
    const limit = { everyMs: 1_000, burst: 2 };
    expect([await take('chat.update', limit), await take('chat.update', limit)]).toEqual([0, 0]);
    for (let count = 0; count < 5; count += 1) {
      const refused = await memory.pace.reserve('chat.update', { ...limit, mostMs: 100 });
      expect(refused.isTaken).toBe(false);
      expect(refused.waitMs).toBeLessThanOrEqual(1_000);
    }
    expect(await take('chat.update', limit)).toBeLessThanOrEqual(1_000);
  });

  it('is free again after a while, and its keys know nothing of each other', async () => {
    const limit = { everyMs: 1_000, burst: 1 };
    expect(await take('chat.postMessage C1', limit)).toBe(0);
    expect(await take('chat.postMessage C2', limit)).toBe(0);
    expect(await take('chat.postMessage C1', limit)).toBeGreaterThan(500);
    await age('slack_pace', 'planned_until', 10);
    expect(await take('chat.postMessage C1', limit)).toBe(0);
  });

  it('has one call at a time with a key, until its gap is over or its process has died', async () => {
    const { begin, end } = memory.pace;
    const begun = await Promise.all([1, 2, 3].map(() => begin('chat.postMessage C1')));
    expect(begun.filter((waitMs) => waitMs === 0)).toHaveLength(1);
    expect(Math.max(...begun)).toBeGreaterThan(5_000);
    expect(await begin('chat.postMessage C2')).toBe(0);
    await end('chat.postMessage C1', 1_000);
    const left = await begin('chat.postMessage C1');
    expect(left).toBeGreaterThan(500);
    expect(left).toBeLessThanOrEqual(1_000);
    await age('slack_pace', 'planned_until', 10);
    expect(await begin('chat.postMessage C1')).toBe(0);
    await age('slack_pace', 'planned_until', 10);
    expect(await begin('chat.postMessage C1')).toBe(0);
  });

  it('has turns that know nothing of what is planned', async () => {
    expect(await take('chat.postMessage C1', { everyMs: 1_000, burst: 1 })).toBe(0);
    expect(await memory.pace.begin('chat.postMessage C1')).toBe(0);
  });
});
