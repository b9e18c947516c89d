/** Each verb of the application has a test of the name of its file, in the same room. */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const text = readFileSync(`${root}/src/application/application.ts`, 'utf8');

/** `import { a, b } from './room/file.ts'` of the registry: what it calls with `deps` is a verb. */
const imports = [...text.matchAll(/import \{ ([^}]+) \} from '\.\/([\w/-]+)\.ts';/g)].map(
  ([, names = '', file = '']) => ({
    names: names.split(', '),
    file,
  }),
);
const verbs = imports.flatMap(({ names, file }) =>
  names
    .filter((name) => new RegExp(String.raw`\b${name}\(deps\b|, ${name}\)`).test(text))
    .map((name) => ({ name, file })),
);
const untested = [...new Set(verbs.map(({ file }) => file))]
  .filter((file) => !existsSync(`${root}/test/application/${file}.test.ts`))
  .toSorted();

test('every verb has a test of its name', () => {
  expect(untested).toEqual([]);
});

test('the registry is read: it has more than fifty verbs', () => {
  expect(verbs.length).toBeGreaterThan(50);
  expect(verbs.map(({ name }) => name)).toEqual(expect.arrayContaining(['createRequest', 'end', 'extendBreakGlass']));
});
