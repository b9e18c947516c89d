import { expect, test } from 'vitest';
import { confirmed } from '../../../src/providers/kit/read-back.ts';
import { failureOf } from '../connection.ts';

/** A target that gives these answers, the last one for ever. */
const answering = (...answers: boolean[]) => {
  let asked = 0;
  const read = async (): Promise<boolean> => answers[Math.min(asked++, answers.length - 1)] ?? false;
  return { read, asked: () => asked };
};
const signal = new AbortController().signal;
const quick = { everyMs: 1, withinMs: 50, signal, what: 'that it is gone' };

test('one answer is enough where the target is consistent', async () => {
  const target = answering(true);
  await confirmed({ ...quick, read: target.read });
  expect(target.asked()).toBe(1);
});

test('several equal answers in a row are waited for, and another answer begins the count again', async () => {
  const target = answering(true, true, false, true, true, true);
  await confirmed({ ...quick, read: target.read, times: 3, withinMs: 5_000 });
  expect(target.asked()).toBe(6);
});

test('a target that never says so is unavailable, in words', async () => {
  const failure = await failureOf(confirmed({ ...quick, read: answering(false).read }));
  expect(failure).toMatchObject({
    kind: 'unavailable',
    message: 'The target did not say that it is gone within 0.05 s.',
  });
});

test('a process that stood still has not looked, and goes on looking', async () => {
  const target = answering(false, false, false, true);
  let isFirst = true;
  const read = async (): Promise<boolean> => {
    if (isFirst) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    isFirst = false;
    return await target.read();
  };
  await confirmed({ ...quick, read });
  expect(target.asked()).toBe(4);
});
