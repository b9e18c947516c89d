/** Reports that are due: noted once, given up where the policy does not want them any more, and failures that admins read. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { makeDueReport } from '../../../src/application/reports/make-due-report.ts';
import type { ReportWriting, ReportStep } from '../../../src/application/reports/make-due-report.ts';
import { startDueReports } from '../../../src/application/reports/start-due-reports.ts';
import type { ReportPlan } from '../../../src/domain/reports/plans.ts';
import type { Policy } from '../../../src/domain/policy/types.ts';
import { setClock } from '../../support/quarter/clock.ts';
import { openQuarter } from '../../support/quarter/run.ts';
import type { SimulatedStore } from '../../support/quarter/run.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

let quarter: SimulatedStore;
let reports: ReportPlan[];

beforeAll(async () => {
  quarter = await openQuarter({ from: new Date('2026-07-01T00:00:00Z'), days: 0, perDay: 0, seed: 1 });
});
afterAll(() => quarter.close());
beforeEach(async () => {
  reports = [{ name: 'quarter', every: 'quarter', to: ['auditors'], folder: null }];
  await quarter.pool.query(
    'truncate report_plans, report_runs, report_files, report_deliveries, outbox, announcements',
  );
  await setClock(quarter.pool, new Date('2026-08-10T09:00:00Z'));
});

const deps = () => {
  const policy = (): Policy => {
    const current = quarter.deps.policy();
    return { ...current, audit: current.audit && { ...current.audit, reports } };
  };
  return { ...quarter.deps, policy };
};
const rows = async (text: string): Promise<unknown[]> => (await quarter.pool.query(text)).rows;
const at = (moment: string): Promise<void> => setClock(quarter.pool, new Date(moment));
const onlyRun = async (): Promise<string> => {
  const [row] = (await quarter.pool.query<{ id: string }>('select id from report_runs')).rows;
  return row?.id ?? '';
};

describe('a period that is over', () => {
  test('is noted once by many processes, with its event and its work', async () => {
    expect(await startDueReports(deps())).toBe(0);
    await at('2026-10-01T00:20:00Z');
    const started = await Promise.all([1, 2, 3, 4].map(() => startDueReports(deps())));
    expect(started.reduce((sum, one) => sum + one, 0)).toBe(1);
    expect(await rows('select name, period, state from report_runs')).toEqual([
      { name: 'quarter', period: '2026-Q3', state: 'due' },
    ]);
    expect(await rows(`select kind from outbox where kind = 'report'`)).toHaveLength(1);
    expect(await rows(`select 1 from audit_events where type = 'report.due'`)).toHaveLength(1);
    expect(await startDueReports(deps())).toBe(0);
  });

  test('before a plan came into the policy is none of its', async () => {
    await at('2026-10-03T00:00:00Z');
    expect(await startDueReports(deps())).toBe(0);
    expect(await startDueReports(deps())).toBe(0);
    expect(await rows('select 1 from report_runs')).toEqual([]);
  });
});

describe('a report that is due', () => {
  const failing = (why: string): ReportWriting => ({
    make: () => Promise.reject(new Error(why)),
    put: () => Promise.resolve(),
  });
  const deliver = vi.fn<() => Promise<ReportStep>>(() => Promise.resolve({ outcome: 'done' }));
  const make = async (writing: ReportWriting): Promise<ReportStep> =>
    makeDueReport(deps(), { id: await onlyRun(), deliver }, writing);

  beforeEach(async () => {
    deliver.mockClear();
    await startDueReports(deps());
    await at('2026-10-01T00:20:00Z');
    await startDueReports(deps());
  });

  test('and cannot be made is tried again, admins read why once, and nothing is delivered', async () => {
    for (const _ of [1, 2])
      expect(await make(failing('No space is left.'))).toMatchObject({ outcome: 'retry', error: 'No space is left.' });
    expect(deliver).not.toHaveBeenCalled();
    expect(await rows(`select lines from announcements where kind = 'report_failed'`)).toEqual([
      { lines: ['Report "quarter" of 2026-Q3: No space is left.'] },
    ]);
    expect(await rows('select state from report_runs')).toEqual([{ state: 'due' }]);
  });

  test('and that the policy does not have is kept for a day, then given up, which is an event', async () => {
    reports = [];
    expect(await make(failing('is not called'))).toMatchObject({
      outcome: 'retry',
      error: expect.stringContaining('policy'),
    });
    expect(await rows('select state from report_runs')).toEqual([{ state: 'due' }]);
    await at('2026-10-02T00:30:00Z');
    expect(await make(failing('is not called'))).toEqual({ outcome: 'done' });
    expect(await rows('select state from report_runs')).toEqual([{ state: 'over' }]);
    expect(await rows(`select 1 from audit_events where type = 'report.withdrawn'`)).toHaveLength(1);
  });

  test('is in the hands of one process at a time', async () => {
    const id = await onlyRun();
    const second = await quarter.store.reports.alone(id, () => make(failing('is not called')));
    expect(second).toMatchObject({ outcome: 'retry', error: 'another process has the report in hand' });
  });

  test('that was given up or delivered is not made again', async () => {
    await quarter.store.transaction(async (tx) => tx.reportRuns.close(await onlyRun()));
    expect(await make(failing('is not called'))).toEqual({ outcome: 'done' });
    expect(deliver).not.toHaveBeenCalled();
  });
});
