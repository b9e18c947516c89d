/** The sample of a report can be drawn again by anybody, and holds the grants with the lowest digests. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { foldRequest } from '../../../src/domain/reports/register.ts';
import type { RegisterRow } from '../../../src/domain/reports/register.ts';
import { createDraw, sampleSize } from '../../../src/domain/reports/sample.ts';

const ROOT = Buffer.alloc(32, 7).toString('base64');
const rowOf = (grant: string): RegisterRow => {
  const actor = { kind: 'system', id: null, name: null, email: null };
  const about = { requestId: grant, grantId: grant, target: 't', role: 'r', actor, data: {}, isErased: false };
  const row = foldRequest([{ seq: 1, at: '2026-07-01T00:00:00Z', type: 'grant.active', ...about }]);
  if (!row) throw new Error('no row');
  return row;
};

test('an auditor with a shell and the ids draws the same', () => {
  const ids = Array.from({ length: 500 }, (_, index) => `grant-${index}`);
  const draw = createDraw(ROOT);
  for (const id of ids) draw.see(rowOf(id));
  const { population, drawn } = draw.sampled();
  const again = ids
    .map((id) => [createHash('sha256').update(`${ROOT}\n${id}`).digest('hex'), id] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, 25);
  expect(population).toBe(500);
  expect(drawn.map(({ digest, row }) => [digest, row.grant])).toEqual(again);
});

test.each([
  [0, 0],
  [1, 1],
  [4, 2],
  [12, 5],
  [52, 15],
  [365, 25],
  [100_000, 25],
])('of %i grants, %i are drawn', (population, size) => {
  expect(sampleSize(population)).toBe(size);
});
