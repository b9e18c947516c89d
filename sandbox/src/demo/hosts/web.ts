/** The pretend web server: a real sshd on a host of its own, made of the machine's programs. It begins anew with each start. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { startSshHost, whyNoSshd, whyNoSshHost } from '../../embedded/ssh-host.ts';
import type { SshHost } from '../../embedded/ssh-host.ts';
import type { WebSettings } from '../settings.ts';
import { HostError, loginOf, SHOWN_ROWS, withinSeconds } from './host.ts';
import type { Answer, HostFacts, HostPlace, Login, RunningHost, Session } from './host.ts';

const TITLE = 'SSH';
const STATEMENT_WITHIN_S = 5;
const CONNECT_WITHIN_S = 15;

/** For each account its own range of numbers (docs/ssh.md). */
const UIDS = { first: 50_000, last: 59_999 };

const FILES = `mkdir -p /srv/app && cat >/srv/app/checkout.log <<'END'
14:02:11 order 1181 captured in 412 ms
14:02:58 order 1182 captured in 388 ms
14:03:40 order 1183 captured in 5011 ms: shipping queue is full, giving up
14:04:02 order 1184 captured in 395 ms
END
chmod 644 /srv/app/checkout.log`;

/** Why there is none, and what to do about it. */
export const whyNoWeb = (): string | null => {
  const missing = whyNoSshd();
  if (missing !== null) return missing;
  const why = whyNoSshHost();
  return why === null ? null : `The web server cannot be made here: ${why}.`;
};

type Pair = { secret: string; line: string };

const newPair = (dir: string, comment: string): Pair => {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = path.join(dir, `key-${randomUUID()}`);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
  const pair = { secret: readFileSync(file, 'utf8'), line: readFileSync(`${file}.pub`, 'utf8').trim() };
  for (const each of [file, `${file}.pub`]) rmSync(each);
  return pair;
};

/** `person`: the key that everybody in the demo uses as theirs. */
export const newWebKeys = (dir: string): Omit<WebSettings, 'port'> => {
  const host = newPair(dir, 'web');
  const person = newPair(dir, 'laptop');
  return {
    caKey: newPair(dir, 'web-ca').secret,
    hostKey: host.secret,
    // Without the comment: the policy takes a type and a key.
    hostLine: host.line.split(' ').slice(0, 2).join(' '),
    personKey: person.secret,
    personLine: person.line,
  };
};

const USUAL = [
  'StrictHostKeyChecking=no',
  'UserKnownHostsFile=/dev/null',
  'BatchMode=yes',
  'IdentitiesOnly=yes',
  'LogLevel=ERROR',
];

const CERTIFICATE = /^[\w.@-]+-cert-v01@openssh\.com [A-Za-z0-9+/=]+(?: [\w.@-]+)?$/;
const ACCOUNT = /^lk_[0-9a-z_-]+$/;

const refused = (message: string): HostError => new HostError(message, { kind: 'login', code: null }, null);

