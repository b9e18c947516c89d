/** `latchkey init` as it is run: every kind of target, without a terminal, among files that are there, and with wrong answers. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { readAnswers } from '../../src/cli/init/answers.ts';
import { readEnvText, unkeptLine } from '../../src/cli/init/files.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { runCli } from '../support/process.ts';
import type { Ran } from '../support/process.ts';

vi.setConfig({ testTimeout: 90_000 });

const root = mkdtempSync(path.join(tmpdir(), 'latchkey-init-'));
afterAll(() => rmSync(root, { recursive: true }));

let made = 0;
const folder = (): string => path.join(root, `set-up-${(made += 1)}`);
const init = (dir: string, ...args: string[]): Promise<Ran> =>
  runCli(['init', '--out', dir, ...args], { PATH: process.env['PATH'] ?? '' });
const read = (dir: string, name: string): string => readFileSync(path.join(dir, name), 'utf8');
const PEOPLE = ['--owner', 'dana@acme.test,olga@acme.test', '--admin', 'sam@acme.test'];
const ids = PROVIDERS.map(({ id }) => id);

describe('latchkey init', () => {
  it('writes a set-up for every kind of target that is accepted as it is, and no secret but in .env', async () => {
    const dir = folder();
    const targets = ids.flatMap((id) => ['--target', `my-${id}=${id}`]);
    const { code, out, err } = await init(dir, '--yes', '--no-doctor', ...PEOPLE, ...targets);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(readdirSync(dir).toSorted()).toEqual([
      '.env',
      'compose.yml',
      'latchkey.yml',
      'prepare',
      'slack-manifest.yml',
    ]);
    const prepared = readdirSync(path.join(dir, 'prepare'));
    expect(prepared.map((name) => path.parse(name).name).toSorted()).toEqual(
      PROVIDERS.flatMap(({ id, prepare }) => (prepare ? [`my-${id}`] : [])).toSorted(),
    );
    for (const name of prepared) expect(read(dir, path.join('prepare', name)).length).toBeGreaterThan(100);

    const env = readEnvText(read(dir, '.env'));
    expect(statSync(path.join(dir, '.env')).mode & 0o777).toBe(0o600);
    expect(Buffer.from(env['LATCHKEY_SECRET_KEY'] ?? '', 'base64')).toHaveLength(32);
    const wanted = [
      ...read(dir, 'latchkey.yml')
        .replaceAll(/#.*/g, '')
        .matchAll(/\$\{(\w+)\}/g),
    ].map(([, name]) => name);
    expect(wanted.length).toBeGreaterThan(10);
    expect(wanted.filter((name) => !Object.hasOwn(env, name ?? ''))).toEqual([]);
    const secrets = [env['LATCHKEY_SECRET_KEY'] ?? '?', env['POSTGRES_PASSWORD'] ?? '?'];
    const elsewhere = [
      out,
      err,
      ...['compose.yml', 'latchkey.yml', 'slack-manifest.yml'].map((name) => read(dir, name)),
    ];
    for (const secret of secrets) expect(elsewhere.filter((text) => text.includes(secret))).toEqual([]);

    const link = new URL(/https:\/\/api\.slack\.com\/\S+/.exec(out)?.[0] ?? '');
    expect(link.searchParams.get('new_app')).toBe('1');
    const shipped: unknown = parse(readFileSync(new URL('../../manifest.yml', import.meta.url), 'utf8'));
    expect(parse(link.searchParams.get('manifest_yaml') ?? '')).toEqual(shipped);
    expect(parse(read(dir, 'slack-manifest.yml'))).toEqual(shipped);

    const checked = await runCli(['policy', 'check', '--policy', path.join(dir, 'latchkey.yml')], {});
    expect([checked.code, checked.out + checked.err]).toEqual([0, expect.stringContaining(' 0 errors')]);
    expect(parse(read(dir, 'latchkey.yml'))).toMatchObject({ admins: ['latchkey-admins'] });
    expect(Object.keys((parse(read(dir, 'compose.yml')) as { services: object }).services)).toEqual([
      ...['latchkey', 'migrate', 'postgres', 'redis'],
    ]);
  });

  it('fills the manifest and the secrets for HTTP mode where a public address is given', async () => {
    const dir = folder();
    const { code } = await init(dir, '--yes', '--no-doctor', '--public-url', 'https://latchkey.acme.test/');
    expect(code).toBe(0);
    const manifest = parse(read(dir, 'slack-manifest.yml')) as { settings: Record<string, unknown> };
    expect(manifest.settings['socket_mode_enabled']).toBe(false);
    expect(read(dir, 'slack-manifest.yml')).not.toContain('latchkey.example.com');
    const env = readEnvText(read(dir, '.env'));
    expect(env['LATCHKEY_PUBLIC_URL']).toBe('https://latchkey.acme.test');
    expect(env).toHaveProperty('SLACK_SIGNING_SECRET');
  });

  it.each([
    'https://latchkey.acme.test/a: b',
    'https://latchkey.acme.test/\nfoo: bar',
    "https://latchkey.acme.test/?a='",
    'https:x.test',
  ])('refuses %j as an address, and writes nothing', async (address) => {
    const dir = folder();
    const { code, err } = await init(dir, '--yes', '--no-doctor', '--public-url', address);
    expect(code).toBe(2);
    expect(err).toMatch(/^--public-url: .* is no public address; write it as https:/s);
    expect(existsSync(dir)).toBe(false);
  });

  it('ends in doctor, which says what is missing yet, and answers programs in JSON', async () => {
    const dir = folder();
    const { code, out } = await init(dir, '--yes', '--json', ...PEOPLE);
    expect(code).toBe(0);
    const said = JSON.parse(out) as { files: string[]; createApp: string; doctor: { ok: boolean; checks: object[] } };
    expect(said).toMatchObject({ doctor: { ok: false } });
    expect(JSON.stringify(said.doctor)).toContain('SLACK_BOT_TOKEN is not set');
    expect(JSON.stringify(said.doctor)).not.toContain('LATCHKEY_SECRET_KEY is not set');
    expect(said.files).toContain('latchkey.yml');
  });

  it('asks for what it must know where no one can be asked, and writes nothing', async () => {
    const dir = folder();
    const { code, out, err } = await init(dir);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain('There is no terminal to ask at: say --owner and --admin, or --yes');
    expect(existsSync(dir)).toBe(false);
  });

  it('overwrites nothing unasked, and keeps the secrets when it does', async () => {
    const dir = folder();
    mkdirSync(dir);
    writeFileSync(path.join(dir, 'compose.yml'), 'mine');
    const refused = await init(dir, '--yes', '--no-doctor');
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('Nothing was written: compose.yml is there already.');
    expect(readdirSync(dir)).toEqual(['compose.yml']);
    writeFileSync(path.join(dir, '.env'), 'SLACK_BOT_TOKEN=xoxb-1\nLATCHKEY_SECRET_KEY=a2VwdA==\nOTHER=1\n');
    expect((await init(dir, '--yes', '--no-doctor', '--force')).code).toBe(0);
    const env = readEnvText(read(dir, '.env'));
    expect(env).toMatchObject({ SLACK_BOT_TOKEN: 'xoxb-1', LATCHKEY_SECRET_KEY: 'a2VwdA==', OTHER: '1' });
    expect(read(dir, 'compose.yml')).toContain('services:');
  });

  it('makes secrets private where the file before was not, and leaves nothing else behind', async () => {
    const dir = folder();
    mkdirSync(dir);
    writeFileSync(path.join(dir, '.env'), 'OTHER=1\n', { mode: 0o644 });
    writeFileSync(path.join(dir, '.env.new'), 'half of one', { mode: 0o644 });
    expect((await init(dir, '--yes', '--no-doctor', '--force')).code).toBe(0);
    expect(statSync(path.join(dir, '.env')).mode & 0o777).toBe(0o600);
    expect(readEnvText(read(dir, '.env'))).toMatchObject({ OTHER: '1', LATCHKEY_SECRET_KEY: expect.any(String) });
    expect(readdirSync(dir).filter((name) => name.endsWith('.new'))).toEqual([]);
  });

  it('overwrites no .env with something that it cannot keep', async () => {
    const dir = folder();
    const text = 'A=1\nKEY="-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----"\n';
    mkdirSync(dir);
    writeFileSync(path.join(dir, '.env'), text);
    const { code, err } = await init(dir, '--yes', '--no-doctor', '--force');
    expect(code).toBe(2);
    expect(err).toContain('Nothing was written: line 2 of .env is not of the form NAME=value');
    expect(readdirSync(dir)).toEqual(['.env']);
    expect(read(dir, '.env')).toBe(text);
  });

  it('refuses a wrong flag in a sentence, and writes nothing', async () => {
    const dir = folder();
    const { code, err } = await init(dir, '--yes', '--no-doctor', '--target', '../x=postgres');
    expect(code).toBe(2);
    expect(err).toContain('--target: "../x=postgres" is no target; write its name and its kind');
    expect(existsSync(dir)).toBe(false);
  });
});

