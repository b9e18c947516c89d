/** The sockets that a process listens on, as Linux tells them in /proc. */
import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';

export const canReadListening = existsSync('/proc/net/tcp');

const LISTEN = '0A';

/** proc_net_tcp: the address is hex in the byte order of the machine, four bytes at a time. */
const isLoopback = (hex: string): boolean => {
  const [address = ''] = hex.split(':');
  if (address.length === 8) return address.endsWith('7F');
  return address === '00000000000000000000000001000000' || /^0{16}0000FFFF.{6}7F$/.test(address);
};

type Socket = { inode: string; port: number; isLoopback: boolean };

const socketsIn = (file: string): Socket[] =>
  (existsSync(file) ? readFileSync(file, 'utf8') : '')
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === LISTEN)
    .map(([, local = '', , , , , , , , inode = '']) => ({
      inode,
      port: Number.parseInt(local.split(':')[1] ?? '', 16),
      isLoopback: isLoopback(local),
    }));

const inodesOf = (pid: number): Set<string> => {
  const links = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
  return new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1] ?? []));
};

/** TCP ports the process listens on, and whether they can be reached from this machine only. */
export const listeningOf = (pid: number): { port: number; isLoopback: boolean }[] => {
  const inodes = inodesOf(pid);
  return ['tcp', 'tcp6']
    .flatMap((name) => socketsIn(`/proc/${pid}/net/${name}`))
    .filter(({ inode }) => inodes.has(inode))
    .map(({ port, isLoopback: isLocal }) => ({ port, isLoopback: isLocal }));
};
