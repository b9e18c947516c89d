/** Loopback ports for the embedded servers. */
import { randomInt } from 'node:crypto';
import { closeSync, mkdirSync, openSync, statSync, utimesSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';

/** How long a port that was given is given to nobody else: by then its server listens. */
const KEPT_MS = 120_000;

/**
 * A free loopback port below the range the system hands out for outgoing connections. Above it, a client that keeps
 * trying to reach a stopped server can be given that very port, connect to itself, and so keep the server from returning.
 * No other process of this user is given the same for two minutes, however many look at once.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(20_000, 32_000);
    if (canTake(port) && (await canListen(port))) return port;
  }
  throw new Error('Found no free port between 20000 and 32000 on 127.0.0.1.');
}

/** True where nobody was given it within two minutes: an empty file says who was first, and its time says when. */
function canTake(port: number): boolean {
  const folder = path.join(tmpdir(), `latchkey-ports-${userInfo().uid}`);
  const file = path.join(folder, String(port));
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(file, 'wx'));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  if (Date.now() - statSync(file).mtimeMs < KEPT_MS) return false;
  utimesSync(file, new Date(), new Date());
  return true;
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** True when something accepts connections on the loopback port. */
export function isPortOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
