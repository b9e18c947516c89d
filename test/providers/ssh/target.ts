/** Hosts as `latchkey doctor --sql` prepares them, and how a person gets in there: with the real ssh program, a key and a certificate. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Json } from '../../../src/domain/json.ts';
import type { Secret } from '../../../src/providers/provider.ts';
import { ssh as provider } from '../../../src/providers/ssh/ssh.ts';
import { startSshHost, type SshHost } from '../../../sandbox/src/embedded/ssh-host.ts';
import { testServices } from '../../support/services.ts';

export type Target = {
  hosts: SshHost[];
  caKey: string;
  config: Json;
  /** A person's key pair, in a folder of its own. */
  key: KeyPair;
  drop: () => Promise<void>;
};

export type KeyPair = { dir: string; file: string; publicKey: string };

export const newKey = (type = 'ed25519'): KeyPair => {
  const dir = mkdtempSync(path.join(tmpdir(), 'lk-ssh-'));
  const file = path.join(dir, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'ada@laptop', '-f', file]);
  return { dir, file, publicKey: readFileSync(`${file}.pub`, 'utf8').trim() };
};

export const newCaKey = (): string => readFileSync(newKey().file, 'utf8');

const preparation = async (config: Json): Promise<string> =>
  (await provider.prepare?.(config, {}, { signal: new AbortController().signal }))?.text ?? '';

/** By `bash` without input, before sshd starts. */
export const prepareHost = async (host: SshHost, config: Json): Promise<void> => {
  host.sh(
    `cat >/root/prepare.sh <<'END_OF_SCRIPT'\n${await preparation(config)}END_OF_SCRIPT\nbash /root/prepare.sh </dev/null`,
  );
};

export const configOf = (hosts: readonly SshHost[], caKey: string): Json => ({
  hosts: hosts.map(({ port, hostKey }) => ({ address: `127.0.0.1:${port}`, host_key: hostKey })),
  ca_key: caKey,
  helper: true,
});

/** What the roles of the suite are about: three orders that everybody may read, and that a shell may write. */
const ORDERS = `mkdir -p /srv/app; printf '1\\n2\\n3\\n' >/srv/app/orders; chmod 666 /srv/app/orders
cat >/srv/app/read <<'END'
#!/bin/sh
case $SSH_ORIGINAL_COMMAND in
  id*) id -un;;
  *write*) echo "read only" >&2; exit 1;;
  *) exec sh -c "$SSH_ORIGINAL_COMMAND";;
esac
END
chmod 755 /srv/app/read`;

const newHost = async (): Promise<SshHost> => {
  const { runDir } = testServices();
  mkdirSync(runDir, { recursive: true });
  return await startSshHost({ dir: mkdtempSync(path.join(runDir, 'ssh-host-')), isLasting: true });
};

export const createTarget = async (options: { hosts?: number } = {}): Promise<Target> => {
  const caKey = newCaKey();
  const hosts = await Promise.all(Array.from({ length: options.hosts ?? 1 }, newHost));
  const config = configOf(hosts, caKey);
  for (const host of hosts) {
    await prepareHost(host, config);
    host.sh(ORDERS);
    await host.startSshd();
  }
  return {
    hosts,
    caKey,
    config,
    key: newKey(),
    drop: async () => void (await Promise.all(hosts.map(async (host) => await host.stop()))),
  };
};

export const valueOf = (secret: Secret | undefined, name: string): string =>
  secret?.fields.find((field) => field.name === name)?.value ?? '';

export type Login = { user: string; port: number; certificate: string; key: KeyPair };

const USUAL = [
  '-F',
  'none',
  '-o',
  'StrictHostKeyChecking=no',
  '-o',
  'UserKnownHostsFile=/dev/null',
  '-o',
  'BatchMode=yes',
];

const argumentsFor = ({ user, port, certificate, key }: Login, options: readonly string[] = []): string[] => {
  const file = path.join(key.dir, `${user}-cert.pub`);
  writeFileSync(file, `${certificate}\n`);
  const identity = [
    '-i',
    key.file,
    '-o',
    `CertificateFile=${file}`,
    '-o',
    'IdentitiesOnly=yes',
    '-o',
    'LogLevel=ERROR',
  ];
  return [...USUAL, ...identity, '-p', String(port), ...options, `${user}@127.0.0.1`];
};

export const loginOf = (secret: Secret | undefined, key: KeyPair, port?: number): Login => ({
  user: valueOf(secret, 'user'),
  port: port ?? Number(valueOf(secret, 'port')),
  certificate: valueOf(secret, 'certificate'),
  key,
});

export type Ran = { code: number | null; out: string; err: string };

/** Runs one command by the ssh program. */
export const run = async (login: Login, command: string | null, options: readonly string[] = []): Promise<Ran> =>
  await new Promise((resolve, reject) => {
    const child = spawn('ssh', [...argumentsFor(login, options), ...(command === null ? [] : [command])], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (part: Buffer) => (out += part.toString()));
    child.stderr.on('data', (part: Buffer) => (err += part.toString()));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, out, err }));
  });

/** Runs one command; rejects where it was refused or failed. */
export const must = async (login: Login, command: string): Promise<string> => {
  const { code, out, err } = await run(login, command);
  if (code !== 0) throw new Error(`ssh ended with ${code}: ${err}`);
  return out;
};

export type Session = { login: Login; isCut: () => boolean; leave: () => Promise<void> };

/** A connection that stays open until it is cut. Rejects where it is refused. */
export const enter = async (login: Login): Promise<Session> => {
  const child = spawn('ssh', [...argumentsFor(login), 'echo in; exec cat'], { stdio: ['pipe', 'pipe', 'pipe'] });
  let err = '';
  let isOver = false;
  child.stderr.on('data', (part: Buffer) => (err += part.toString()));
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => {
      isOver = true;
      resolve();
    });
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('close', () => reject(new Error(`ssh was refused: ${err}`)));
  });
  return {
    login,
    isCut: () => isOver,
    leave: async () => {
      child.kill('SIGKILL');
      await closed;
    },
  };
};

export const accountsOf = (host: SshHost, grantId: string): string[] =>
  host
    .sh(`getent passwd | cut -d: -f1 | grep '^lk_${grantId}' || true`)
    .split('\n')
    .filter((name) => name !== '');
