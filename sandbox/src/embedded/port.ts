/** Loopback ports for the embedded servers. */
import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';

/**
 * A free loopback port below the range the system hands out for outgoing connections. Above it, a client that keeps
 * trying to reach a stopped server can be given that very port, connect to itself, and so keep the server from returning.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = randomInt(20_000, 32_000);
    if (await canListen(port)) return port;
  }
  throw new Error('Found no free port between 20000 and 32000 on 127.0.0.1.');
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
