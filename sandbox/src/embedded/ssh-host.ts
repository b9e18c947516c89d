/**
 * A host with a real sshd, for the demo and the tests only: the machine's own files under an overlay, with processes and accounts of its own, so that
 * nothing it does is seen outside. It takes root, Linux and openssh-server.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { freePort } from './port.ts';
import { waitUntil } from './wait.ts';

export type SshHost = {
  port: number;
  /** Its public host key, as the policy wants it. */
  hostKey: string;
  /** Where its files are seen from outside. */
  root: () => string;
  /** Runs as root on the host; what it prints. Throws where it fails. */
  sh: (script: string) => string;
  /** Ends sshd and leaves the rest as it is, and starts it again. */
  stopSshd: () => Promise<void>;
  startSshd: () => Promise<void>;
  /** As a reboot: every process ends. */
  restart: () => Promise<void>;
  stop: () => Promise<void>;
};

const SSHD = '/usr/sbin/sshd';

/** null where hosts can be made; else why not, to stand in the name of what is skipped. */
export const whyNoSshHost = (): string | null => {
  if (process.platform !== 'linux') return 'it takes namespaces, which only Linux has';
  if (process.getuid?.() !== 0) return 'it takes accounts and mounts, which only root may make';
  const { status, stderr } = spawnSync('unshare', ['-m', '-p', '-i', '-f', 'true'], { encoding: 'utf8' });
  return status === 0 ? null : `namespaces cannot be made (${stderr?.trim() ?? ''})`;
};

/** null where the programs are there; else what to install. */
export const whyNoSshd = (): string | null => {
  const missing = [SSHD, '/usr/bin/ssh', '/usr/bin/ssh-keygen'].filter((program) => !existsSync(program));
  return missing.length === 0
    ? null
    : `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not installed here; \`apt install openssh-server openssh-client\` adds that.`;
};

/** What is missing is said, and never skipped. */
const demandPrograms = (): void => {
  const why = whyNoSshd();
  if (why !== null) throw new Error(why);
};

const CONFIG = (port: number): string => `Include /etc/ssh/sshd_config.d/*.conf
Port ${port}
ListenAddress 127.0.0.1
HostKey /etc/ssh/test_host_key
PidFile /run/sshd.pid
UsePAM no
PermitRootLogin no
MaxStartups 200
LogLevel VERBOSE
Subsystem sftp internal-sftp
`;

/** PID 1 of the host. What the machine holds besides its system is hidden, as no host has it. */
const BOOT = `set -e
if [ "$2" = own ]; then mount -t tmpfs latchkey-host "$1"; fi
mkdir -p "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=1777 tmpfs var/tmp
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs home
mount -t tmpfs tmpfs root
for each in work opt srv mnt; do if [ -d "$each" ]; then mount -t tmpfs -o mode=755 tmpfs "$each"; fi; done
mount --bind /usr usr && mount -o remount,bind,ro usr
mount -t tmpfs -o mode=755 tmpfs usr/local
mkdir -p run/sshd run/lock usr/local/lib usr/local/bin
exec chroot . /bin/bash -c 'touch /run/booted; cat >/dev/null'
`;

const inHost = (pid: number): string[] => ['-t', String(pid), '-m', '-p', '-i', '-r', '-w'];

const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? 0);

type Disk = { dir: string; kind: 'own' | 'lasting' };

const boot = async ({ dir, kind }: Disk): Promise<{ outer: ChildProcess; pid: number }> => {
  const outer = spawn('unshare', ['-m', '-p', '-i', '-f', '--kill-child', 'bash', '-c', BOOT, 'boot', dir, kind], {
    // Its end is the end of the host: also where this process is killed.
    stdio: ['pipe', 'ignore', 'pipe'],
    // A Ctrl-C in the terminal reaches the demo, which ends it in its turn.
    detached: true,
  });
  let said = '';
  outer.stderr.on('data', (part: Buffer) => (said += part.toString()));
  let pid = 0;
  await waitUntil(
    () => {
      if (outer.exitCode !== null) throw new Error(`The host did not start: ${said}`);
      pid = childOf(outer.pid ?? 0);
      return pid > 0 && spawnSync('nsenter', [...inHost(pid), 'test', '-e', '/run/booted']).status === 0;
    },
    { timeoutMs: 30_000, what: 'the host to start' },
  );
  return { outer, pid };
};

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
};

export type SshHostOptions = {
  /** An empty folder for its disk. */
  dir: string;
  /** Chosen by the caller, as is the key that it shows; both are made up otherwise. */
  port?: number;
  hostKey?: string;
  /** Its disk outlives a restart. Else it goes with the host, and nothing of it is seen on the machine. */
  isLasting?: boolean;
};

const layOut = (sh: SshHost['sh'], { port, hostKey }: { port: number; hostKey: string | undefined }): void => {
  sh('rm -f /etc/ssh/sshd_config.d/* /etc/ssh/test_host_key*');
  if (hostKey === undefined) sh(`ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/test_host_key`);
  else sh(`umask 077; cat >/etc/ssh/test_host_key <<'END'\n${hostKey.trim()}\nEND`);
  sh('ssh-keygen -y -f /etc/ssh/test_host_key >/etc/ssh/test_host_key.pub');
  sh(`cat >/etc/ssh/sshd_config <<'END'\n${CONFIG(port)}END`);
};

export const startSshHost = async ({ dir, isLasting = false, ...given }: SshHostOptions): Promise<SshHost> => {
  demandPrograms();
  // An overlay cannot lie upon itself: its own files are on a disk of their own.
  if (isLasting) execFileSync('mount', ['-t', 'tmpfs', 'latchkey-test', dir]);
  const disk: Disk = { dir, kind: isLasting ? 'lasting' : 'own' };
  const port = given.port ?? (await freePort());
  let { outer, pid } = await boot(disk);
  const sh = (script: string): string =>
    execFileSync('nsenter', [...inHost(pid), '/bin/bash', '-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  layOut(sh, { port, hostKey: given.hostKey });
  const startSshd = async (): Promise<void> => {
    sh(`${SSHD} -E /var/log/sshd-test.log`);
    await waitUntil(() => spawnSync('nsenter', [...inHost(pid), 'test', '-s', '/run/sshd.pid']).status === 0, {
      timeoutMs: 30_000,
      what: 'sshd to start',
    });
  };
  return {
    port,
    hostKey: sh('cat /etc/ssh/test_host_key.pub').trim(),
    root: () => `/proc/${pid}/root`,
    sh,
    startSshd,
    stopSshd: async () => {
      sh('kill $(cat /run/sshd.pid); rm -f /run/sshd.pid; for p in $(pgrep -x sshd); do kill -9 $p || true; done');
      await Promise.resolve();
    },
    restart: async () => {
      await ended(outer);
      ({ outer, pid } = await boot(disk));
      await startSshd();
    },
    stop: async () => {
      await ended(outer);
      if (isLasting) execFileSync('umount', ['-l', dir]);
    },
  };
};
