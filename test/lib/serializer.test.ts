import { describe, expect, it } from 'vitest';
import { oneAtATime } from '../../src/lib/serializer.ts';

type Run = { key: string; finish: () => void; fail: (error: Error) => void };

const start = (): { runs: Run[]; once: (key: string) => Promise<string>; most: () => number } => {
  const runs: Run[] = [];
  let atOnce = 0;
  let most = 0;
  const once = oneAtATime(async (key: string) => {
    const number = runs.length + 1;
    atOnce += 1;
    most = Math.max(most, atOnce);
    try {
      await new Promise<void>((finish, fail) => runs.push({ key, finish, fail }));
    } finally {
      atOnce -= 1;
    }
    return `${key} ${number}`;
  });
  return { runs, once, most: () => most };
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('work on one key', () => {
  it('is done once more for all who come meanwhile, and not at the same time', async () => {
    const { runs, once, most } = start();
    const first = once('a');
    const others = [once('a'), once('a')];
    await turn();
    expect(runs).toHaveLength(1);
    runs[0]?.finish();
    expect(await first).toBe('a 1');
    await turn();
    runs[1]?.finish();
    expect(await Promise.all(others)).toEqual(['a 2', 'a 2']);
    expect(most()).toBe(1);
    expect(runs).toHaveLength(2);
  });

  it('begins anew after it failed, for those who waited and for those who come later', async () => {
    const { runs, once } = start();
    const first = once('a');
    const second = once('a');
    await turn();
    runs[0]?.fail(new Error('no'));
    await expect(first).rejects.toThrow('no');
    await turn();
    runs[1]?.finish();
    expect(await second).toBe('a 2');
    const third = once('a');
    await turn();
    runs[2]?.finish();
    expect(await third).toBe('a 3');
  });

  it('holds up no other key', async () => {
    const { runs, once } = start();
    const slow = once('a');
    const quick = once('b');
    await turn();
    runs[1]?.finish();
    expect(await quick).toBe('b 2');
    runs[0]?.finish();
    expect(await slow).toBe('a 1');
  });
});
