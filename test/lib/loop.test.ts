import { expect, test } from 'vitest';
import { createInFlight } from '../../src/lib/pending-tasks.ts';
import { startLoop } from '../../src/lib/loop.ts';

test('a poke while it runs means one more run right after, and never two at a time', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  let release = (): void => undefined;
  const loop = startLoop({
    everyMs: 60_000,
    run: async () => {
      running += 1;
      runs += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      running -= 1;
    },
    onError: () => undefined,
  });
  loop.poke();
  loop.poke();
  release();
  await expect.poll(() => runs).toBe(2);
  release();
  await loop.stop();
  expect({ most, runs }).toEqual({ most: 1, runs: 2 });
});

test('a run that fails is told, and the next one comes', async () => {
  const errors: unknown[] = [];
  let runs = 0;
  const loop = startLoop({
    everyMs: 5,
    run: async () => {
      runs += 1;
      if (runs === 1) throw new Error('once');
    },
    onError: (error) => errors.push(error),
  });
  await expect.poll(() => runs).toBeGreaterThan(2);
  await loop.stop();
  expect(errors).toHaveLength(1);
});

test('a run may ask to be called sooner, never later', async () => {
  const at: number[] = [];
  const loop = startLoop({ everyMs: 40, run: async () => void at.push(performance.now()), onError: () => undefined });
  const soon = startLoop({
    everyMs: 60_000,
    run: async () => {
      at.push(performance.now());
      return 1;
    },
    onError: () => undefined,
  });
  await expect.poll(() => at.length).toBeGreaterThan(3);
  await Promise.all([loop.stop(), soon.stop()]);
});

test('pokes within the least gap are one run after it', async () => {
  let runs = 0;
  const loop = startLoop({
    everyMs: 60_000,
    minGapMs: 60,
    run: async () => void (runs += 1),
    onError: () => undefined,
  });
  await expect.poll(() => runs).toBe(1);
  for (let poke = 0; poke < 20; poke += 1) loop.poke();
  expect(runs).toBe(1);
  await expect.poll(() => runs).toBe(2);
  await loop.stop();
  expect(runs).toBe(2);
});

test('stopping waits for the run in hand, and nothing runs after', async () => {
  let isDone = false;
  let release = (): void => undefined;
  const loop = startLoop({
    everyMs: 1,
    run: async () => {
      await new Promise<void>((resolve) => {
        release = resolve;
      });
      isDone = true;
    },
    onError: () => undefined,
  });
  const stopped = loop.stop();
  release();
  await stopped;
  expect(isDone).toBe(true);
});

test('work that nobody awaits is waited for at the stop, and its failure is heard', async () => {
  const errors: unknown[] = [];
  const inFlight = createInFlight((error) => errors.push(error));
  let isDone = false;
  inFlight.add(Promise.reject(new Error('lost')));
  inFlight.add(
    new Promise((resolve) => {
      setTimeout(resolve, 20);
    }).then(() => {
      isDone = true;
    }),
  );
  await inFlight.settled();
  expect(isDone).toBe(true);
  expect(errors).toHaveLength(1);
});
