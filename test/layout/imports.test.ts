/** The import directions are lint rules; these tests plant forbidden imports in a copy and expect the lint to see each. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Finding {
  code: string;
  filename: string;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const copy = mkdtempSync(path.join(tmpdir(), 'latchkey-lint-'));

/** Folder of the importing file, what it imports. One for each direction that the architecture forbids. */
const FORBIDDEN: readonly (readonly [string, string])[] = [
  ['lib', '../core/types.ts'],
  ['lib', '../usecases/decide.ts'],
  ['lib', 'ioredis'],
  ['core', '../usecases/decide.ts'],
  ['core', '../db/client.ts'],
  ['core', '../config/load.ts'],
  ['core/policy', '../../slack/blocks/form.ts'],
  ['core', 'node:fs'],
  ['core', 'pg'],
  ['usecases', '../slack/notifier.ts'],
  ['usecases', '../jobs/queue.ts'],
  ['usecases', '../db/client.ts'],
  ['usecases', '../triggers/trigger.ts'],
  ['usecases', '../providers/provider.ts'],
  ['usecases', '../config/load.ts'],
  ['usecases', '../app.ts'],
  ['usecases', 'drizzle-orm'],
  ['slack', '../jobs/queue.ts'],
  ['slack', '../db/client.ts'],
  ['slack/actions', '../../providers/provider.ts'],
  ['slack', '../app.ts'],
  ['slack', 'bullmq'],
  ['jobs', '../slack/notifier.ts'],
  ['jobs', '../db/client.ts'],
  ['jobs', '@slack/web-api'],
  ['jobs', '../main.ts'],
  ['db', '../jobs/queue.ts'],
  ['db/stores', '../../slack/people.ts'],
  ['db', 'bullmq'],
  ['triggers', '../providers/provider.ts'],
  ['triggers/http', '../github/hook.ts'],
  ['triggers/http', '../registry.ts'],
  ['triggers/http', '../../slack/people.ts'],
  ['triggers', './registry.ts'],
  ['providers', '../db/client.ts'],
  ['providers', './registry.ts'],
  ['providers/github', '../postgres/login.ts'],
  ['providers/github', '../guard.ts'],
  ['providers/github', '../registry.ts'],
  ['providers/github', '../../usecases/decide.ts'],
  ['providers/github', '../../db/client.ts'],
  ['providers/github', 'pg'],
  ['providers/postgres', '../github/api.ts'],
  ['providers/postgres', 'drizzle-orm/node-postgres'],
  ['web', '../jobs/queue.ts'],
  ['web', '../providers/registry.ts'],
  ['jobs', '../web/server.ts'],
  ['oncall', '../slack/people.ts'],
  ['oncall', '../config/environment.ts'],
  ['slack', '../oncall/pagerduty.ts'],
  ['usecases', '../oncall/pagerduty.ts'],
  ['jobs', '../oncall/pagerduty.ts'],
  ['triggers/http', '../../oncall/pagerduty.ts'],
  ['providers/github', '../../oncall/pagerduty.ts'],
  ['config', '../slack/people.ts'],
  ['cli', '../providers/registry.ts'],
  ['cli', 'drizzle-orm'],
  ['usecases', '../cli/output.ts'],
  ['providers/github', '../../cli/output.ts'],

  ['local/slack', '../../slack/people.ts'],
  ['local', '../app.ts'],
  ['local', '@slack/web-api'],
  ['slack', '../local/embedded/redis.ts'],
  ['', './local/embedded/redis.ts'],
];

const ALLOWED: readonly (readonly [string, string])[] = [
  ['core', '../lib/ids.ts'],
  ['core', 'node:crypto'],
  ['usecases', '../core/types.ts'],
  ['slack/actions', '../../usecases/decide.ts'],
  ['slack/actions', '../blocks/form.ts'],
  ['slack', '@slack/bolt'],
  ['jobs', 'bullmq'],
  ['jobs', 'ioredis'],
  ['db/stores', '../schema.ts'],
  ['db', 'drizzle-orm'],
  ['db', 'pg'],
  ['providers', '../usecases/ports.ts'],
  ['oncall', '../usecases/ports.ts'],
  ['oncall', '../core/errors.ts'],
  ['local/slack/methods', '../triggers.ts'],
  ['cli', '../config/environment.ts'],
  ['providers/github', '../provider.ts'],
  ['providers/github', '../../core/types.ts'],
  ['providers/postgres', 'pg'],
  ['triggers/http', '../trigger.ts'],
  ['triggers/http', '../../usecases/decide.ts'],
  ['local/embedded', 'pg'],
  ['local/demo', '../slack/workspace.ts'],
  ['local', '../core/types.ts'],
];

