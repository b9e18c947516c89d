/** What a pooler between Latchkey and a server does with the settings of a connection, as pgbouncer does: drops them, or refuses. */
import { connect, createServer, type Socket } from 'node:net';

export type Pooler = { urlOf: (url: string) => string; close: () => Promise<void> };

/** postgresql.org/docs/current/protocol-message-formats.html: StartupMessage. */
const startupOf = (packet: Buffer): { head: Buffer; settings: [string, string][] } => {
  const words = packet.subarray(8, -2).toString().split('\0');
  const settings = words.flatMap((word, n): [string, string][] => (n % 2 === 0 ? [[word, words[n + 1] ?? '']] : []));
  return { head: packet.subarray(4, 8), settings };
};

const packetOf = (head: Buffer, settings: readonly [string, string][]): Buffer => {
  const body = Buffer.from(`${settings.map(([key, value]) => `${key}\0${value}\0`).join('')}\0`);
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + head.length + body.length);
  return Buffer.concat([length, head, body]);
};

const refusal = (): Buffer => {
  const body = Buffer.from('SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0');
  const length = Buffer.alloc(4);
  length.writeInt32BE(4 + body.length);
  return Buffer.concat([Buffer.from('E'), length, body]);
};

const relay = (from: Socket, to: Socket): void => {
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
};

export const startPooler = async (toUrl: string, what: 'drops' | 'refuses'): Promise<Pooler> => {
  const sockets = new Set<Socket>();
  const pool = createServer((client) => {
    sockets.add(client);
    client.once('data', (packet) => {
      if (what === 'refuses') return void client.end(refusal());
      const server = connect(Number(new URL(toUrl).port), '127.0.0.1');
      sockets.add(server);
      relay(client, server);
      relay(server, client);
      const { head, settings } = startupOf(packet);
      server.write(
        packetOf(
          head,
          settings.filter(([key]) => key !== 'options'),
        ),
      );
      client.pipe(server);
      return void server.pipe(client);
    });
  });
  await new Promise<void>((resolve) => {
    pool.listen(0, '127.0.0.1', resolve);
  });
  const address = pool.address();
  const port = address !== null && typeof address === 'object' ? String(address.port) : '';
  return {
    urlOf: (url) => {
      const pooled = new URL(url);
      pooled.port = port;
      return pooled.href;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        pool.close(resolve);
      });
    },
  };
};
