/** `latchkey` as people type it: from any folder, wrongly, into a pipe, and where something it needs is not there. */
import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { runCli } from '../support/process.ts';
import type { Ran } from '../support/process.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 });

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = path.join(root, 'bin/latchkey');
const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-cli-'));
const example = path.join(root, 'latchkey.example.yml');

// The first run compiles the program.
beforeAll(async () => void (await runCli(['--version'], {})));
afterAll(() => rmSync(folder, { recursive: true }));

/** Through `bin/latchkey`, from a folder that has nothing to do with it. */
const typed = (args: string[], env: Record<string, string> = {}, file = bin): Promise<Ran> =>
  new Promise((resolve) => {
    const options = { cwd: folder, env: { PATH: process.env['PATH'] ?? '', ...env }, encoding: 'utf8' as const };
    const child = execFile(process.execPath, [file, ...args], options, (_error, out, err) =>
      resolve({ code: child.exitCode, out, err }),
    );
  });

const version = (JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string }).version;

describe('latchkey in a checkout', () => {
  it('answers --version from any folder', async () => {
    expect(await typed(['--version'])).toEqual({ code: 0, out: `${version}\n`, err: '' });
  });

  it('is a program by itself, without node before it', () => {
    expect(execFileSync(bin, ['--version'], { cwd: folder, encoding: 'utf8' })).toBe(`${version}\n`);
  });

  it('says in one sentence that `npm ci` was not run, and fails', async () => {
    const bare = path.join(folder, 'clone');
    for (const inner of ['bin', 'src']) mkdirSync(path.join(bare, inner), { recursive: true });
    copyFileSync(bin, path.join(bare, 'bin/latchkey'));
    copyFileSync(path.join(root, 'package.json'), path.join(bare, 'package.json'));
    writeFileSync(path.join(bare, 'src/bundle.mjs'), '');
    const { code, out, err } = await typed(['policy', 'check'], {}, path.join(bare, 'bin/latchkey'));
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err.trim().split('\n')).toEqual([
      expect.stringMatching(/not installed yet: run `npm ci` in .*clone\/ first\.$/),
    ]);
  });
});

const every = (command: Command, above: string[] = []): { name: string; command: Command }[] =>
  command.commands.flatMap((each) => {
    const names = [...above, each.name()];
    return [{ name: names.join(' '), command: each }, ...every(each, names)];
  });
const COMMANDS = every(await buildProgram(() => undefined));
const LEAVES = COMMANDS.filter(({ command }) => command.commands.length === 0);
/** They print what is asked of them in a form of their own: a running log, what the command that is run prints, lines of JSON or CSV, a signed note. */
const OWN_FORM = ['serve', 'exec', 'audit checkpoint', 'audit export', 'witness serve'];

/** Commands of jobs exit with the codes of sysexits, so that none is taken for that of the command they run. */
const wrongUse = (name: string): number => (['exec', 'request', 'wait', 'credentials', 'done'].includes(name) ? 64 : 2);

describe('every command', () => {
  it.each(COMMANDS)('$name answers --help', async ({ name }) => {
    const { code, out } = await runCli([...name.split(' '), '--help'], {});
    expect({ code, usage: out.split('\n')[0] }).toEqual({
      code: 0,
      usage: expect.stringContaining(`Usage: latchkey ${name} `) as string,
    });
  });

  it.each(LEAVES)(
    '$name is used wrongly with an option that it does not have: its own exit code, no stack',
    async ({ name }) => {
      const { code, out, err } = await runCli([...name.split(' '), '--bogus'], {});
      expect({ code, out }).toEqual({ code: wrongUse(name), out: '' });
      expect(err).toMatch(/unknown option '--bogus'|required option/);
      expect(err).not.toMatch(/^ {4}at /m);
    },
  );

  it('prints its facts as JSON where it is asked to', () => {
    const without = LEAVES.filter(({ command }) => !command.options.some(({ long }) => long === '--json'));
    expect(without.map(({ name }) => name)).toEqual(OWN_FORM);
  });
});

