import { expect, test } from 'vitest';
import { onEachNode } from '../../../src/providers/kit/nodes.ts';
import { ProviderError } from '../../../src/providers/provider.ts';
import { failureOf } from '../connection.ts';

const NODES = [{ name: 'a:1' }, { name: 'b:1' }, { name: 'c:1' }];

test('what is done on each node answers in the order of the nodes', async () => {
  expect(await onEachNode(NODES, async ({ name }) => name)).toEqual(['a:1', 'b:1', 'c:1']);
});

test('a node that fails keeps none of the others from being done, and is named', async () => {
  const done: string[] = [];
  const failure = await failureOf(
    onEachNode(NODES, async ({ name }) => {
      if (name === 'a:1') throw new ProviderError('unavailable', `${name} does not answer.`);
      await Promise.resolve();
      done.push(name);
    }),
  );
  expect(done).toEqual(['b:1', 'c:1']);
  expect(failure).toMatchObject({ kind: 'unavailable', message: '1 of 3 nodes failed. a:1 does not answer.' });
});

test('what needs a human on one node is not hidden by what passes on another', async () => {
  const failure = await failureOf(
    onEachNode(NODES, async ({ name }) => {
      throw new ProviderError(name === 'b:1' ? 'denied' : 'throttled', `${name} said no.`);
    }),
  );
  expect(failure.kind).toBe('denied');
});

test('a target was touched unless no node was', async () => {
  const failed = async (isUntouched: (name: string) => boolean): Promise<ProviderError> =>
    await failureOf(
      onEachNode(NODES, async ({ name }) => {
        throw new ProviderError('unavailable', `${name} is away.`, { isUntouched: isUntouched(name) });
      }),
    );
  expect((await failed(() => true)).isUntouched).toBe(true);
  expect((await failed((name) => name !== 'c:1')).isUntouched).toBe(false);
});
