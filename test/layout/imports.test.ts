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
const directions = new URL('../../lint/directions.mjs', import.meta.url).href;
const copy = mkdtempSync(path.join(tmpdir(), 'latchkey-lint-'));

/** Folder of the importing file, what it imports. One for each direction that the architecture forbids. */
const FORBIDDEN: readonly (readonly [string, string])[] = [
  ['lib', '../domain/json.ts'],
  ['lib', '../application/deps.ts'],
  ['lib', 'ioredis'],
  ['domain', '../application/deps.ts'],
  ['domain', '../store/client.ts'],
  ['domain', '../config/policy-file.ts'],
  ['domain/policy', '../../slack/door/reply.ts'],
  ['domain', 'node:fs'],
  ['domain', 'pg'],
  ['application', '../slack/messages/channel.ts'],
  ['application/grants', '../../work/workers.ts'],
  ['application/grants', '../../store/client.ts'],
  ['application/alerts', '../../http/hooks/source.ts'],
  ['application/grants', '../../providers/provider.ts'],
  ['application', '../config/policy-file.ts'],
  ['application', '../compose/app.ts'],
  ['application', '../main.ts'],
  ['application/requests', 'drizzle-orm'],
  ['application/record', '../requests/vote.ts'],
  ['application/identity', '../decisions/evaluate.ts'],
  ['application/decisions', '../grants/activate.ts'],
  ['application/grants', '../requests/vote.ts'],
  ['application/requests', '../break-glass/break-glass.ts'],
  ['application/break-glass', '../incidents/open-incident.ts'],
  ['application/incidents', '../alerts/route-alert.ts'],
  ['application/alerts', '../revocations/revoke-all.ts'],
  ['application/revocations', '../drift/watch-drift.ts'],
  ['application/drift', '../people/person-left.ts'],
  ['application/people', '../policy/adopt-policy.ts'],
  ['application/policy', '../queries/preview.ts'],
  ['application/queries', '../messages/message-ports.ts'],
  ['application/messages', '../application.ts'],
  ['application/grants', '../verbs.ts'],
  ['slack', '../work/workers.ts'],
  ['slack', '../store/client.ts'],
  ['slack/door/actions', '../../../providers/provider.ts'],
  ['slack', '../compose/app.ts'],
  ['slack', 'bullmq'],
  ['slack', '../directory/on-call/pagerduty.ts'],
  ['directory', '../slack/connection/client.ts'],
  ['directory', '@slack/web-api'],
  ['directory', '../config/environment.ts'],
  ['github-api', '../http/server.ts'],
  ['github-api', '../store/client.ts'],
  ['gitlab-api', '../http/server.ts'],
  ['gitlab-api', '../store/client.ts'],
  ['work', '../slack/messages/channel.ts'],
  ['work', '../store/client.ts'],
  ['work', '@slack/web-api'],
  ['work', '../main.ts'],
  ['work', '../http/server.ts'],
  ['work', '../directory/on-call/pagerduty.ts'],
  ['store', '../work/workers.ts'],
  ['store/schema', '../../slack/door/reply.ts'],
  ['store', 'bullmq'],
  ['http', '../work/workers.ts'],
  ['bundles', '../store/client.ts'],
  ['publishers', '../store/client.ts'],
  ['sinks', '../store/client.ts'],
  ['sinks', '../publishers/file.ts'],
  ['publishers', '../slack/messages/channels.ts'],
  ['http', '../providers/registry.ts'],
  ['http/hooks', '../../providers/provider.ts'],
  ['http/hooks', './registry.ts'],
  ['http/hooks/github', '../gitlab/hook.ts'],
  ['http/hooks/github', '../registry.ts'],
  ['http/hooks/github', '../../../slack/door/reply.ts'],
  ['http/hooks/github', '../../../directory/on-call/pagerduty.ts'],
  ['providers', '../store/client.ts'],
  ['providers', './registry.ts'],
  ['providers/github', '../postgres/logins.ts'],
  ['providers/github', '../guard.ts'],
  ['providers/github', '../connections.ts'],
  ['providers/github', '../registry.ts'],
  ['providers/github', '../../application/deps.ts'],
  ['providers/github', '../../store/client.ts'],
  ['providers/github', '../../directory/on-call/pagerduty.ts'],
  ['providers/github', '../../cli/output.ts'],
  ['providers/github', 'pg'],
  ['providers/postgres', '../github/api.ts'],
  ['providers/postgres', 'drizzle-orm/node-postgres'],
  ['config', '../slack/door/reply.ts'],
  ['compose', '../cli/output.ts'],
  ['compose', 'bullmq'],
  ['compose', '../../sandbox/src/embedded/redis.ts'],
  ['cli', '../providers/registry.ts'],
  ['cli', 'drizzle-orm'],
  ['application', '../cli/output.ts'],
  ['slack', '../../sandbox/src/embedded/redis.ts'],
  ['', '../sandbox/src/embedded/redis.ts'],
  ['sandbox/src/slack', '../../../src/slack/door/reply.ts'],
  ['sandbox/src/demo', '../../../src/domain/json.ts'],
  ['sandbox/src', '@slack/web-api'],
];

