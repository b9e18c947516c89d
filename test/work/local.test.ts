/** What a process does at once of what it wrote: in which order, how often, and what is left to others. */
import { expect, test } from 'vitest';
import type { Handled, Handler } from '../../src/work/handlers.ts';
import { createLocal } from '../../src/work/local.ts';
import { createLog } from '../../src/lib/log.ts';
import { WORK_KINDS } from '../../src/application/record/outbox.ts';
import type { TakenWork, WorkKind } from '../../src/application/record/outbox.ts';

type Begun = { kind: WorkKind; subjectId: string; finish: (handled?: Handled) => void };

const startRig = (concurrency = 16) => {
  const begun: Begun[] = [];
  const settled: string[] = [];
  let wakes: (() => void)[] = [];
  const wake = (): void => {
    for (const one of wakes) one();
    wakes = [];
  };
  const handle = (kind: WorkKind) => (subjectId: string) =>
    new Promise<Handled>((resolve) => {
      begun.push({ kind, subjectId, finish: (handled = { outcome: 'done' }) => resolve(handled) });
      wake();
    });
  const handlers = Object.fromEntries(
    WORK_KINDS.map((kind) => [kind, { concurrency, handle: handle(kind) }]),
  ) as Record<WorkKind, Handler>;
  const note = (what: string): Promise<void> => {
    settled.push(what);
    wake();
    return Promise.resolve();
  };
  const outbox = {
    done: ({ id }: TakenWork) => note(`done ${id}`),
    postpone: ({ id }: TakenWork, error: string, retryInMs: number) => note(`postponed ${id} ${error} ${retryInMs}`),
  };
  let postponed = 0;
  const local = createLocal({
    store: { outbox },
    handlers,
    log: createLog('silent'),
    onPostponed: () => (postponed += 1),
  });
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise<void>((resolve) => wakes.push(resolve));
  };
  return { local, begun, settled, until, postponedCount: () => postponed };
};

const work = (id: string, kind: WorkKind, subjectId: string): TakenWork => ({ id, kind, subjectId, dispatches: 0 });

test('what is written while its subject waits is done with it, and what is written while it is done, once more', async () => {
  const { local, begun, settled, until } = startRig(1);
  local.take([work('1', 'notify', 'other')]);
  local.take([work('2', 'notify', 'r')]);
  local.take([work('3', 'notify', 'r')]);
  await until(() => begun.length === 1);
  begun[0]?.finish();
  await until(() => begun.length === 2);
  local.take([work('4', 'notify', 'r')]);
  begun[1]?.finish();
  await until(() => begun.length === 3);
  expect(settled).toEqual(['done 1', 'done 2', 'done 3']);
  begun[2]?.finish();
  await local.stop();
  expect(begun.map(({ subjectId }) => subjectId)).toEqual(['other', 'r', 'r']);
  expect(settled).toEqual(['done 1', 'done 2', 'done 3', 'done 4']);
});

test('the messages of a request wait for the access that the same commit asks for', async () => {
  const { local, begun, until } = startRig();
  local.take([work('1', 'activate', 'g'), work('2', 'notify', 'r')]);
  await until(() => begun.length === 1);
  expect(begun.map(({ kind }) => kind)).toEqual(['activate']);
  local.take([work('3', 'notify', 'r')]);
  begun[0]?.finish();
  await until(() => begun.length === 2);
  begun[1]?.finish();
  await local.stop();
  expect(begun.map(({ kind }) => kind)).toEqual(['activate', 'notify']);
});

test('messages wait for a target that hangs only so long', async () => {
  const { local, begun, until } = startRig();
  local.take([work('1', 'activate', 'g'), work('2', 'notify', 'r')]);
  await until(() => begun.length === 2);
  expect(begun.map(({ kind }) => kind)).toEqual(['activate', 'notify']);
  for (const { finish } of begun) finish();
  await local.stop();
});

test('work that has to wait goes back to the outbox with all its rows', async () => {
  const { local, begun, settled, until, postponedCount } = startRig(1);
  local.take([work('1', 'notify', 'other')]);
  local.take([work('2', 'notify', 'r'), work('3', 'notify', 'r')]);
  await until(() => begun.length === 1);
  begun[0]?.finish();
  await until(() => begun.length === 2);
  begun[1]?.finish({ outcome: 'retry', retryInMs: 5_000, error: 'ratelimited' });
  await local.stop();
  expect(settled).toEqual(['done 1', 'postponed 2 ratelimited 5000', 'postponed 3 ratelimited 5000']);
  expect(postponedCount()).toBe(1);
});

test('a process that has much in hand, or that stops, leaves work to others', async () => {
  const { local, begun, until } = startRig(1);
  const free = local.room('notify');
  local.take(Array.from({ length: free }, (_, index) => work(String(index), 'notify', `r${index}`)));
  expect(local.room('notify')).toBe(0);
  expect(local.room('activate')).toBe(free);
  const stopped = local.stop();
  expect(local.room('activate')).toBe(0);
  for (let done = 0; done < free; done += 1) {
    await until(() => begun.length > done);
    begun[done]?.finish();
  }
  await stopped;
  expect(begun).toHaveLength(free);
});
