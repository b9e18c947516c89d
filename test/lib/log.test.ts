import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { DomainError } from '../../src/domain/errors.ts';
import { createLog } from '../../src/lib/log.ts';
import { StartError } from '../../src/lib/start-error.ts';
import { ProviderError } from '../../src/providers/provider.ts';

test('values under telling names never reach the log, at any of the first levels', () => {
  let written = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written += chunk.toString();
      done();
    },
  });
  const log = createLog('info', stream).child({ grant: 'g1' });
  log.info(
    {
      password: 'hunter2',
      target: { url: 'postgres://u:hunter2@h/d', name: 'orders-db' },
      a: { b: { token: 'hunter2' } },
    },
    'made',
  );
  expect(written).not.toContain('hunter2');
  expect(JSON.parse(written)).toMatchObject({ level: 'info', grant: 'g1', msg: 'made', target: { name: 'orders-db' } });
});

test('ids can be read aloud and do not repeat', () => {
  const ids = new Set(Array.from({ length: 10_000 }, newId));
  expect(ids.size).toBe(10_000);
  for (const id of ids) expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]{12}$/);
});

const loggedError = (err: unknown): { stack?: string; message: string } => {
  let written = '';
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      written += chunk.toString();
      done();
    },
  });
  createLog('info', stream).warn({ err }, 'it failed');
  return (JSON.parse(written) as { err: { stack?: string; message: string } }).err;
};

test.each([
  ['a target that is down', new ProviderError('unavailable', 'It is down.', { cause: new Error('ECONNREFUSED') })],
  ['a look-up that failed', new DomainError('lookup_failed', { what: 'sre' })],
  ['a setting that is wrong', new StartError('The token is wrong.')],
])('%s is logged as a sentence without stack', (_what, error) => {
  expect(loggedError(error)).toMatchObject({ message: error.message });
  expect(JSON.stringify(loggedError(error))).not.toContain('log.test.ts');
});

test('what nobody had foreseen keeps its stack', () => {
  const unknown = new ProviderError('misconfigured', 'It failed in a way Latchkey does not know.', { isUnknown: true });
  expect(loggedError(unknown).stack).toContain('log.test.ts');
  expect(loggedError(new TypeError('x is not a function')).stack).toContain('log.test.ts');
});
