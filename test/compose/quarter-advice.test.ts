/** Advice on a simulated month, with what the changed policy would have decided on every request of it, read as an admin reads it. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { adviceText } from '../../src/application/reviews/made-advice.ts';
import type { MadeAdvice } from '../../src/application/reviews/made-advice.ts';
import { makeAdvice } from '../../src/compose/advice.ts';
import { auditTree } from '../../src/store/audit/checkpoints.ts';
import { openQuarter } from '../support/quarter/run.ts';
import type { SimulatedStore } from '../support/quarter/run.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 300_000 });

let quarter: SimulatedStore;
let before: string;
let made: MadeAdvice;

/** The simulated target is no provider that a file may name; a program takes the same scopes. */
const known = (text: string): string =>
  text.replaceAll(/provider: sim, config: \{ host: [^}]*\}/g, 'provider: exec, config: { program: /opt/latchkey/sim }');

beforeAll(async () => {
  quarter = await openQuarter({ from: new Date('2026-07-01T00:00:00Z'), days: 20, perDay: 10, seed: 17 });
  const { pool, deps } = quarter;
  const policy = deps.policy();
  before = known((await auditTree(pool).policySource(policy.sha256)) ?? '');
  const source = { text: before, path: 'latchkey.yml', env: {} };
  made = await makeAdvice({ pool, store: deps.store, policy, source });
});
afterAll(() => quarter.close());

const lines = (): string[] => (made.replay ?? '').split('\n');

test('caps far above need are advised with the figures, and a role without enough grants is not', () => {
  const read = made.advice.find(({ target, role, field }) => `${target}/${role} ${field}` === 'orders-db/read max');
  expect(read?.text).toMatch(/^max: \w+ would do: 95 % of \d+ grants were over within \w+\.$/);
  expect(made.insufficient).toContainEqual({ role: 'billing-db/admin', data: 'INSUFFICIENT_DATA: 0 of 20 grants' });
});

test('every advised figure stands in the difference, and nothing else is changed', () => {
  const added = (made.diff ?? '').split('\n').filter((line) => /^\+[^+]/.test(line));
  const taken = (made.diff ?? '').split('\n').filter((line) => /^-[^-]/.test(line));
  const figures = made.advice.flatMap(({ field, to }) =>
    field === 'max' || field === 'default' ? [`${field}: ${to}`] : [],
  );
  expect(figures.length).toBeGreaterThan(1);
  for (const figure of figures) expect(added.join('\n')).toContain(figure);
  const withoutTimes = (text: string): string => text.replaceAll(/(max|default): \w+/g, '$1');
  expect(added.map((line) => withoutTimes(line.slice(1)))).toEqual(taken.map((line) => withoutTimes(line.slice(1))));
  for (const line of taken) expect(before).toContain(line.slice(1));
});

test('the replay goes through every request, and says of each that would be refused why', () => {
  const { requests } = quarter;
  const last = lines().at(-1) ?? '';
  const [, count, changed] = /^(\d+) requests replayed, (\d+) would come out differently\.$/.exec(last) ?? [];
  expect(Number(count)).toBeGreaterThan(0);
  expect(Number(count)).toBeLessThanOrEqual(requests);
  expect(lines().length - 1).toBe(Number(changed));
  expect(Number(changed)).toBeGreaterThan(0);
  for (const line of lines().slice(0, -1))
    expect(line).toMatch(
      / -> refuse by ".+" \(narrower\): \w+ is longer than the \w+ that is allowed here; request less\.$/,
    );
});

test('the text has all of it, and says that nothing was changed', () => {
  const text = adviceText(made);
  for (const part of [made.advice[0]?.text, made.diff?.trimEnd(), made.replay, 'Nothing was changed.'])
    expect(text).toContain(part);
});
