/** A line to a server that may be slow, silent or cut, while the server itself is well. */
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';

export type Proxy = {
  port: number;
  /** The same address with the proxy's port. */
  urlOf(url: string): string;
  /** Ends every connection, and refuses new ones until `fix`. */
  cut(): void;
  /** Connections stand and nothing passes any more. */
  silence(): void;
  /** Everything that passes takes this much longer. */
  slowDown(delayMs: number): void;
  fix(): void;
  close(): Promise<void>;
};

type Line = { mode: 'well' | 'cut' | 'silent'; delayMs: number };

const pass = (line: Line, { from, to }: { from: Socket; to: Socket }): void => {
  from.on('data', (chunk) => {
    if (line.mode === 'silent') return;
    if (line.delayMs === 0) to.write(chunk);
    else setTimeout(() => to.writable && to.write(chunk), line.delayMs);
  });
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroy());
};

export const startProxy = async (toPort: number): Promise<Proxy> => {
  const line: Line = { mode: 'well', delayMs: 0 };
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    if (line.mode === 'cut') {
      socket.resetAndDestroy();
      return;
    }
    const far = connect(toPort, '127.0.0.1');
    for (const end of [socket, far]) {
      sockets.add(end);
      end.once('close', () => sockets.delete(end));
    }
    pass(line, { from: socket, to: far });
    pass(line, { from: far, to: socket });
  });
  const endAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = address !== null && typeof address === 'object' ? address.port : 0;
  return {
    port,
    urlOf: (url) => {
      const proxied = new URL(url);
      proxied.port = String(port);
      return proxied.href;
    },
    cut: () => {
      line.mode = 'cut';
      endAll();
    },
    silence: () => {
      line.mode = 'silent';
    },
    slowDown: (delayMs) => {
      line.delayMs = delayMs;
    },
    fix: () => {
      // What was swallowed cannot be made up for: whoever waits on such a connection would wait for ever.
      if (line.mode === 'silent') endAll();
      line.mode = 'well';
      line.delayMs = 0;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        endAll();
      }),
  };
};
