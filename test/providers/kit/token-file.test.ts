/** A file that the policy names, whose content goes to a server that the policy names: no more than a platform's token ever leaves. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { Json } from '../../../src/domain/json.ts';
import { readTokenFile } from '../../../src/providers/kit/token-file.ts';
import { findProvider } from '../../../src/providers/registry.ts';
import { listenOnLoopback } from '../../../sandbox/src/embedded/listen.ts';
import { connectTo, contextOf, failureOf } from '../connection.ts';
import { someJwt } from '../some-jwt.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-token-'));
const file = (name: string, text: string): string => {
  const where = path.join(folder, name);
  writeFileSync(where, text);
  return where;
};
const SECRET = 'xoxb-not-for-a-target';
const sent: string[] = [];
let server: { port: number; stop: () => Promise<void> };

beforeAll(async () => {
  server = await listenOnLoopback(
    createServer((request, response) => {
      sent.push(`${request.url} ${JSON.stringify(request.headers)}`);
      request.on('data', (part: Buffer) => sent.push(part.toString()));
      request.on('end', () => response.writeHead(500).end());
    }),
  );
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const read = (where: string, field?: string): string =>
  readTokenFile({ file: where, what: `The file ${where}`, field });

test('a token is read as it is, also from a field, and by a link, as Kubernetes mounts it', () => {
  const token = someJwt('latchkey');
  expect(read(file('token', `${token}\n`))).toBe(token);
  expect(read(file('json', JSON.stringify({ id_token: token })), 'id_token')).toBe(token);
  mkdirSync(path.join(folder, '..data'));
  symlinkSync(file('..data/token', token), path.join(folder, 'linked'));
  expect(read(path.join(folder, 'linked'))).toBe(token);
});

const pipe = (): string => {
  const where = path.join(folder, 'pipe');
  execFileSync('mkfifo', [where]);
  return where;
};

test.each<[string, () => string, string?]>([
  ['another secret', () => file('secret', SECRET)],
  ['what has dots as a JWT has', () => file('dots', 'SG.c2VjcmV0.c2VjcmV0')],
  ['a host name', () => file('host', 'db.acme.test')],
  ['a token among other lines', () => file('lines', `${someJwt('x')}\n${SECRET}`)],
  ['an empty file', () => file('empty', '')],
  ['a field that is not there', () => file('field', JSON.stringify({ other: SECRET })), 'access_token'],
  ['a field in what is no JSON', () => file('none', SECRET), 'access_token'],
  ['what is too long', () => file('long', someJwt('x'.repeat(70_000)))],
  ['the environment of the process', () => '/proc/self/environ'],
  [
    'a link to it',
    () => (symlinkSync('/proc/self/environ', path.join(folder, 'environ')), path.join(folder, 'environ')),
  ],
  ['a pipe, which is not waited for', pipe],
  ['a folder', () => folder],
])('nothing is sent of %s', (_what, where, field) => {
  expect(() => read(where(), field)).toThrow('holds no token in the form of a JWT');
});

test('a file that is not there is named with its code', () => {
  expect(() => read(path.join(folder, 'gone'))).toThrow(
    `The file ${path.join(folder, 'gone')} cannot be read (ENOENT).`,
  );
});

test('nothing is sent of a file in which a secret of Latchkey itself is, though it had the form of a token', () => {
  const own = file('own', someJwt('own'));
  expect(read(own)).toBe(someJwt('own'));
  vi.stubEnv('SLACK_BOT_TOKEN_FILE', own);
  symlinkSync(own, path.join(folder, 'to-own'));
  for (const where of [own, path.join(folder, 'to-own')]) expect(() => read(where)).toThrow('holds no token');
  vi.unstubAllEnvs();
});

const ADDRESS = (): string => `http://127.0.0.1:${server.port}`;
const UUID = '11111111-2222-3333-4444-555555555555';
const ROLE_ARN = 'arn:aws:iam::123456789012:role/prod-read';

/** Each setting of a provider that names a file, with a server of the policy's author. */
const SETTINGS: Record<string, (where: string) => [config: Json, scope: Json]> = {
  'gcp: federation': (where) => [
    {
      projects: ['acme-prod'],
      federation: JSON.stringify({
        type: 'external_account',
        audience: 'a',
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        token_url: `${ADDRESS()}/token`,
        credential_source: { file: where },
      }),
    },
    { project: 'acme-prod', role: 'roles/storage.objectViewer' },
  ],
  'aws: web_identity_token_file': (where) => [
    {
      mode: 'sts',
      region: 'eu-central-1',
      endpoint: ADDRESS(),
      credentials: { web_identity_token_file: where, role_arn: ROLE_ARN },
    },
    { role_arn: ROLE_ARN },
  ],
  'aws: token_file': (where) => [
    {
      mode: 'sts',
      region: 'eu-central-1',
      endpoint: ADDRESS(),
      credentials: { container: ADDRESS(), token_file: where },
    },
    { role_arn: ROLE_ARN },
  ],
  'entra: token_file': (where) => [
    { tenant: UUID, client_id: UUID, token_file: where, login_url: ADDRESS(), graph_url: ADDRESS() },
    { group: UUID },
  ],
};

test.each(Object.entries(SETTINGS))(
  '%s: a token goes to the server, and nothing else does',
  async (name, settingsOf) => {
    const provider = findProvider(name.split(':')[0] ?? '');
    if (!provider) throw new Error(`there is no provider for ${name}`);
    const tryWith = async (where: string): Promise<string> => {
      const [config, scope] = settingsOf(where);
      expect(provider.configProblems(config)).toEqual([]);
      const connection = connectTo(provider, config);
      sent.length = 0;
      const { message } = await failureOf(connection.grant(scope, contextOf({ identity: { user: 'ada@acme.test' } })));
      await connection.disconnect();
      return message;
    };
    expect(await tryWith(file('one-line', SECRET))).toContain('holds no token in the form of a JWT');
    expect(await tryWith('/proc/self/environ')).toContain('holds no token in the form of a JWT');
    expect(sent).toEqual([]);
    await tryWith(file('fit', someJwt('fit')));
    expect(sent.join(' ')).toContain(someJwt('fit'));
  },
);

test('kubernetes: nothing but a token becomes the bearer', async () => {
  const provider = findProvider('kubernetes');
  const config = { server: 'https://127.0.0.1:1', token_file: file('bearer', SECRET) };
  const connection = provider && connectTo(provider, config);
  const scope = { cluster_role: 'view', namespaces: ['app'], subject: 'token' };
  const failure = await failureOf(connection?.grant(scope, contextOf()));
  expect(failure.message).toContain('holds no token in the form of a JWT');
  await connection?.disconnect();
});

test('no provider reads a file by itself', () => {
  const folderOfAll = 'src/providers';
  const readers = readdirSync(folderOfAll, { recursive: true, encoding: 'utf8' }).filter(
    (name) =>
      name.endsWith('.ts') &&
      /^import .*\b(?:readFile|createReadStream|open)(?:Sync)?\b.* from '(?:node:)?fs/m.test(
        readFileSync(path.join(folderOfAll, name), 'utf8'),
      ),
  );
  // The script for hosts is a file of Latchkey's own package.
  expect(readers.toSorted()).toEqual(['kit/token-file.ts', 'ssh/prepare.ts']);
});