const ALLOWED: readonly (readonly [string, string])[] = [
  ['domain', '../lib/ids.ts'],
  ['domain', 'node:crypto'],
  ['application/grants', '../../domain/json.ts'],
  ['application/grants', '../record/outbox.ts'],
  ['application/grants', '../deps.ts'],
  ['application/queries', '../grants/activate.ts'],
  ['slack/door/actions', '../../../application/verbs.ts'],
  ['slack/door/actions', '../../messages/render/form.ts'],
  ['slack', '@slack/bolt'],
  ['work', 'bullmq'],
  ['work', 'ioredis'],
  ['store', './schema/requests.ts'],
  ['store', 'drizzle-orm'],
  ['store', 'pg'],
  ['providers', '../application/deps.ts'],
  ['directory/on-call', '../../application/identity/on-call-ports.ts'],
  ['directory/on-call', '../../domain/errors.ts'],
  ['cli', '../config/environment.ts'],
  ['cli', '../compose/serve.ts'],
  ['compose', '../providers/registry.ts'],
  ['providers/github', '../provider.ts'],
  ['providers/github', '../kit/login-name.ts'],
  ['providers/github', '../../domain/json.ts'],
  ['providers/postgres', 'pg'],
  ['http/hooks/github', '../source.ts'],
  ['http/hooks/github', '../../../application/verbs.ts'],
  ['sandbox/src/embedded', 'pg'],
  ['sandbox/src/demo', '../slack/workspace.ts'],
];

/** What stands above the folders; a new one needs its name in the lint's patterns. */
const OUTERMOST = readdirSync(path.join(root, 'src')).filter((name) => name.endsWith('.ts'));

let findings: Finding[] = [];

const fileOf = (kind: string, index: number, folder: string): string =>
  path.join(folder.startsWith('sandbox') ? '' : 'src', folder, `${kind}-${index}.ts`);

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
    plant(
      fileOf('outermost', index, 'application'),
      `import { thing } from '../${name}';\nexport const used = thing;\n`,
    );
  }
  plant('src/lib/round.ts', `import { two } from './about.ts';\nexport const one = (): number => two;\n`);
  plant('src/lib/about.ts', `import { one } from './round.ts';\nexport const two = one();\n`);
  plant('src/lib/kind.ts', `import type { Thing } from './thing.ts';\nexport type Kind = Thing['kind'];\n`);
  plant(
    'src/lib/thing.ts',
    `import type { Kind } from './kind.ts';\nexport type Thing = { kind: string; of: Kind[] };\n`,
  );
  plant('src/main.ts', `import { all } from './providers/registry.ts';\nexport const used = all;\n`);
  plant('sandbox/src/types-only.ts', `import type { Block } from '@slack/types';\nexport type Used = Block;\n`);
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
    expect(codesFor('src/lib/kind.ts')).toContain('import(no-cycle)');
  });

  test('only compose reads the provider registry', () => {
    expect(codesFor('src/main.ts')).toContain('eslint(no-restricted-imports)');
  });

  test("the sandbox may use Slack's types, as types", () => {
    expect(codesFor('sandbox/src/types-only.ts')).toEqual([]);
  });

  test('every file directly in src stands at the end of the directions', () => {
    const missing = OUTERMOST.filter(
      (_file, index) => codesFor(fileOf('outermost', index, 'application')).length === 0,
    );
    expect(OUTERMOST).toContain('main.ts');
    expect(missing).toEqual([]);
  });

  test('the lint has the directions of the table', async () => {
    const { withDirections } = (await import(directions)) as {
      withDirections: (config: unknown) => unknown;
    };
    const written = JSON.parse(readFileSync(path.join(root, '.oxlintrc.json'), 'utf8')) as unknown;
    expect(written).toEqual(withDirections(written));
  });

  test('every room of application is in the table', async () => {
    const { ROOMS } = (await import(directions)) as { ROOMS: string[] };
    const folders = readdirSync(path.join(root, 'src/application'), { withFileTypes: true });
    const rooms = folders.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    expect(rooms.toSorted()).toEqual(ROOMS.toSorted());
  });

  test('every folder of src has its directions', () => {
    const folders = readdirSync(path.join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
    const withPlants = new Set(FORBIDDEN.map(([folder]) => folder.split('/')[0]));
    expect(folders.map((entry) => entry.name).filter((name) => !withPlants.has(name))).toEqual([]);
  });
});
