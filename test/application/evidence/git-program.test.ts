/** What git is started with, and what is said where it fails: no secret in arguments, environment or sentences. */
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { listenOnLoopback } from '../../../sandbox/src/embedded/listen.ts';
import { gitPublisher } from '../../../src/publishers/git.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-git-program-'));
const SECRET = 'ghp_notForALog';
const said = path.join(folder, 'said');

/** In place of git: writes down what it was given, and ends as `end` says. */
const standIn = (end: string): void => {
  const program = path.join(folder, 'git');
  writeFileSync(
    program,
    `#!/bin/sh\n{ printf '%s\\n' "$*"; env; } >>'${said}'\ncase $1 in init) exit 0;; esac\n${end}\n`,
  );
  chmodSync(program, 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env['PATH']}`);
};

const failureOf = async (url: string): Promise<string> => {
  const [result] = await Promise.allSettled([gitPublisher({ url, branch: 'checkpoints' }).held('all')]);
  if (result.status === 'fulfilled') throw new Error('git did not fail');
  return String(result.reason) + JSON.stringify(result.reason);
};

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(said, { force: true });
});
afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ['ends by a signal and says nothing', 'kill -9 $$', 'git was ended by SIGKILL'],
  ['fails and says nothing', 'exit 3', 'git ended with 3 exit code'],
  ['fails with a sentence', 'echo "fatal: no such branch" >&2; exit 128', 'fatal: no such branch'],
  ['fails and says its token', `echo "fatal: no access with ${SECRET}" >&2; exit 128`, 'fatal: no access with ***'],
])('where git %s, the command with its address is not repeated', async (_what, end, sentence) => {
  standIn(end);
  const failure = await failureOf(`https://${SECRET}:@git.acme.test/a.git`);
  expect(failure).toContain(sentence);
  expect(failure).toContain('https://git.acme.test/a.git');
  expect(failure).not.toContain(SECRET);
});

test('git gets no secret of Latchkey in its environment, and no token of its own among its arguments', async () => {
  vi.stubEnv('SLACK_BOT_TOKEN', 'xoxb-1');
  vi.stubEnv('DATABASE_URL', 'postgres://latchkey:secret@db/latchkey');
  vi.stubEnv('GIT_SSH_COMMAND', 'ssh -i /keys/audit');
  standIn('exit 1');
  await failureOf(`https://bot:${SECRET}@git.acme.test/a.git`);
  const given = readFileSync(said, 'utf8');
  expect(given).toContain('ls-remote -- https://git.acme.test/a.git refs/heads/checkpoints');
  expect(given).toContain('GIT_SSH_COMMAND=ssh -i /keys/audit');
  expect(given).not.toMatch(/xoxb-1|postgres:\/\/|SLACK|DATABASE/);
  const lines = given.split('\n').filter((line) => line.includes(SECRET));
  expect(new Set(lines)).toEqual(new Set([`GIT_PASSWORD_OF_ADDRESS=${SECRET}`]));
});

test('git signs in with what the address holds, at this server', async () => {
  const names = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  const [keyFile = '', certFile = ''] = names;
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'];
  execFileSync('openssl', [...args, '-keyout', keyFile, '-out', certFile], { stdio: 'pipe' });
  const [key, cert] = names.map((name) => readFileSync(name));
  const signedIn: (string | undefined)[] = [];
  const server = await listenOnLoopback(
    createServer({ key, cert }, ({ headers }, response) => {
      signedIn.push(headers.authorization);
      response.writeHead(headers.authorization ? 404 : 401, { 'www-authenticate': 'Basic realm="git"' }).end();
    }),
  );
  vi.stubEnv('GIT_SSL_NO_VERIFY', '1');
  const failure = await failureOf(`https://bot:to%2Fken@127.0.0.1:${server.port}/a.git`);
  const asked = await failureOf(`https://${SECRET}@127.0.0.1:${server.port}/a.git`);
  await server.stop();
  expect(asked).toContain('could not read Password');
  expect(asked).not.toContain(SECRET);
  expect(signedIn).toContain(`Basic ${Buffer.from('bot:to/ken').toString('base64')}`);
  expect(failure).not.toMatch(/to%2Fken|to\/ken/);
});
