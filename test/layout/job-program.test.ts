/** The commands of a job start fast and need no secret, because nothing of the app is loaded for them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { importsOf, loadedBy, src } from '../support/loaded-by.ts';

test('a job loads commander and nothing of the app', () => {
  const loaded = [...loadedBy(path.join(src, 'cli/job/program.ts'))];
  expect(loaded.filter((name) => !name.startsWith('/') && !name.startsWith('node:'))).toEqual(['commander']);
  const folders = new Set(
    loaded.filter((name) => name.startsWith('/')).map((name) => path.relative(src, path.dirname(name))),
  );
  expect([...folders].toSorted()).toEqual(['cli', 'cli/job', 'config', 'domain/time', 'lib']);
});

test('a job calls nothing by fetch, whose first use takes longer than all that a short job does', () => {
  const files = [...loadedBy(path.join(src, 'cli/job/program.ts'))].filter((name) => name.startsWith('/'));
  expect(files.filter((file) => /\bfetch\(/.test(readFileSync(file, 'utf8')))).toEqual([]);
});

test('main.ts loads the app only for the commands of the app', () => {
  expect(importsOf(path.join(src, 'main.ts'))).toEqual(['./cli/job/names.ts']);
});
