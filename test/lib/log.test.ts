import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';

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
