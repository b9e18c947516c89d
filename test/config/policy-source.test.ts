/** The policy in force follows its file, whole or not at all. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createPolicySource } from '../../src/config/policy-source.ts';
import { GOOD, load } from './made.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'policy-source-'));
afterAll(() => rmSync(folder, { recursive: true }));

type Source = ReturnType<typeof createPolicySource>;

/** On a file of its own; `outcomes`: what came of each change. */
const open = (name: string): { file: string; outcomes: string[]; source: Source } => {
  const first = load(GOOD);
  if ('problems' in first) throw new Error('the small policy is good');
  const file = path.join(folder, name);
  const outcomes: string[] = [];
  const source = createPolicySource(first.policy, {
    path: file,
    complete: (text) => Promise.resolve({ text }),
    load: (text) => Promise.resolve(load(text)),
    onAdopted: () => Promise.resolve(void outcomes.push('adopted')),
    onRejected: () => Promise.resolve(void outcomes.push('rejected')),
    onRestored: () => Promise.resolve(void outcomes.push('restored')),
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