/** A shell that reads its commands, so that there is one session which can be cut. */
const spawnShell = (dir: string, port: number, { user, password }: Login): ChildProcessWithoutNullStreams => {
  const certificate = password.trim();
  if (!ACCOUNT.test(user)) throw refused(`${user} is no account of a grant`);
  if (!CERTIFICATE.test(certificate)) throw refused('this is no certificate: copy the whole line');
  const file = path.join(dir, `${user}-cert.pub`);
  writeFileSync(file, `${certificate}\n`, { mode: 0o600 });
  const options = [...USUAL, `CertificateFile=${file}`].flatMap((option) => ['-o', option]);
  const args = ['-F', 'none', '-i', path.join(dir, 'key'), ...options, '-p', String(port), `${user}@127.0.0.1`, 'sh'];
  return spawn('ssh', args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
};

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

type Shell = { child: ChildProcessWithoutNullStreams; ask(script: string): Promise<{ output: string; code: number }> };

/** Each answer ends with a line that nothing else can write. */
const talkTo = (child: ChildProcessWithoutNullStreams): Shell => {
  let output = '';
  let errors = '';
  let onMore = (): void => {};
  const closed = new Promise<never>((_resolve, reject) => {
    child.once('close', () => reject(refused(errors.trim() || 'the connection was closed')));
    child.once('error', reject);
  });
  // The caller hears of it; there may be none.
  closed.catch(() => undefined);
  child.stdin.on('error', () => undefined);
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('utf8');
    onMore();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const ask: Shell['ask'] = async (script) => {
    const mark = randomUUID();
    output = '';
    const answered = new Promise<{ output: string; code: number }>((resolve) => {
      onMore = () => {
        const end = output.indexOf(`\n${mark} `);
        const code = end < 0 ? undefined : /^\d+\n/.exec(output.slice(end + mark.length + 2))?.[0];
        if (code !== undefined) resolve({ output: output.slice(0, end), code: Number(code) });
      };
    });
    child.stdin.write(`sh -c ${quoted(script)} </dev/null 2>&1; printf '\\n%s %d\\n' ${mark} $?\n`);
    return await Promise.race([answered, closed]);
  };
  return { child, ask };
};

const run = async ({ child, ask }: Shell, script: string): Promise<Answer> => {
  const asked = ask(script);
  const { output, code } = await withinSeconds(asked, STATEMENT_WITHIN_S).catch((error: unknown) => {
    child.kill('SIGKILL');
    throw error;
  });
  const lines = output.replace(/\n$/, '').split('\n');
  if (code !== 0) throw new HostError(output.trim() || `exit ${code}`, { kind: 'other', code: `exit ${code}` }, null);
  return {
    columns: ['output'],
    rows: lines.slice(0, SHOWN_ROWS).map((line) => [line]),
    command: 'sh',
    rowCount: lines.length,
  };
};

const openSession = async (dir: string, port: number, login: Login): Promise<Session> => {
  const shell = talkTo(spawnShell(dir, port, login));
  await withinSeconds(shell.ask('true'), CONNECT_WITHIN_S).catch((error: unknown) => {
    shell.child.kill('SIGKILL');
    throw error;
  });
  return {
    run: (script) => run(shell, script),
    close: async () => {
      shell.child.kill('SIGKILL');
      await Promise.resolve();
    },
    onEnd: (listener) => void shell.child.once('close', () => listener(null)),
  };
};

type Account = { user: string; uid: number };

const accountsOf = (root: string): Account[] =>
  readFileSync(path.join(root, 'etc/passwd'), 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .flatMap(([user = '', , uid]) => (user.startsWith('lk_') ? [{ user, uid: Number(uid) }] : []));

/** Without its key file sshd takes no certificate for an account. */
const isOpen = (root: string, user: string): boolean => existsSync(path.join(root, 'etc/latchkey/ssh/keys', user));

const statusOf = (root: string, pid: string): { uid: number; command: string } | null => {
  try {
    const status = readFileSync(path.join(root, 'proc', pid, 'status'), 'utf8');
    const command = readFileSync(path.join(root, 'proc', pid, 'cmdline'), 'utf8')
      .replaceAll('\0', ' ')
      .trim();
    return { uid: Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? -1), command };
  } catch (error) {
    // It has ended since the folder was read.
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
};

const sessionsOf = (root: string, accounts: readonly Account[]): HostFacts['sessions'] => {
  if (accounts.length === 0) return [];
  const pids = readdirSync(path.join(root, 'proc')).filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const status = statusOf(root, pid);
    if (status === null || status.uid < UIDS.first || status.uid > UIDS.last) return [];
    const user = accounts.find(({ uid }) => uid === status.uid)?.user ?? String(status.uid);
    return [{ pid: Number(pid), role: user, state: 'active', query: status.command }];
  });
};

const lookAt = (host: SshHost): HostFacts => {
  const root = host.root();
  const accounts = accountsOf(root);
  return {
    logins: accounts.map(({ user }) => loginOf(TITLE, user, { canLogIn: isOpen(root, user) })),
    sessions: sessionsOf(root, accounts),
  };
};

export const startWeb = async (place: HostPlace, settings: WebSettings): Promise<RunningHost> => {
  const { dir } = place;
  const disk = path.join(dir, 'disk');
  const keys = path.join(dir, 'keys');
  for (const each of [disk, keys]) mkdirSync(each, { recursive: true, mode: 0o700 });
  writeFileSync(path.join(keys, 'key'), settings.personKey, { mode: 0o600 });
  const script = await place.preparation();
  const host = await startSshHost({ dir: disk, port: settings.port, hostKey: settings.hostKey });
  try {
    host.sh(`cat >/root/prepare.sh <<'END_OF_SCRIPT'\n${script}END_OF_SCRIPT\nbash /root/prepare.sh </dev/null`);
    host.sh(FILES);
    await host.startSshd();
  } catch (error) {
    await host.stop();
    throw error;
  }
  return {
    title: TITLE,
    open: (login) => openSession(keys, settings.port, login),
    look: async () => await Promise.resolve(lookAt(host)),
    pid: 0,
    stop: host.stop,
    kill: host.stop,
  };
};