it.each([
  [{ target: ['orders-db=postgre'] }, '--target: "postgre" is no kind of target'],
  [{ target: ['orders'] }, 'is no target; write its name and its kind'],
  [{ target: ['a=redis', 'a=mysql'] }, '"a" is named twice'],
  [{ owner: 'dana' }, '--owner: "dana" is no email'],
  [{ owner: '' }, '--owner: "" is no email'],
  [{ admin: 'sam@acme.test, bob' }, '--admin: "bob" is no email'],
  [{ channel: 'prod access' }, 'is no channel'],
  [{ timezone: 'Europe/Atlantis' }, 'is no time zone'],
  [{ publicUrl: 'http://latchkey.acme.test' }, 'is no public address'],
  [{ publicUrl: 'https://latchkey.acme.test/?a=b' }, 'is no public address'],
])('refuses %j in a sentence', async (flags, sentence) => {
  await expect(readAnswers(flags, { ask: null, providers: ids })).rejects.toThrow(sentence);
});

describe('at a terminal', () => {
  const answering = async (lines: string[]) => {
    const asked: string[] = [];
    const ask = (question: string): Promise<string> => {
      asked.push(question);
      return Promise.resolve(lines.shift() ?? '');
    };
    return { answers: await readAnswers({}, { ask, providers: ids }), asked };
  };

  it('asks again after a wrong answer, and takes what is usual for an empty one', async () => {
    const { answers, asked } = await answering([
      ...[
        'orders-db=oracle',
        'orders-db=postgres, cache=redis',
        'dana',
        'dana@acme.test olga@acme.test',
        '',
        'sam@acme.test',
      ],
      ...['', 'Europe/Berlin', 'http://x', ''],
    ]);
    expect(answers).toEqual({
      targets: [
        { name: 'orders-db', provider: 'postgres' },
        { name: 'cache', provider: 'redis' },
      ],
      owners: ['dana@acme.test', 'olga@acme.test'],
      admins: ['sam@acme.test'],
      channel: '#prod-access',
      timezone: 'Europe/Berlin',
      publicUrl: null,
    });
    expect(asked.filter((question) => question.includes('is no '))).toHaveLength(4);
  });
});

it.each([
  ['# mine\r\n\r\nproxy=http://10.0.0.1\r\n', 3],
  ['export A=1\n', 1],
  ["A='one\ntwo'\n", 1],
  ['', null],
  [`A=\nB="two words"\nC='it is "this"'\n# export D=1\n`, null],
])('%j: the first line of .env that would be lost is %j', (text, line) => {
  expect(unkeptLine(text)).toBe(line);
});
