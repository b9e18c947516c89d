/** House rules that are about the tree and not about one file. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

function filesUnder(folder: string): string[] {
  return readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
}

const sources = [...filesUnder('src'), ...filesUnder('sandbox/src')];
const programs = [...sources, ...filesUnder('test')].filter((file) => /\.(ts|tsx|mjs)$/.test(file));

test('files and folders are in kebab-case', () => {
  const odd = programs.filter((file) => !/^[a-z0-9/.-]+$/.test(file));
  expect(odd).toEqual([]);
});

test('no file or folder is named after nothing in particular, and none is a barrel', () => {
  const vague = /(^|[/-])(utils?|helpers?|manager|service|common|misc|index)(\.ts|\/|-|$)/;
  expect(sources.filter((file) => file.endsWith('.ts') && vague.test(file))).toEqual([]);
});

test('nothing switches a check off', () => {
  const switchOff = /(ox|es)lint-disable|@ts-(ignore|nocheck|expect-error)|oxfmt-ignore|prettier-ignore/;
  const here = path.relative(root, fileURLToPath(import.meta.url));
  // In a test it claims that the compiler refuses the line, and fails where it does not.
  const isClaim = /@ts-expect-error/g;
  const textOf = (file: string): string => (file.startsWith('test') ? read(file).replaceAll(isClaim, '') : read(file));
  expect(programs.filter((file) => file !== here && switchOff.test(textOf(file)))).toEqual([]);
});

test('the first file or the README of every folder says what it is for', () => {
  const folders = new Set(sources.filter((file) => file.split(path.sep).length > 2).map((file) => path.dirname(file)));
  const saysSo = (folder: string): boolean =>
    existsSync(path.join(root, folder, 'README.md')) ||
    sources.some((file) => path.dirname(file) === folder && /^(#!.*\n)?\/\*\*/.test(read(file)));
  expect([...folders].filter((folder) => !saysSo(folder))).toEqual([]);
});

test('tests mirror src, beside the folders that are about the whole', () => {
  const whole = ['support', 'fuzz', 'journeys', 'drift', 'layout', 'browser', 'bench', 'chaos', 'sandbox', 'cases'];
  const folders = readdirSync(path.join(root, 'test'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const strays = folders
    .map(({ name }) => name)
    .filter((name) => !whole.includes(name) && !existsSync(path.join(root, 'src', name)));
  expect(strays).toEqual([]);
});

test('the formatter is pinned: another version formats otherwise', () => {
  const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
  expect(devDependencies['oxfmt']).toMatch(/^\d+\.\d+\.\d+$/);
});

test.each(['package-lock.json', 'test/support/older-postgres/package-lock.json'])(
  '%s has every optional package of every platform: without one of them npm ci refuses',
  (file) => {
    const lock = JSON.parse(read(file)) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const isLocked = (name: string, by: string): boolean =>
      `node_modules/${name}` in lock.packages || `${by}/node_modules/${name}` in lock.packages;
    const missing = Object.entries(lock.packages).flatMap(([by, { optionalDependencies = {} }]) =>
      Object.keys(optionalDependencies).filter((name) => !isLocked(name, by)),
    );
    expect(missing).toEqual([]);
  },
);

test('continuous integration runs the command of the README', () => {
  expect(statSync(path.join(root, '.ci/run')).mode & 0o111).toBe(0o111);
  expect(read('.ci/run')).toMatch(/^exec npm test/m);
});

test('every promise of the threat model names tests that are there', () => {
  const named = [...read('docs/security.md').matchAll(/`(test\/[^`]+)`/g)].map(([, file = '']) => file);
  expect(named.length).toBeGreaterThan(15);
  expect(named.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
});

test('every link of a page leads to a file that is there, and to a heading in it', () => {
  const pages = [
    'README.md',
    'SECURITY.md',
    'CHANGELOG.md',
    ...filesUnder('docs').filter((file) => file.endsWith('.md')),
  ];
  /** As GitHub names them. */
  const headingsOf = (file: string): string[] =>
    [...read(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    );
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => ({ page, link })),
  );
  const lost = links.filter(({ page, link }) => {
    if (/^[a-z]+:/.test(link)) return false;
    const [to = '', heading] = link.split('#');
    const file = to === '' ? page : path.join(path.dirname(page), to);
    if (!existsSync(path.join(root, file))) return true;
    return heading !== undefined && !headingsOf(file).includes(heading);
  });
  expect(links.length).toBeGreaterThan(50);
  expect(lost).toEqual([]);
});