/** What stands above the folders; a new one needs its name in the lint's patterns. */
const OUTERMOST = readdirSync(path.join(root, 'src')).filter((name) => name.endsWith('.ts'));

let findings: Finding[] = [];

const fileOf = (kind: string, index: number, folder: string): string =>
  path.join('src', folder, folder === '' ? 'app.ts' : `${kind}-${index}.ts`);

function plant(file: string, text: string): void {
  mkdirSync(path.join(copy, path.dirname(file)), { recursive: true });
  writeFileSync(path.join(copy, file), text);
}

function oxlint(cwd: string): Promise<Finding[]> {
  const program = path.join(root, 'node_modules/oxlint/bin/oxlint');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, '--format=json'], { cwd, maxBuffer: 1e8 }, (_exit, stdout, stderr) => {
      try {
        resolve((JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics);
      } catch (cause) {
        reject(new Error(`oxlint printed no JSON: ${stdout}${stderr}`, { cause }));
      }
    });
  });
}

const codesFor = (file: string): string[] =>
  findings.filter((finding) => finding.filename === file).map((finding) => finding.code);

beforeAll(async () => {
  // The directions need no types, and the copy has no tsconfig.json to take them from.
  const config = readFileSync(path.join(root, '.oxlintrc.json'), 'utf8').replace(
    '"typeAware": true',
    '"typeAware": false',
  );
  writeFileSync(path.join(copy, '.oxlintrc.json'), config);
  for (const [index, [folder, source]] of FORBIDDEN.entries()) {
    plant(fileOf('forbidden', index, folder), `import { thing } from '${source}';\nexport const used = thing;\n`);
  }
  for (const [index, [folder, source]] of ALLOWED.entries()) {
    plant(fileOf('allowed', index, folder), `import { thing } from '${source}';\nexport const used = thing;\n`);
  }
  for (const [index, name] of OUTERMOST.entries()) {
    plant(fileOf('outermost', index, 'usecases'), `import { thing } from '../${name}';\nexport const used = thing;\n`);
  }
  plant('src/lib/round.ts', `import { two } from './about.ts';\nexport const one = (): number => two;\n`);
  plant('src/lib/about.ts', `import { one } from './round.ts';\nexport const two = one();\n`);
  plant('src/main.ts', `import { all } from './providers/registry.ts';\nexport const used = all;\n`);
  plant('src/local/types-only.ts', `import type { Block } from '@slack/types';\nexport type Used = Block;\n`);
  findings = await oxlint(copy);
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('import directions', () => {
  test.each(FORBIDDEN.map(([folder, source], index) => ({ folder, source, index })))(
    'src/$folder may not import $source',
    ({ folder, index }) => {
      expect(codesFor(fileOf('forbidden', index, folder))).toContain('eslint(no-restricted-imports)');
    },
  );

  test.each(ALLOWED.map(([folder, source], index) => ({ folder, source, index })))(
    'src/$folder may import $source',
    ({ folder, index }) => {
      expect(codesFor(fileOf('allowed', index, folder))).toEqual([]);
    },
  );

  test('modules may not import each other in a circle', () => {
    expect(codesFor('src/lib/round.ts')).toContain('import(no-cycle)');
  });

  test('only app.ts reads the provider registry', () => {
    expect(codesFor('src/main.ts')).toContain('eslint(no-restricted-imports)');
  });

  test("the local workspace may use Slack's types, as types", () => {
    expect(codesFor('src/local/types-only.ts')).toEqual([]);
  });

  test('every file directly in src stands at the end of the directions', () => {
    const missing = OUTERMOST.filter((_file, index) => codesFor(fileOf('outermost', index, 'usecases')).length === 0);
    expect(OUTERMOST).toContain('app.ts');
    expect(missing).toEqual([]);
  });

  test('every folder of src has its directions', () => {
    const folders = readdirSync(path.join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const withPlants = new Set(FORBIDDEN.map(([folder]) => folder.split('/')[0]));
    expect(folders.map((entry) => entry.name).filter((name) => !withPlants.has(name))).toEqual([]);
  });
});
