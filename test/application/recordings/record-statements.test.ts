/** What was done through recorded access is kept sealed, with digests and gaps in the log, and its end says how complete it is. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import { erasePersonal } from '../../../src/application/evidence/record-keeping.ts';
import type { Recorded } from '../../../src/application/recordings/recording-ports.ts';
import { ProviderError } from '../../../src/providers/provider.ts';
import type { Access } from '../../../src/application/deps.ts';
import type { Credentials } from '../../../src/application/grants/access-ports.ts';
import { completenessOf, segmentOwner } from '../../../src/domain/grants/recording.ts';
import type { Grant } from '../../../src/domain/grants/grant.ts';
import { createSealing } from '../../../src/lib/sealing.ts';
import { postgres } from '../../../src/providers/postgres/postgres.ts';
import { recordKeeping } from '../../../src/store/audit/record-keeping.ts';
import { startRecording } from '../../providers/postgres/servers.ts';
import { createTarget, type Target } from '../../providers/postgres/target.ts';
import { somePerson } from '../../store/fixtures.ts';
import { withClient } from '../../support/world.ts';
import { openBench } from '../bench.ts';
import type { Bench } from '../bench.ts';

const { signal } = new AbortController();
const sealing = createSealing([Buffer.alloc(32, 7)]);
let target: Target;
let bench: Bench;
let scope: { member_of: string[]; record: 'statements' };
let grant: Grant;

beforeAll(async () => {
  target = await createTarget(await startRecording(18));
  scope = { member_of: [target.write], record: 'statements' };
  const made = await postgres.prepare?.({ url: target.managerUrl }, { read: scope }, { signal });
  await target.sql(made?.text ?? '');
  bench = await openBench({ provider: postgres, config: () => ({ url: target.managerUrl }), scope: () => scope });
});
afterAll(async () => {
  await bench.close();
  await target.drop();
});
beforeEach(async () => void (grant = await bench.active(somePerson('Ada'))));

const urlOf = async (): Promise<string> => {
  const sealed = await bench.store.transaction((tx) => tx.secrets.find(grant.id));
  if (!sealed) throw new Error('there are no credentials');
  const { fields } = JSON.parse(sealing.open(grant.id, sealed)) as Credentials;
  return fields.find(({ label }) => label === 'URL')?.value ?? '';
};
const run = async (...statements: string[]): Promise<void> =>
  withClient(await urlOf(), async (client) => {
    for (const statement of statements) await client.query(statement);
  });
const look = async (access: Partial<Access> = {}): Promise<void> => {
  await bench.sql('update recordings set next_at = clock_timestamp() where next_at is not null');
  await (
    await bench.useCasesWith(access).recordStatements()
  ).work;
};
const end = async (closedAgo = '1 minute'): Promise<void> => {
  await bench.expire(grant.id);
  await (
    await bench.useCases.expireDue()
  ).work;
  await bench.sql(`update grants set closed_at = closed_at - interval '${closedAgo}' where id = $1`, [grant.id]);
};
type Event = { type: string; data: { [key: string]: unknown } };
const events = async (): Promise<Event[]> => {
  const rows = await bench.sql<{ type: string; data: string }>(
    `select type, data from audit_events where grant_id = $1 and type like 'statements.%' order by id`,
    [grant.id],
  );
  return rows.map(({ type, data }) => ({ type, data: JSON.parse(data) as Event['data'] }));
};
const untilRecorded = (count: number): Promise<void> =>
  waitUntil(
    async () => {
      await look();
      return ((await bench.store.read.recording(grant.id))?.statements ?? 0) >= count;
    },
    { what: `${count} recorded statements`, timeoutMs: 60_000 },
  );

test('each look seals what is new and writes its digest; the end says that it is complete', async () => {
  await run('select 1', "alter role current_user password 'top secret'");
  await untilRecorded(2);
  await run('select 3');
  await untilRecorded(3);
  await look();
  await end();
  await bench.sql('delete from outbox');
  await look();
  expect(await bench.sql(`select kind, subject_id as subject from outbox`)).toEqual([
    { kind: 'notify', subject: grant.requestId },
  ]);
  const found = await events();
  const view = await bench.store.read.view(grant.requestId);
  expect(view?.recording).toMatchObject({ statements: 3, isOver: true });
  const recorded = found.filter(({ type }) => type === 'statements.recorded');
  const segments = await bench.store.read.segments(grant.id);
  const texts = segments.map((segment) => sealing.open(segmentOwner(grant.id, segment.number), segment));
  expect(recorded.map(({ data }) => data['sha256'])).toEqual(
    texts.map((text) => createHash('sha256').update(text).digest('hex')),
  );
  const lines = texts
    .flatMap((text) => text.trimEnd().split('\n').slice(1))
    .map((line) => JSON.parse(line) as { text: string });
  expect(lines.map(({ text }) => text)).toEqual(['select 1', "alter role current_user password '***'", 'select 3']);
  expect(found.at(-1)).toEqual({
    type: 'statements.completed',
    data: { outcome: 'complete', segments: segments.length, statements: 3, sessions: 2, missing: [], lost: [] },
  });
  const recording = await bench.store.read.recording(grant.id);
  expect(recording && completenessOf(recording)).toBe('3 statements, complete');
  expect(Buffer.concat(segments.map(({ ciphertext }) => ciphertext)).includes('select 1')).toBe(false);
  await look();
  expect(await events()).toHaveLength(found.length);
});

test('two processes that look at one moment keep it once', async () => {
  await run('select 7');
  await waitUntil(
    async () => {
      const [found] = await bench.access.recorded(grant.target, [{ grant, position: null }]);
      return (found?.statements.length ?? 0) > 0;
    },
    { what: 'the line in the log', timeoutMs: 60_000 },
  );
  await bench.sql('update recordings set next_at = clock_timestamp() where grant_id = $1', [grant.id]);
  const first = await bench.store.read.takeRecordings(10, 0);
  await bench.sql('update recordings set next_at = clock_timestamp() where grant_id = $1', [grant.id]);
  const second = await bench.store.read.takeRecordings(10, 0);
  const taken = [first, second].map((all) => all.find(({ grantId }) => grantId === grant.id));
  const advanced = [];
  for (const recording of taken)
    if (recording)
      advanced.push(
        await bench.store.transaction((tx) =>
          tx.recordings.advance(recording, { ...recording, position: { at: 1 }, statements: 1 }, 0),
        ),
      );
  expect(advanced).toEqual([true, false]);
});

describe('what cannot be read', () => {
  const answering = (found: Partial<Recorded>): Partial<Access> => ({
    recorded: async (_target, items) =>
      items.map(() => ({
        position: { at: 1 },
        statements: [],
        sessions: 1,
        missing: [],
        lost: [],
        isAtEnd: true,
        ...found,
      })),
  });

  test('lines that are missing are named, in the log and in words', async () => {
    await look(answering({ missing: [{ session: 'db:5432/x 1.2', from: 41, to: 44 }] }));
    await end();
    await look(answering({ sessions: 0, missing: [{ session: 'db:5432/x 1.2', from: 50, to: 50 }] }));
    const recording = await bench.store.read.recording(grant.id);
    expect(recording && completenessOf(recording)).toBe('0 statements; lines 41–44, line 50 missing');
    expect((await events()).map(({ type, data }) => [type, data['outcome'] ?? null])).toEqual([
      ['statements.recorded', null],
      ['statements.recorded', null],
      ['statements.completed', 'incomplete'],
    ]);
  });

  test('a target that is down is asked again, and given up seven days after the end', async () => {
    const down: Partial<Access> = {
      recorded: async () => {
        throw new ProviderError('unavailable', 'down');
      },
    };
    await look(down);
    await end();
    await look(down);
    expect(await events()).toEqual([]);
    await end('8 days');
    await look(down);
    expect((await events()).map(({ type, data }) => [type, data['outcome'] ?? null])).toEqual([
      ['statements.recorded', null],
      ['statements.completed', 'incomplete'],
    ]);
  });

  test('nothing is over while there is more to read, or what was said last may still come', async () => {
    await end('0 seconds');
    await look(answering({}));
    expect((await bench.store.read.recording(grant.id))?.isOver).toBe(false);
    await end();
    await look(answering({ isAtEnd: false }));
    expect((await bench.store.read.recording(grant.id))?.isOver).toBe(false);
    await look(answering({}));
    expect((await bench.store.read.recording(grant.id))?.isOver).toBe(true);
  });
});

test('after the retention the statements are erased, and an event says so', async () => {
  await run('select 9');
  await untilRecorded(1);
  await bench.sql(`update recorded_segments set created_at = created_at - interval '3 days'`);
  const made = await erasePersonal({ store: bench.store, keeping: recordKeeping(bench.pool) }, 2 * 86_400_000);
  expect(made?.statements).toBeGreaterThan(0);
  expect(await bench.store.read.segments(grant.id)).toEqual([]);
  const [erased] = await bench.sql<{ data: string }>(`select data from audit_events where type = 'statements.erased'`);
  expect(JSON.parse(erased?.data ?? '{}')).toMatchObject({ retentionMs: 172_800_000, segments: made?.statements });
});

test('access whose role does not say so is not recorded', async () => {
  const { id } = await bench.active(somePerson('Bob'), { scope: { member_of: [target.write] } });
  expect(await bench.store.read.recording(id)).toBeNull();
});