const WRONG_USE: [string, string[], string][] = [
  ['no command', [], 'Usage: latchkey'],
  ['an unknown command', ['polcy'], "unknown command 'polcy'"],
  ['a command of a group left out', ['policy'], 'Usage: latchkey policy'],
  ['a part that is none', ['serve', '--only', 'half'], 'Allowed choices are web, worker'],
  ['too many files', ['policy', 'check', 'a.yml', 'b.yml'], 'too many arguments'],
  ['two different files', ['policy', 'check', 'a.yml', '--policy', 'b.yml'], 'Name one policy file: a.yml, or b.yml'],
  ['a duration that is none', ['policy', 'replay', '--since', 'soon'], 'Write a duration such as 90d'],
  ['a role that is none', ['policy', 'explain', 'x', '--by', 'a@b.c', '--policy', example], 'write target/role'],
  [
    'nobody to explain it for',
    ['policy', 'explain', 'orders-db/read', '--policy', example],
    'a person with --by, or a client with --client',
  ],
  ['a token file that is none', ['client', 'explain', '--token-file', '/nowhere'], 'cannot be read (ENOENT)'],
  ['a date that is none', ['audit', 'export', '--since', 'once'], 'Write a date'],
];

describe('used wrongly, it exits with 2 and says how', () => {
  it.each(WRONG_USE)('%s', async (_name, args, sentence) => {
    const { code, err } = await runCli(args, {});
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining(sentence) as string });
    expect(err).not.toMatch(/^ {4}at /m);
  });
});

const DOWN = 'postgres://latchkey:long-secret@127.0.0.1:1/latchkey';
const FAULTS: [string, string[], Record<string, string>, string][] = [
  ['no policy file', ['policy', 'check', 'absent.yml'], {}, 'There is no policy file absent.yml; create it'],
  ['a folder for a policy', ['policy', 'test', folder], {}, 'is a folder, not a policy file'],
  ['a folder for a policy in the environment', ['policy', 'check'], { LATCHKEY_POLICY: folder }, 'is a folder'],
  ['no policy file to replay', ['policy', 'replay', 'absent.yml'], {}, 'There is no policy file'],
  ...[['migrate'], ['audit', 'verify'], ['audit', 'export'], ['policy', 'replay', example]].flatMap(
    (args): [string, string[], Record<string, string>, string][] => [
      [`${args.join(' ')} without an address`, args, {}, 'DATABASE_URL is not set'],
      [`${args.join(' ')} with the database down`, args, { DATABASE_URL: DOWN }, 'cannot be reached with DATABASE_URL'],
      [`${args.join(' ')} with words for an address`, args, { DATABASE_URL: 'banana' }, 'DATABASE_URL is no address'],
      [`${args.join(' ')} with a web address`, args, { DATABASE_URL: 'https://a.test' }, 'DATABASE_URL is no address'],
    ],
  ),
];

describe('where something is not there, it is one sentence, exit code 1, no stack and no secret', () => {
  it.each(FAULTS)('%s', async (...[, args, env, sentence]) => {
    const { code, out, err } = await runCli(args, env);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(sentence) as string });
    expect(out + err).not.toMatch(/^ {4}at /m);
    expect(out + err).not.toContain('long-secret');
  });
});

it('the policy file may be named by its place, by --policy and by LATCHKEY_POLICY_FILE', async () => {
  const pointer = path.join(folder, 'pointer');
  writeFileSync(pointer, `${example}\n`);
  for (const [args, env] of [
    [[example], {}],
    [['--policy', example], {}],
    [[], { LATCHKEY_POLICY_FILE: pointer }],
  ] as const) {
    const { code, out } = await runCli(['policy', 'check', ...args], env);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('0 errors, 1 warning') as string });
  }
});

it('explain names the people of a group whose people the policy knows, without the requester', async () => {
  const args = ['policy', 'explain', 'orders-db/write', '--by', 'Dana@acme.test', '--policy', example];
  const { out } = await runCli(args, {});
  expect(out).toContain('  - 1 from owners: omar@acme.test\n');
  expect(out).toContain('  - 1 from sre: the Slack user group sre\n');
});

it('replay --help says how far back in a duration that people write', async () => {
  expect((await runCli(['policy', 'replay', '--help'], {})).out).toContain('(default: 90d)');
});

it('a reader that goes away ends it quietly', () => {
  const line = `for n in 1 2 3; do "${process.execPath}" "${bin}" policy explain orders-db/write --by dana@acme.test --policy "${example}"; done | head -n 1`;
  const out = execFileSync('bash', ['-c', `set -o pipefail; { ${line}; } 2>&1`], { cwd: folder, encoding: 'utf8' });
  expect(out.trim().split('\n')).toHaveLength(1);
});
