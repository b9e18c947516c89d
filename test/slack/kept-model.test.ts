/** What is kept of Slack against a model: whatever becomes of events and connections, nothing is believed longer than the stated bound. */
import fc from 'fast-check';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { FactName } from '../../src/application/identity/fact-ports.ts';
import { createLog } from '../../src/lib/log.ts';
import { createHeardFacts, LATE_MS } from '../../src/slack/directory/heard.ts';
import type { HeardFacts } from '../../src/slack/directory/heard.ts';
import { createSlackMemory, UNTRUSTED_SECONDS, HEARD_SECONDS, UNHEARD_SECONDS } from '../../src/store/slack-facts.ts';
import type { SlackMemory } from '../../src/store/slack-facts.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

vi.setConfig({ testTimeout: 240_000, hookTimeout: 120_000 });

const TEAM = 'T1';
const PROCESSES = ['p1', 'p2'];
/** Of real time that passes while the test computes. */
const SLACK_SECONDS = 2;

let database: TestDatabase;
let pool: pg.Pool;
let memory: SlackMemory;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = new pg.Pool({ connectionString: database.url, max: 3 });
  memory = createSlackMemory(pool);
});
afterAll(() => pool.end());

type Subject = 'account' | 'group';
const NAMES: Record<Subject, FactName> = {
  account: { kind: 'user', key: 'U1' },
  group: { kind: 'user_groups', key: 'all' },
};

/** One event that Slack has to send. `at` is the model's clock in seconds. */
type Sent = { subject: Subject; version: number; at: number };
type Kept = { version: number; readNo: number };
type Reading = { subject: Subject; asOf: string; value: Kept };

/** What is so in Slack, and what Latchkey was in a position to know. */
type Model = {
  now: number;
  /** Of each subject the moments at which its versions began. */
  truth: Record<Subject, number[]>;
  events: Sent[];
  heardUpTo: Record<Subject, number>;
  readings: Reading[];
  /** Reads that began before a gap count no more. */
  gapAfterRead: number;
  readNo: number;
  knownChangeS: number;
  connected: Set<string>;
  connectedSince: number | null;
  untrustedUntil: number;
};

type World = { model: Model; facts: HeardFacts[] };

const newModel = (): Model => ({
  now: 0,
  truth: { account: [0], group: [0] },
  events: [],
  heardUpTo: { account: 0, group: 0 },
  readings: [],
  gapAfterRead: 0,
  readNo: 0,
  knownChangeS: -1,
  connected: new Set(),
  connectedSince: null,
  untrustedUntil: -1,
});

const gap = (model: Model): void => {
  model.gapAfterRead = model.readNo;
};

const distrust = (model: Model): void => {
  gap(model);
  model.untrustedUntil = model.now + UNTRUSTED_SECONDS;
};

const versionOf = (model: Model, subject: Subject): number => model.truth[subject].length - 1;

/** The clock of the database goes on by moving all that was noted into the past. */
const pass = async ({ model }: World, seconds: number): Promise<void> => {
  model.now += seconds;
  const back = (column: string): string => `${column} = ${column} - ${seconds} * interval '1 second'`;
  await pool.query(`update slack_facts set ${back('read_at')}, ${back('forgotten_at')}, ${back('claimed_until')}`);
  await pool.query(`update slack_streams set ${back('connected_at')}`);
  await pool.query(`update slack_stream_gaps set ${back('last_at')}, ${back('unheard_until')}`);
  for (const reading of model.readings) reading.asOf = String(BigInt(reading.asOf) - BigInt(seconds) * 1_000_000n);
};

/** Slack's moments of a group's versions, in whole seconds and never the same twice. */
const changeS = (version: number): number => 1_000 + version;

const change = ({ model }: World, subject: Subject): void => {
  model.truth[subject].push(model.now);
  model.events.push({ subject, version: versionOf(model, subject), at: model.now });
};

const eventOf = ({ subject, version }: Sent): object =>
  subject === 'account'
    ? { type: 'user_change', user: { id: 'U1', profile: {} } }
    : {
        type: 'subteam_members_changed',
        subteam_id: 'S1',
        date_previous_update: changeS(version - 1),
        date_update: changeS(version),
      };

type Way = { process: number; retryNum: number; isKept: boolean };

const deliver = ({ model, facts }: World, which: number, { process, retryNum, isKept }: Way): void => {
  const at = which % Math.max(1, model.events.length);
  const sent = model.events[at];
  if (!sent) return;
  if (!isKept) model.events.splice(at, 1);
  const ageMs = (model.now - sent.at) * 1_000;
  facts[process]?.hear(eventOf(sent), { sentAtMs: Date.now() - ageMs, retryNum });
  const { subject, version } = sent;
  model.heardUpTo[subject] = Math.max(model.heardUpTo[subject], version);
  if (ageMs > LATE_MS || retryNum > 0) distrust(model);
  if (subject === 'account') return;
  if (model.knownChangeS >= 0 && model.knownChangeS < changeS(version - 1)) distrust(model);
  model.knownChangeS = Math.max(model.knownChangeS, changeS(version));
};

const begin = async ({ model, facts }: World, subject: Subject, process: number): Promise<void> => {
  const [looked] = (await facts[process]?.find(TEAM, [{ ...NAMES[subject], known: null, use: 'decision' }])) ?? [];
  if (!looked) return;
  model.readNo += 1;
  const value = { version: versionOf(model, subject), readNo: model.readNo };
  model.readings.push({ subject, asOf: looked.asOf, value });
};

