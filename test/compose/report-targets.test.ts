/** Ten thousand targets: a bounded number is checked at a time, and the log and the admins get a bounded number of lines. */
import { expect, test } from 'vitest';
import type { Misfit } from '../../src/application/policy/misfits.ts';
import { reportTargets } from '../../src/compose/report-targets.ts';
import { errorFinding } from '../../src/domain/finding.ts';
import type { Finding } from '../../src/domain/finding.ts';
import type { Policy, Target } from '../../src/domain/policy/types.ts';
import type { Log } from '../../src/lib/log.ts';
import { checkTargets } from '../../src/providers/check-targets.ts';
import type { CheckedTarget } from '../../src/providers/check-targets.ts';
import { policyOf, POLICY } from '../slack/rig.ts';

const base = policyOf(POLICY);
const one = base.targets['orders-db'] as Target;
const manyTargets = (count: number): Target[] =>
  Array.from({ length: count }, (_, index) => ({ ...one, name: `db-${index}` }));

const logOf = (lines: string[]): Log => {
  const add = (_facts: object, message: string): void => void lines.push(message);
  const log: Log = { debug: add, info: add, warn: add, error: add, child: () => log };
  return log;
};

const report = async (count: number, isFaulty: (target: Target) => boolean) => {
  const targets = manyTargets(count);
  let now = 0;
  let most = 0;
  const lookOver = async (target: Target, roles: string[]): Promise<Finding[]> => {
    now += 1;
    most = Math.max(most, now);
    await new Promise(setImmediate);
    now -= 1;
    return isFaulty(target) && roles.includes('write') ? [errorFinding('no_group', 'The group is missing.')] : [];
  };
  const lines: string[] = [];
  const told: (readonly Misfit[])[] = [];
  const policy: Policy = { ...base, targets: Object.fromEntries(targets.map((target) => [target.name, target])) };
  const checks = { lookOver, onErrors: () => undefined, isStopped: () => false };
  await reportTargets({
    access: { checkNow: (onChecked?: (checked: CheckedTarget) => void) => checkTargets(checks, targets, onChecked) },
    policy: () => policy,
    useCases: { reportMisfits: async ({ misfits }) => void told.push(misfits) },
    log: logOf(lines),
  });
  return { lines, told, most };
};

test('few targets have a line each, by role', async () => {
  const { lines, told } = await report(3, ({ name }) => name === 'db-1');
  expect(lines.toSorted()).toEqual([
    'db-0: no problem found, 2 roles can be granted',
    'db-1: cannot grant write: The group is missing.',
    'db-2: no problem found, 2 roles can be granted',
  ]);
  expect(told).toEqual([[{ target: 'db-1', roles: ['write'], problem: 'The group is missing.' }]]);
});

test('of ten thousand, a hundred are checked at a time, twenty problems have a line and all are counted', async () => {
  const { lines, told, most } = await report(10_000, ({ name }) => name.endsWith('7'));
  expect(most).toBeLessThanOrEqual(100);
  expect(lines).toHaveLength(21);
  expect(lines.at(-1)).toBe('10000 of 10000 targets checked: 1000 have a problem; `latchkey doctor` lists them all');
  expect(told.at(-1)).toHaveLength(1_000);
});

test('many without a problem are one line', async () => {
  expect((await report(500, () => false)).lines).toEqual(['500 of 500 targets checked: no problem found']);
});
