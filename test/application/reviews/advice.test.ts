/** What history suggests for the times of a role: what is lowered together holds together. */
import { expect, test } from 'vitest';
import { adviceFor } from '../../../src/application/reviews/advice.ts';
import type { Advice } from '../../../src/application/reviews/advice.ts';
import type { RoleHistory } from '../../../src/application/reviews/campaign-ports.ts';

const MINUTE_MS = 60_000;

type Given = { max: number; usual: number; median: number; p95: number };

/** All in minutes. */
const adviceFrom = ({ max, usual, median, p95 }: Given, changes: Partial<RoleHistory> = {}): Advice[] => {
  const role = {
    ...{ name: 'read', title: 'Read only', scope: {}, isSensitive: false },
    ...{ maxMs: max * MINUTE_MS, defaultMs: usual * MINUTE_MS },
  };
  const target = {
    ...{ name: 'db', title: 'db', provider: 'postgres', config: {}, owners: [], channel: null, warning: null },
    roles: { read: role },
  };
  const history = {
    ...{ target: 'db', role: 'read', requests: 40, grants: 40, used: 40, extended: 0, byRule: 0, people: [] },
    ...{ usedMs: { median: median * MINUTE_MS, p95: p95 * MINUTE_MS }, decided: null },
    ...changes,
  };
  return adviceFor({ target, role, history });
};
const adviceOf = (given: Given): string[] => adviceFrom(given).map(({ field, to }) => `${field}: ${to}`);

test.each([
  ['a cap far above need', { max: 240, usual: 15, median: 10, p95: 10 }, ['max: 15m']],
  ['the default goes below a lower cap', { max: 240, usual: 30, median: 10, p95: 10 }, ['max: 15m', 'default: 15m']],
  ['a default that the cap leaves room for', { max: 480, usual: 60, median: 25, p95: 60 }, ['max: 1h15m']],
  ['a default far above need', { max: 60, usual: 60, median: 10, p95: 30 }, ['default: 15m']],
  ['both far above need', { max: 480, usual: 240, median: 10, p95: 60 }, ['max: 1h15m', 'default: 15m']],
  ['neither', { max: 60, usual: 30, median: 20, p95: 45 }, []],
])('%s', (_what, given, advice) => {
  expect(adviceOf(given)).toEqual(advice);
});

const FITTING: Given = { max: 60, usual: 30, median: 20, p95: 45 };
const decided = (changes: Partial<NonNullable<RoleHistory['decided']>>): Pick<RoleHistory, 'decided'> => ({
  decided: { approved: 40, denied: 0, p95Ms: 240_000, approver: { name: 'Olga', votes: 12 }, ...changes },
});

test.each([
  ['a role that was given and never seen in use', { used: 0 }, ['never_used']],
  ['decisions too fast to be read', decided({ p95Ms: 9_000 }), ['approved_in_seconds']],
  ['fast decisions of which one was a denial', decided({ p95Ms: 9_000, denied: 1 }), []],
  ['one approver for all', decided({ approver: { name: 'Olga', votes: 40 } }), ['one_approver']],
  ['decisions of several who took their time', decided({}), []],
  ['too few grants', { grants: 19, requests: 19, used: 0 }, []],
  ['too few decisions', decided({ approved: 19, p95Ms: 1, approver: { name: 'Olga', votes: 19 } }), []],
])('%s', (_what, changes, kinds) => {
  expect(adviceFrom(FITTING, changes).map(({ kind }) => kind)).toEqual(kinds);
});
