import type { AddressInfo, Server } from 'node:net';

type Stopping = Server & { closeAllConnections(): void };

/** A stand-in's server on a free port of loopback. `stop` cuts the connections that are open. */
export const listenOnLoopback = async (server: Stopping): Promise<{ port: number; stop: () => Promise<void> }> => {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
