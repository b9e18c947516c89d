import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { createSealing } from '../../src/lib/sealing.ts';

const [old, young] = [randomBytes(32), randomBytes(32)];

test('what was sealed opens again, and never looks the same twice', () => {
  const sealing = createSealing([old]);
  const [first, second] = [sealing.seal('grant-1', 'hunter2'), sealing.seal('grant-1', 'hunter2')];
  expect(sealing.open('grant-1', first)).toBe('hunter2');
  expect(first.ciphertext.equals(second.ciphertext)).toBe(false);
  expect(first.ciphertext.includes('hunter2')).toBe(false);
});

test('after a rotation the first key seals, and the old one still opens', () => {
  const before = createSealing([old]).seal('grant-1', 'hunter2');
  const rotated = createSealing([young, old]);
  expect(rotated.open('grant-1', before)).toBe('hunter2');
  const after = rotated.seal('grant-1', 'hunter2');
  expect(after.keyId).not.toBe(before.keyId);
  expect(createSealing([young]).open('grant-1', after)).toBe('hunter2');
  expect(() => createSealing([young]).open('grant-1', before)).toThrow(/not among the configured/);
});

test('a secret that was changed, or moved to another grant, does not open', () => {
  const sealing = createSealing([old]);
  const sealed = sealing.seal('grant-1', 'hunter2');
  expect(() => sealing.open('grant-2', sealed)).toThrow(/authenticate/);
  for (let at = 0; at < sealed.ciphertext.length; at += 1) {
    const changed = Buffer.from(sealed.ciphertext);
    changed[at] = (changed[at] ?? 0) ^ 1;
    expect(() => sealing.open('grant-1', { ...sealed, ciphertext: changed })).toThrow(/authenticate/);
  }
});

test('without a key nothing is sealed', () => {
  expect(() => createSealing([])).toThrow(/key is needed/);
});
