/** A review campaign from its start to its end: frozen lines, reviewers, reminders, and what silence means. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { PersonCaller } from '../../../src/application/identity/caller.ts';
import { callerFromSlack } from '../../../src/application/identity/caller.ts';
import { chaseCampaigns } from '../../../src/application/reviews/chase-campaigns.ts';
import { decideLine } from '../../../src/application/reviews/decide-line.ts';
import type { DecidedLine } from '../../../src/application/reviews/decide-line.ts';
import { startCampaign, startDueCampaigns } from '../../../src/application/reviews/start-campaign.ts';
import { waitingLines } from '../../../src/application/reviews/waiting-lines.ts';
import { linesCsv } from '../../../src/domain/reviews/lines-csv.ts';
import type { CampaignLine, LineDecision } from '../../../src/domain/reviews/campaign.ts';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import { DomainError } from '../../../src/domain/errors.ts';
import { setClock } from '../../support/quarter/clock.ts';
import { personOf } from '../../support/quarter/people.ts';
import type { Name } from '../../support/quarter/people.ts';
import { openQuarter } from '../../support/quarter/run.ts';
import type { SimulatedStore } from '../../support/quarter/run.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const START = new Date('2026-08-20T00:00:00Z');
const DAY_MS = 86_400_000;

let quarter: SimulatedStore;

const at = (days: number): Promise<void> => setClock(quarter.pool, new Date(START.getTime() + days * DAY_MS));
const callerOf = (name: Name) => callerFromSlack(quarter.deps, personOf(name).userId);
const decide = async (
  name: Name,
  line: CampaignLine,
  { decision = 'keep', note = null }: { decision?: LineDecision; note?: string | null } = {},
): Promise<DecidedLine> => decideLine(quarter.deps, { caller: await callerOf(name), lineId: line.id, decision, note });
const started = async (name: string): Promise<CampaignLine[]> => {
  const campaign = await startCampaign(quarter.deps, { name });
  if (campaign.outcome !== 'started') throw new Error(campaign.outcome);
  return quarter.store.read.lines(campaign.id);
};
const lineOf = (lines: readonly CampaignLine[], subject: string): CampaignLine => {
  const line = lines.find((one) => one.subject === subject);
  if (!line) throw new Error(`no line ${subject}`);
  return line;
};
const events = async (type: string): Promise<Record<string, unknown>[]> =>
  (
    await quarter.pool.query<{ data: string }>('select data from audit_events where type = $1 order by id', [type])
  ).rows.map(({ data }) => JSON.parse(data) as Record<string, unknown>);

beforeAll(async () => {
  quarter = await openQuarter({ from: START, days: 0, perDay: 0, seed: 1 });
});
afterAll(() => quarter.close());

test('a person decides on no line about themselves, and only reviewers decide', async () => {
  const lines = await started('who decides');
  expect(lines.map(({ subject }) => subject)).toEqual(
    expect.arrayContaining([personOf('olga').name, personOf('sam').name]),
  );
  const sam = lineOf(lines, personOf('sam').name);
  await expect(decide('sam', sam)).rejects.toMatchObject({ code: 'own_line' });
  await expect(decide('ada', sam)).rejects.toMatchObject({ code: 'not_a_reviewer' });
  expect(await events('campaign.refused')).toHaveLength(2);
  expect((await decide('ines', sam)).line).toMatchObject({
    decision: 'keep',
    decidedBy: { name: personOf('ines').name },
  });
  await expect(decide('ines', sam)).rejects.toMatchObject({ code: 'line_decided' });
});

test('another account of the person whom a line is about decides on it no more than they do', async () => {
  const [line] = (
    await quarter.pool.query<{ id: string }>(`select id from campaign_lines where decision is null and about ? $1`, [
      personOf('dana').id,
    ])
  ).rows;
  const { email } = personOf('dana');
  const [mailbox = '', domain = ''] = (email ?? '').split('@');
  const other = { ...personOf('dana'), id: 'T1:U0SECOND', userId: 'U0SECOND', email: `${mailbox}+ops@${domain}` };
  const caller = { kind: 'person', person: other } as unknown as PersonCaller;
  const deciding = { caller, lineId: line?.id ?? '', decision: 'keep', note: null } as const;
  await expect(decideLine(quarter.deps, deciding)).rejects.toMatchObject({ code: 'own_line' });
});

test('nobody decides on a line about a person who is not known and cannot be looked up: they could be that person', async () => {
  const sam = personOf('sam');
  const [line] = await quarter.store.read.lines((await quarter.store.read.campaigns(1))[0]?.campaign.id ?? '');
  const [about] = line?.about ?? [];
  const { deps } = quarter;
  const members: typeof deps.directory.members = (from, requester) =>
    from.some((source) => source.kind === 'person' && about?.endsWith(`:${source.ref}`))
      ? Promise.reject(new DomainError('lookup_failed', { what: 'person', why: 'ratelimited' }))
      : deps.directory.members(from, requester);
  const unread = {
    ...deps,
    directory: { ...deps.directory, members },
    store: { ...deps.store, read: { ...deps.store.read, people: () => Promise.resolve([]) } },
  };
  const name = about === sam.id ? 'ines' : 'sam';
  const deciding = { caller: await callerOf(name), lineId: line?.id ?? '', decision: 'keep', note: null } as const;
  await expect(decideLine(unread, deciding)).rejects.toMatchObject({ code: 'lookup_failed' });
});

test('the database refuses a decision on a line about its decider, whatever the code does', async () => {
  const [line] = (
    await quarter.pool.query<{ id: string }>(`select id from campaign_lines where decision is null and about ? $1`, [
      personOf('dana').id,
    ])
  ).rows;
  await quarter.store.transaction((tx) => tx.principals.upsert(personOf('dana')));
  const forged = quarter.pool.query(
    `update campaign_lines set decision = 'keep', decided_at = now(), decided_by = $2 where id = $1`,
    [line?.id, personOf('dana').id],
  );
  await expect(forged).rejects.toMatchObject({ constraint: 'campaign_lines_by_another' });
});

test('a change needs words, and the last decision closes the review', async () => {
  const [view] = await quarter.store.read.campaigns(1);
  const lines = (await quarter.store.read.lines(view?.campaign.id ?? '')).filter(({ decision }) => decision === null);
  const [first, ...rest] = lines;
  if (!first) throw new Error('no line');
  await expect(decide('ines', first, { decision: 'change' })).rejects.toMatchObject({ code: 'line_note_missing' });
  await decide('ines', first, { decision: 'change', note: '=remove them from dba' });
  for (const line of rest) await decide(line.about.includes(personOf('ines').id) ? 'sam' : 'ines', line);
  const after = await quarter.store.read.campaign(view?.campaign.id ?? '');
  expect(after).toMatchObject({ campaign: { state: 'closed' }, counts: { undecided: 0, toChange: 1 } });
  expect(await events('campaign.closed')).toMatchObject([{ bySilence: 0 }]);
  expect(linesCsv(await quarter.store.read.lines(after?.campaign.id ?? ''))).toContain(`,"'=remove them from dba",`);
});

test('two who decide the last two lines at once close the review', async () => {
  const [first, second, ...rest] = await started('who administers');
  if (!first || !second) throw new Error('no two lines');
  for (const line of rest) await decide(line.about.includes(personOf('ines').id) ? 'sam' : 'ines', line);
  const holder = await quarter.pool.connect();
  try {
    // Both are there before either is done.
    await holder.query('begin');
    await holder.query('select from campaign_lines where id = any($1) for update', [[first.id, second.id]]);
    const both = [first, second].map((line) => decide(line.about.includes(personOf('ines').id) ? 'sam' : 'ines', line));
    await waitUntil(
      async () => {
        const { rows } = await quarter.pool.query<{ n: number }>(
          "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
        );
        return rows[0]?.n === 2;
      },
      { what: 'both to wait', timeoutMs: 60_000 },
    );
    await holder.query('commit');
    await Promise.all(both);
  } finally {
    holder.release();
  }
  expect(await quarter.store.read.campaign(first.campaignId)).toMatchObject({ campaign: { state: 'closed' } });
});

test('the lines of roles say who gets in, by whom, and that there is too little data', async () => {
  const lines = await started('quarterly reach');
  expect(lines.map(({ subject }) => subject)).toEqual([
    'orders-db/read',
    'orders-db/write',
    'billing-db/read',
    'billing-db/admin',
    'cluster/view',
    'cluster/debug',
  ]);
  const facts = (subject: string) => Object.fromEntries(lineOf(lines, subject).facts);
  expect(facts('cluster/view')['Who gets in']).toContain('"Anyone may view" approves by itself');
  expect(facts('orders-db/write')['Who gets in']).toContain('"Writes need a ticket and an owner" needs 1 of owners');
  expect(lineOf(lines, 'orders-db/read').reviewers).toEqual(['dba']);
  const [durations] = await started('durations');
  expect(Object.fromEntries(durations?.facts ?? [])['Data']).toBe('INSUFFICIENT_DATA: 0 of 20 grants');
  expect(
    (await waitingLines(quarter.deps, { caller: await callerOf('olga') })).flatMap(({ lines: own }) => own.length),
  ).toEqual([4]);
});

test('a review is started once a period, and not without a line', async () => {
  expect(await startCampaign(quarter.deps, { name: 'quarterly reach' })).toEqual({ outcome: 'repeated' });
  expect(await startCampaign(quarter.deps, { name: 'machines' })).toEqual({ outcome: 'empty' });
  await expect(startCampaign(quarter.deps, { name: 'none' })).rejects.toMatchObject({ code: 'campaign_unknown' });
});

test('reviewers are reminded; at the deadline silence keeps, or lets admins decide, too', async () => {
  const view = async (name: string) =>
    (await quarter.store.read.campaigns(20)).find(({ campaign }) => campaign.name === name);
  await at(7.5);
  await chaseCampaigns(quarter.deps);
  expect(await view('durations')).toMatchObject({
    campaign: { state: 'closed' },
    counts: { undecided: 0, bySilence: 6 },
  });
  expect(await view('quarterly reach')).toMatchObject({ campaign: { state: 'open', reminders: 1, overdueAt: null } });
  const [line] = await quarter.store.read.lines((await view('quarterly reach'))?.campaign.id ?? '');
  if (!line) throw new Error('no line');
  await expect(decide('ines', line)).rejects.toMatchObject({ code: 'not_a_reviewer' });
  await at(14.5);
  await chaseCampaigns(quarter.deps);
  expect((await view('quarterly reach'))?.campaign.overdueAt).not.toBeNull();
  expect((await decide('ines', line)).line.decision).toBe('keep');
  expect(await events('campaign.overdue')).toHaveLength(1);
  const { rows } = await quarter.pool.query(`select 1 from outbox where kind = 'campaign'`);
  expect(rows.length).toBeGreaterThanOrEqual(5);
});

test('the clock starts reviews in the first days of a period, and leaves a later day alone', async () => {
  await setClock(quarter.pool, new Date('2026-09-20T00:00:00Z'));
  expect(await startDueCampaigns(quarter.deps)).toBe(0);
  await setClock(quarter.pool, new Date('2026-10-02T00:00:00Z'));
  expect(await startDueCampaigns(quarter.deps)).toBe(2);
  expect(await startDueCampaigns(quarter.deps)).toBe(0);
});
