import { describe, expect, it } from 'vitest';
import { createLanes } from '../../src/lib/limiter.ts';

const NEVER = new AbortController().signal;

/** Work that goes on until told, and notes that it was begun. */
const createWork = (begun: string[], name: string) => {
  let finish = (): void => undefined;
  const done = new Promise<string>((resolve) => (finish = () => resolve(name)));
  const run = (): Promise<string> => {
    begun.push(name);
    return done;
  };
  return { run, finish };
};

describe('lanes', () => {
  it('let as many run at once as there are, and the others in the order they came', async () => {
    const begun: string[] = [];
    const lanes = createLanes(2);
    const works = ['a', 'b', 'c', 'd'].map((name) => createWork(begun, name));
    const running = works.map(({ run }) => lanes(run, NEVER));
    await expect.poll(() => begun).toEqual(['a', 'b']);
    works[1]?.finish();
    expect(await running[1]).toBe('b');
    await expect.poll(() => begun).toEqual(['a', 'b', 'c']);
    for (const { finish } of works) finish();
    expect(await Promise.all(running)).toEqual(['a', 'b', 'c', 'd']);
  });

  it('go on after work that failed', async () => {
    const lanes = createLanes(1);
    await expect(lanes(() => Promise.reject(new Error('no')), NEVER)).rejects.toThrow('no');
    expect(await lanes(() => Promise.resolve('yes'), NEVER)).toBe('yes');
  });

  it('forget whoever gave up waiting, and lose no lane to them', async () => {
    const begun: string[] = [];
    const lanes = createLanes(1);
    const [first, second, third] = ['a', 'b', 'c'].map((name) => createWork(begun, name));
    if (!first || !second || !third) throw new Error('three were made');
    const giveUp = new AbortController();
    const running = lanes(first.run, NEVER);
    const given = lanes(second.run, giveUp.signal);
    const last = lanes(third.run, NEVER);
    giveUp.abort(new Error('enough'));
    await expect(given).rejects.toThrow('enough');
    first.finish();
    third.finish();
    expect(await Promise.all([running, last])).toEqual(['a', 'c']);
    expect(begun).toEqual(['a', 'c']);
    await expect(lanes(first.run, giveUp.signal)).rejects.toThrow('enough');
  });
});
