import { expect, it } from 'vitest';
import type { Act } from '../../../sandbox/src/page-server/act.ts';
import { createQueue } from '../../../sandbox/src/page/state/queue.ts';

const write = (text: string): Act => ({
  act: 'write',
  place: { is: 'home' },
  blockId: 'b',
  actionId: 'a',
  text,
  isEnter: false,
});

const slowServer = () => {
  const asked: string[] = [];
  const answers: (() => void)[] = [];
  const ask = (act: Act): Promise<unknown> => {
    asked.push('text' in act ? act.text : act.act);
    return new Promise((resolve) => {
      answers.push(() => resolve(undefined));
    });
  };
  return { asked, ask, answer: () => answers.shift()?.() };
};

it('one value is on its way at a time, and only the newest of those that waited follows', async () => {
  const server = slowServer();
  const queue = createQueue(server.ask, () => undefined);
  queue.put('reason', write('c'));
  queue.put('reason', write('ch'));
  queue.put('reason', write('checkout'));
  expect(server.asked).toEqual(['c']);
  let isIdle = false;
  const idle = queue.idle().then(() => {
    isIdle = true;
  });
  server.answer();
  await expect.poll(() => server.asked).toEqual(['c', 'checkout']);
  expect(isIdle).toBe(false);
  server.answer();
  await idle;
});

it('different fields do not take each other’s place, and a failure stops nothing', async () => {
  const troubles: unknown[] = [];
  const asked: string[] = [];
  const ask = async (act: Act): Promise<void> => {
    asked.push('text' in act ? act.text : '');
    if (asked.length === 1) throw new Error('cut');
  };
  const queue = createQueue(ask, (error) => troubles.push(error));
  queue.put('a', write('1'));
  queue.put('b', write('2'));
  await queue.idle();
  expect(asked).toEqual(['1', '2']);
  expect(troubles).toHaveLength(1);
});
