/** The policy in force follows its file, whole or not at all. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createPolicySource } from '../../src/config/policy-source.ts';
import { GOOD, load } from './made.ts';

const WAIT = { timeout: 20_000 };
const folder = mkdtempSync(path.join(tmpdir(), 'policy-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Source = ReturnType<typeof createPolicySource>;

/** On a file of its own; `outcomes`: what came of each change. `isAway`: nothing can be recorded. */
const open = (
  name: string,
  { isAway = (): boolean => false } = {},
): { file: string; outcomes: string[]; source: Source } => {
  const first = load(GOOD);
  if ('problems' in first) throw new Error('the small policy is good');
  const file = path.join(folder, name);
  const outcomes: string[] = [];
  const note = async (outcome: string): Promise<void> => {
    if (isAway()) throw new Error('Postgres is away');
    outcomes.push(outcome);
  };
  const source = createPolicySource(first.policy, {
    path: file,
    complete: (text) => Promise.resolve({ text }),
    load: (text) => Promise.resolve(load(text)),
    onAdopted: () => note('adopted'),
    onRejected: () => note('rejected'),
    onRestored: () => note('restored'),
    againMs: 20,
    onError: (error) => void outcomes.push(String(error)),
  });
  return { file, outcomes, source };
};

it('adopts what changed after it was read and before it was watched', async () => {
  const { file, outcomes, source } = open('early.yml');
  writeFileSync(file, `${GOOD}\npending: 7h\n`);
  source.watch(50);
  await expect.poll(() => outcomes).toEqual(['adopted']);
  source.stop();
});

it('does not call a file broken that an editor emptied and then wrote', async () => {
  const { file, outcomes, source } = open('latchkey.yml');
  writeFileSync(file, '');
  const reloaded = source.reload();
  setTimeout(() => writeFileSync(file, `${GOOD}\npending: 7h\n`), 50);
  await reloaded;
  expect(outcomes).toEqual(['adopted']);
  writeFileSync(file, '');
  await source.reload();
  expect(outcomes).toEqual(['adopted', 'rejected']);
});

it('records what came of the file as soon as that can be recorded, once', async () => {
  let isGone = true;
  const { file, outcomes, source } = open('away.yml', { isAway: () => isGone });
  writeFileSync(file, `${GOOD}\npending: 7h\n`);
  await source.reload();
  expect(outcomes).toEqual(['Error: Postgres is away']);
  writeFileSync(file, 'version: 2\n');
  await source.reload();
  expect(source.isRejected()).toBe(true);
  isGone = false;
  await expect.poll(() => outcomes.filter((one) => !one.startsWith('Error')), WAIT).toEqual(['adopted', 'rejected']);
  await source.reload();
  expect(outcomes.filter((one) => !one.startsWith('Error'))).toEqual(['adopted', 'rejected']);
  source.stop();
});
