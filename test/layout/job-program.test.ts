/** The commands of a job start fast and need no secret, because nothing of the app is loaded for them. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const src = fileURLToPath(new URL('../../src', import.meta.url));

/** What is imported at run time, types left out. */
const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)'/gms)].map(
    ([, name = '']) => name,
  );

const loadedBy = (file: string, found = new Set<string>()): Set<string> => {
  if (found.has(file)) return found;
  found.add(file);
  for (const name of importsOf(file))
    if (name.startsWith('.')) loadedBy(path.resolve(path.dirname(file), name), found);
    else found.add(name);
  return found;
};

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