const end = async ({ model, facts }: World, which: number): Promise<void> => {
  const [reading] = model.readings.splice(which % Math.max(1, model.readings.length), 1);
  if (!reading) return;
  const { subject, asOf, value } = reading;
  if (subject === 'group') {
    await facts[0]?.noteGroups(TEAM, [{ groupId: 'S1', updatedS: changeS(value.version) }]);
    model.knownChangeS = Math.max(model.knownChangeS, changeS(value.version));
  }
  await facts[0]?.keep(TEAM, [{ ...NAMES[subject], value }], asOf);
};

const connect = async ({ model }: World, process: number): Promise<void> => {
  const id = PROCESSES[process] ?? '';
  await memory.streams.alive(TEAM, id, true);
  gap(model);
  if (model.connected.size === 0 || (model.connected.has(id) && model.connected.size === 1))
    model.connectedSince = model.now;
  model.connected.add(id);
};

const drop = async ({ model, facts }: World, process: number): Promise<void> => {
  const id = PROCESSES[process] ?? '';
  if (!model.connected.delete(id)) return;
  facts[process]?.after(memory.streams.lost(TEAM, id));
  gap(model);
  if (model.connected.size === 0) model.connectedSince = null;
};

const check = async ({ model, facts }: World, subject: Subject, process: number): Promise<void> => {
  // The other process sees what was noted, once it is.
  for (const one of facts) await one.find(TEAM, []);
  const wanted = { ...NAMES[subject], known: null, use: 'decision' } as const;
  const [looked] = (await facts[process]?.find(TEAM, [wanted])) ?? [];
  if (!looked?.found || looked.found.isKnown) return;
  const { version, readNo } = looked.found.value as Kept;
  expect(version, 'what an event changed is not believed').toBeGreaterThanOrEqual(model.heardUpTo[subject]);
  expect(readNo, 'what was read before a gap is not believed').toBeGreaterThan(model.gapAfterRead);
  const endedAt = model.truth[subject][version + 1];
  if (endedAt === undefined) return;
  const isHeard = model.connectedSince !== null && model.now > model.untrustedUntil;
  const bound = (isHeard ? HEARD_SECONDS : UNHEARD_SECONDS) + SLACK_SECONDS;
  expect(model.now - endedAt, 'how long it has not been so').toBeLessThanOrEqual(bound);
};

const subjects = fc.constantFrom<Subject>('account', 'group');
const processes = fc.nat({ max: PROCESSES.length - 1 });
type Step = { name: string; run: (world: World) => void | Promise<void> };
const step = <T>(name: string, of: fc.Arbitrary<T>, run: (world: World, given: T) => void | Promise<void>) =>
  of.map((given): Step => ({ name: `${name} ${JSON.stringify(given)}`, run: (world) => run(world, given) }));

/** Each step is followed by a look at everything from everywhere. */
const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: step('read begins', fc.tuple(subjects, processes), (world, [subject, process]) =>
      begin(world, subject, process),
    ),
  },
  { weight: 4, arbitrary: step('read ends', fc.nat(), end) },
  { weight: 3, arbitrary: step('change', subjects, change) },
  {
    weight: 4,
    arbitrary: step(
      'event',
      fc.tuple(fc.nat(), processes, fc.constantFrom(0, 0, 0, 1), fc.boolean()),
      (world, [which, process, retryNum, isKept]) => deliver(world, which, { process, retryNum, isKept }),
    ),
  },
  {
    weight: 1,
    arbitrary: step(
      'lost event',
      fc.nat(),
      ({ model }, which) => void model.events.splice(which % Math.max(1, model.events.length), 1),
    ),
  },
  { weight: 2, arbitrary: step('time', fc.constantFrom(1, 2, 4, 6, 20, 31), pass) },
  { weight: 1, arbitrary: step('connect', processes, connect) },
  { weight: 1, arbitrary: step('drop', processes, drop) },
);

const freshWorld = async (): Promise<World> => {
  await pool.query('truncate slack_facts, slack_streams, slack_stream_gaps');
  const log = createLog('silent');
  return { model: newModel(), facts: PROCESSES.map(() => createHeardFacts(memory.facts, { teamId: () => TEAM, log })) };
};

test('lost, late, doubled and reordered events, gaps of either process, and reads that overlap them', async () => {
  const property = fc.asyncProperty(fc.array(steps, { minLength: 8, maxLength: 30 }), async (given) => {
    const world = await freshWorld();
    await connect(world, 0);
    for (const { run } of given) {
      await run(world);
      for (const subject of ['account', 'group'] as const) await check(world, subject, world.model.now % 2);
    }
  });
  await expect(fc.assert(property, { numRuns: 40 })).resolves.toBeUndefined();
});

test('what was read a moment ago is found, so that the model says something', async () => {
  const world = await freshWorld();
  await connect(world, 0);
  await begin(world, 'group', 0);
  await end(world, 0);
  await pass(world, UNHEARD_SECONDS + 5);
  const [looked] = (await world.facts[1]?.find(TEAM, [{ ...NAMES.group, known: null, use: 'decision' }])) ?? [];
  expect(looked?.found).not.toBeNull();
});
