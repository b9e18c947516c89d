/** Each library costs memory from when it is loaded: what only some targets, files or commands need is loaded when they do. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { packagesOf, src } from '../support/loaded-by.ts';

const DRIVERS = ['ioredis', 'mysql2/promise', 'ssh2', 'undici'];
const OF_SERVING = ['@slack/bolt', '@slack/web-api', 'bullmq', 'hono', 'prom-client'];

const among = (file: string, names: readonly string[]): string[] =>
  packagesOf(file).filter((name) => names.includes(name));

test('the list of providers loads no driver', () => {
  expect(among('providers/registry.ts', DRIVERS)).toEqual([]);
});

test('the app starts without what makes PDFs, and without drivers that no target of it may need', () => {
  expect(among('compose/serve.ts', ['pdfkit', 'mysql2/promise', 'ssh2'])).toEqual([]);
});

test.each(['report', 'review', 'audit', 'policy', 'migrate'])(
  '%s loads nothing of what serves, and no driver',
  (name) => {
    expect(among(`cli/${name}.ts`, [...DRIVERS, ...OF_SERVING, 'pdfkit'])).toEqual([]);
  },
);

/** In the bundle a CommonJS package that is loaded late has no names of its own. */
test('what is loaded late of a package is taken from its default', () => {
  const texts = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(path.join(src, name), 'utf8'));
  const late = texts.flatMap((text) => text.match(/\(?await import\('[^.'][^']*'\)\)?(?:\.default)?/g) ?? []);
  expect(late.length).toBeGreaterThan(5);
  expect(late.filter((one) => !one.endsWith('.default'))).toEqual([]);
});
