/** Programs that hang, answer wrongly, die or lie, what reaches them, and which are not run at all. */
import {
  chmodSync,
  lchownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { waitUntil } from '../../../sandbox/src/embedded/wait.ts';
import { loadPolicy } from '../../../src/config/policy-file.ts';
import type { Json } from '../../../src/domain/json.ts';
import { exec as provider } from '../../../src/providers/exec/exec.ts';
import { PROVIDERS } from '../../../src/providers/registry.ts';
import { connectTo, contextOf, failureOf, textWith } from '../connection.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'lk-exec-faults-'));
afterAll(async () => await rm(folder, { recursive: true }));
afterEach(() => void vi.unstubAllEnvs());

let made = 0;
const at = (name: string): string => path.join(folder, name);
/** A program in shell. `$IN` is what it was asked. */
const programOf = (script: string, mode = 0o755): string => {
  const file = at(`program-${(made += 1)}`);
  writeFileSync(file, `#!/bin/sh\nIN=$(cat)\n${script}\n`);
  chmodSync(file, mode);
  return file;
};
const connect = (script: string, config: Record<string, Json> = {}, timeoutMs = 8_000) =>
  connectTo(provider, { program: programOf(script), ...config }, { timeoutMs });
const check = (connection: ReturnType<typeof connect>) => connection.check({}, undefined, contextOf());

test('a change that is tried again keeps its id, a look has a new one, and check follows the change', async () => {
  const connection = connect(`
echo "$IN" >> ${at('heard')}
case "$IN" in
  *'"action":"grant"'*) [ -e ${at('tried')} ] || { touch ${at('tried')}; exit 75; }; echo '{}' ;;
  *) echo '{"state":"present"}' ;;
esac`);
  const ctx = contextOf();
  await connection.grant({ role: 'read' }, ctx);
  const heard = readFileSync(at('heard'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string });
  expect(heard.map(({ id }) => id)).toEqual([
    `${ctx.grantId}:grant:${ctx.expiresAt.getTime()}`,
    `${ctx.grantId}:grant:${ctx.expiresAt.getTime()}`,
    expect.stringMatching(/^look:/),
  ]);
  expect(heard[0]).toEqual({
    version: 1,
    id: expect.any(String) as string,
    action: 'grant',
    grant_id: ctx.grantId,
    scope: { role: 'read' },
    handle: null,
    person: { id: 'T1:U1', name: 'Ada Lovelace', email: 'ada@acme.test' },
    expires_at: ctx.expiresAt.toISOString(),
  });
});

test('it has no variable of Latchkey, no argument of the request, and no shell reads what it is given', async () => {
  vi.stubEnv('LATCHKEY_SECRET_KEY', 'the-key-of-keys');
  const connection = connect(`{ env; echo "args:$*"; pwd; } > ${at('seen')}; echo '{"state":"absent"}'`, {
    args: ['$(touch pwned)', '; id'],
    env: { API_TOKEN: 'of-the-target' },
  });
  await connection.check({ role: '$(touch pwned)' }, undefined, contextOf());
  const seen = readFileSync(at('seen'), 'utf8');
  expect(seen).not.toContain('the-key-of-keys');
  expect(seen).toContain('args:$(touch pwned) ; id\n/\n');
  const names = seen.split('\n').flatMap((line) => /^([A-Z_]+)=/.exec(line)?.[1] ?? []);
  expect(names.filter((name) => !['_', 'SHLVL', 'OLDPWD'].includes(name)).toSorted()).toEqual([
    'API_TOKEN',
    'LANG',
    'PATH',
    'PWD',
  ]);
});

test('one that hangs is ended with all that it started, when the time is over', async () => {
  const connection = connect(`sleep 300 & echo $! > ${at('child')}; echo $$ > ${at('parent')}; sleep 300`, {}, 1_000);
  const failure = await failureOf(check(connection));
  expect(failure).toMatchObject({ kind: 'unavailable', message: textWith('did not finish "check" within 1 s') });
  const isRunning = (file: string): boolean => existsSync(`/proc/${readFileSync(at(file), 'utf8').trim()}/cwd`);
  await waitUntil(() => !isRunning('parent') && !isRunning('child'), { timeoutMs: 60_000, what: 'both to be ended' });
});

test('one that leaves something running that holds its output is answered all the same', async () => {
  const connection = connect(`sleep 300 & echo '{"state":"absent"}'`);
  expect(await check(connection)).toBe('absent');
});

test.each([
  ['exit 64', 'unsupported', 'exit code 64'],
  ['exit 69', 'unavailable', 'exit code 69'],
  ['echo "the queue is full" >&2; exit 75', 'unavailable', 'It said: the queue is full'],
  ['exit 77', 'denied', 'exit code 77'],
  ['exit 78', 'misconfigured', 'exit code 78'],
  ['exit 1', 'unavailable', 'exit code 1'],
  ['kill -9 $$', 'unavailable', 'was ended by SIGKILL'],
  ['echo hello', 'misconfigured', 'no JSON'],
  ['true', 'misconfigured', 'no JSON'],
  [`echo '{"state":"maybe"}'`, 'misconfigured', 'does not fit'],
  ['yes x', 'misconfigured', 'more than 65536 bytes'],
  ['not-a-program-of-this-machine', 'misconfigured', 'exit code 127'],
] as const)('%s is %s', async (script, kind, message) => {
  const failure = await failureOf(check(connect(script)));
  expect(failure).toMatchObject({ kind, message: textWith(message) });
  expect(failure.message).not.toMatch(/hello|maybe/);
});

test('one that reads nothing of what it is asked is no crash', async () => {
  const file = at('deaf');
  writeFileSync(file, `#!/bin/sh\nexec <&-\necho '{"state":"absent"}'\n`);
  chmodSync(file, 0o755);
  const scope = { text: 'x'.repeat(200_000) };
  expect(await connectTo(provider, { program: file }).check(scope, undefined, contextOf())).toBe('absent');
});

test('what it says for people is cut, on one line, and never holds a secret of its config', async () => {
  const script = String.raw`printf 'first\n\033[31mlogin with s3cret-token failed %0300d\n' 1 >&2; exit 77`;
  const { message } = await failureOf(check(connect(script, { env: { WITH: 's3cret-token' } })));
  expect(message).toContain('login with [hidden] failed');
  expect(message).not.toMatch(/first|\p{Cc}/u);
  expect(message.length).toBeLessThan(400);
});

test('what it says it removed and still has is not removed, and a close is looked at too', async () => {
  const lies = `case "$IN" in *'"check"'*) echo '{"state":"present"}';; *close*) echo '{"outcome":"closed"}';; *) echo '{"outcome":"removed"}';; esac`;
  const connection = connect(lies, { supports: ['close'] }, 1_500);
  const [revoked, closed] = await Promise.all([
    failureOf(connection.revoke({}, undefined, contextOf())),
    failureOf(connection.close({}, undefined, contextOf())),
  ]);
  expect([revoked.kind, closed.kind]).toEqual(['unavailable', 'unavailable']);
  expect(await connection.preflight?.({}, contextOf())).toMatchObject([{ level: 'error', code: 'check_untrue' }]);
});

test('many at once are few processes', async () => {
  mkdirSync(at('running'));
  const script = `touch ${at('running')}/$$; sleep 0.05; ls ${at('running')} | wc -l >> ${at('counts')}; rm ${at('running')}/$$; echo '{"state":"absent"}'`;
  const connection = connect(script);
  await Promise.all(Array.from({ length: 30 }, () => check(connection)));
  const counts = readFileSync(at('counts'), 'utf8').trim().split('\n').map(Number);
  expect(counts).toHaveLength(30);
  expect(Math.max(...counts)).toBeLessThanOrEqual(8);
});

const looseFolder = (): string => {
  mkdirSync(at('loose'), { recursive: true });
  chmodSync(at('loose'), 0o777);
  writeFileSync(at('loose/program'), '#!/bin/sh\necho {}\n', { mode: 0o755 });
  return at('loose/program');
};

// Only root gives a link away.
test.runIf(process.getuid?.() === 0)('a link of somebody else is not followed', async () => {
  symlinkSync('/bin/true', at('theirs'));
  lchownSync(at('theirs'), 65_534, 65_534);
  const connection = connectTo(provider, { program: at('theirs') }, {});
  expect((await failureOf(check(connection))).message).toContain('others may change');
});

test.each([
  ['is not there', () => at('none'), 'ENOENT'],
  ['is a folder', () => folder, 'is no file'],
  ['is not executable', () => programOf('echo {}', 0o644), 'is it executable'],
  ['others may write', () => programOf('echo {}', 0o757), 'others may change'],
  ['its group may write', () => programOf('echo {}', 0o775), 'others may change'],
  ['lies in a folder where others may replace it', looseFolder, 'others may change'],
  [
    'is a link that others may lead elsewhere',
    () => {
      const link = path.join(path.dirname(looseFolder()), 'elsewhere');
      symlinkSync('/bin/true', link);
      return link;
    },
    'others may change',
  ],
  [
    'is a link to one that others may change',
    () => {
      symlinkSync(looseFolder(), at('link'));
      return at('link');
    },
    'others may change',
  ],
])('a program that %s is not run, and a sentence says why', async (_what, file, message) => {
  const connection = connectTo(provider, { program: file() });
  expect(await failureOf(check(connection))).toMatchObject({ kind: 'misconfigured', message: textWith(message) });
});

const policyWith = (program: string): string => `version: 1
groups: { ops: { people: [olga@acme.test] } }
targets:
  billing:
    provider: exec
    config: { program: "${program}" }
    owners: [ops]
    roles: { support: { scope: { any: [json, 1] }, max: 1h } }
rules: [{ name: One owner, approvals: [{ from: owners }] }]
admins: [ops]
`;
const load = (program: string, env: Record<string, string>, areVariablesOptional = false) =>
  loadPolicy({ text: policyWith(program), env, providers: PROVIDERS, path: 'latchkey.yml', areVariablesOptional });

test.each([
  ['/opt/a/billing', '', 'exec targets are off'],
  ['/opt/a/billing', '/opt/a', 'does not name it'],
  ['/opt/a/b/billing', '/opt/a/', 'does not name it'],
  ['/opt/ab/billing', '/opt/a/:/usr/bin/', 'does not name it'],
  ['/opt/a/billing2', '/opt/a/billing', 'does not name it'],
  ['/bin/sh', '/', 'exec targets are off'],
  ['/opt/a/billing', 'opt/a/', 'exec targets are off'],
])('a policy that runs %s is refused at load where the operator allows "%s"', (program, allowed, message) => {
  expect(load(program, { LATCHKEY_EXEC_PROGRAMS: allowed })).toEqual({
    problems: [
      expect.objectContaining({
        code: 'not_switched_on',
        path: 'targets.billing.config.program',
        line: 6,
        message: textWith(message),
      }),
    ],
  });
});

test('a program is let run by its own path or by its folder, and a check without the environment only warns', () => {
  for (const allowed of ['/opt/a/billing', '/opt/a/', '/srv/x:/opt/a/:/srv/y'])
    expect(load('/opt/a/billing', { LATCHKEY_EXEC_PROGRAMS: allowed })).toHaveProperty('policy');
  expect(load('/opt/a/billing', {}, true)).toMatchObject({
    warnings: expect.arrayContaining([expect.objectContaining({ code: 'not_switched_on' })]) as object[],
  });
});

test.each([
  [{ program: 'billing' }, 'program', 'whole path'],
  [{ program: '/opt/a/../../bin/sh' }, 'program', 'without "."'],
  [{ program: '/opt/a/' }, 'program', 'whole path'],
  [{ env: { 'LD PRELOAD': 'x' } }, 'env', 'API_TOKEN'],
  [{ supports: ['fly'] }, 'supports.0', 'extend, list, close'],
])('a config that is wrong is a sentence: %j', (change, place, message) => {
  const problems = provider.configProblems({ program: '/opt/a/billing', ...change });
  expect(problems).toEqual([{ path: textWith(place), message: textWith(message) }]);
});

test.each(['LD_PRELOAD', 'PYTHONPATH', 'NODE_OPTIONS', 'BASH_ENV', 'PERL5OPT', 'PATH', 'JAVA_TOOL_OPTIONS'])(
  'a policy cannot set %s, by which a program loads other code',
  (name) => {
    const problems = provider.configProblems({ program: '/opt/a/billing', env: { [name]: '/tmp/x' } });
    expect(problems).toEqual([{ path: 'env', message: textWith(`must not set ${name}`) }]);
  },
);

/** Each has its number in the file, so that none is left when the test is over. */
const inItsOwnSession = (name: string): string =>
  `setsid sh -c 'echo $$ >> ${at(name)}; exec sleep 600' & while ! [ -s ${at(name)} ]; do sleep 0.05; done`;
const endAllOf = (name: string): void => {
  for (const pid of readFileSync(at(name), 'utf8').trim().split('\n')) process.kill(Number(pid), 'SIGKILL');
};

test('what a program leaves running in a session of its own, with its output open, holds up no answer', async () => {
  const connection = connect(`${inItsOwnSession('left')}; echo '{"state":"absent"}'`, {}, 60_000);
  expect(await check(connection)).toBe('absent');
  endAllOf('left');
});

test('and none of the calls after those that ran out of time', async () => {
  const script = `[ -e ${at('calm')} ] && { echo '{"state":"absent"}'; exit; }; ${inItsOwnSession('held')}; sleep 600`;
  const connection = connect(script, {}, 6_000);
  const failures = await Promise.all(Array.from({ length: 8 }, async () => await failureOf(check(connection))));
  expect(failures.map(({ kind }) => kind)).toEqual(Array.from({ length: 8 }, () => 'unavailable'));
  writeFileSync(at('calm'), '');
  expect(await check(connection)).toBe('absent');
  endAllOf('held');
});
