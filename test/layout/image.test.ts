/** What can be known of the image without building it. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

/** Instructions in order, continued lines joined. */
const instructions = read('Dockerfile')
  .replace(/\\\n\s*/g, '')
  .split('\n')
  .filter((line) => /^[A-Z]+ /.test(line))
  .map((line) => ({ name: line.split(' ', 1)[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));

const all = (name: string): string[] => instructions.filter((found) => found.name === name).map((found) => found.rest);
const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === 'FROM'));

/** Files copied from the checkout, not from another stage. */
const copied = all('COPY')
  .filter((rest) => !rest.startsWith('--from'))
  .flatMap((rest) => rest.split(' ').slice(0, -1));

test('every file the image copies exists and is let through to the builder', () => {
  const ignored = read('.dockerignore').split('\n');
  expect(copied.length).toBeGreaterThan(5);
  expect(copied.filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  expect(copied.filter((file) => !ignored.includes(`!${file}`))).toEqual([]);
  expect(ignored).toContain('*');
});

test('every stage is Node 24', () => {
  expect(all('FROM').length).toBe(3);
  expect(all('FROM').filter((rest) => !rest.startsWith('node:24-slim'))).toEqual([]);
});

test('a file copied from a stage comes from one that exists', () => {
  const stages = all('FROM').flatMap((rest) => / AS (\S+)$/.exec(rest)?.[1] ?? []);
  const sources = all('COPY').flatMap((rest) => /^--from=(\S+)/.exec(rest)?.[1] ?? []);
  expect(sources.toSorted()).toEqual(stages.toSorted());
});

test('it runs as a user who is not root, and nothing after that is done as root', () => {
  const users = lastStage.filter(({ name }) => name === 'USER');
  expect(users.map(({ rest }) => rest)).toEqual(['node']);
  const after = lastStage.slice(lastStage.findIndex(({ name }) => name === 'USER'));
  expect(after.map(({ name }) => name)).not.toContain('RUN');
});

test('it starts the command line with serve, and its health check is a program that the image has', () => {
  expect(all('ENTRYPOINT')).toEqual(['["node", "/app/dist/bundle/latchkey.js"]']);
  expect(all('CMD')).toEqual(['["serve"]']);
  const command = /CMD (\[.*\])$/.exec(all('HEALTHCHECK')[0] ?? '')?.[1] ?? '';
  expect(JSON.parse(command)).toEqual(['node', '/app/dist/bundle/healthcheck.js']);
  expect(read('src/bundle.mjs')).toContain("healthcheck: 'src/cli/healthcheck.ts'");
});

test('it sets no port: PORT_FILE beside PORT is refused', () => {
  expect(all('ENV').join(' ')).not.toContain('PORT');
});

test('no secret is written into it', () => {
  expect(all('ENV').concat(all('ARG')).join(' ')).not.toMatch(/SECRET|TOKEN|PASSWORD|DATABASE_URL|REDIS_URL/);
});
