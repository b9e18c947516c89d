/** The one HTTP server of a process: health, readiness, metrics, and the doors that other adapters hand in. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartError } from '../lib/start-error.ts';
import type { Log } from '../lib/log.ts';

export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** Keyed by method and path: `POST /slack/events`. A key that ends in `/*` serves everything below it. */
export type Routes = Record<string, Handle>;

export type WebServer = { port: number; stop(): Promise<void> };

const STOP_GRACE_MS = 10_000;

export const sendJson = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
};

const find = (routes: Routes, method: string, path: string): Handle | undefined => {
  const exact = routes[`${method} ${path}`];
  if (exact) return exact;
  const below = Object.keys(routes).find(
    (key) => key.endsWith('/*') && `${method} ${path}`.startsWith(key.slice(0, -1)),
  );
  return below ? routes[below] : undefined;
};

const respond = async (routes: Routes, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  const method = request.method === 'HEAD' ? 'GET' : (request.method ?? 'GET');
  const handle = find(routes, method, pathname);
  if (handle) return handle(request, response);
  const others = Object.keys(routes).filter((key) => key.endsWith(` ${pathname}`));
  if (others.length === 0)
    return sendJson(response, 404, { error: 'not_found', message: `There is nothing at ${pathname}.` });
  response.setHeader('allow', others.map((key) => key.split(' ')[0]).join(', '));
  return sendJson(response, 405, { error: 'method_not_allowed', message: `${pathname} does not answer ${method}.` });
};

const answer = async (
  routes: Routes,
  log: Log,
  { request, response }: { request: IncomingMessage; response: ServerResponse },
): Promise<void> => {
  try {
    await respond(routes, request, response);
  } catch (error) {
    log.error({ err: error, path: request.url?.split('?')[0] }, 'an HTTP request failed');
    if (response.headersSent) response.end();
    else sendJson(response, 500, { error: 'internal', message: 'Something went wrong here; the log says what.' });
  }
};

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') return reject(error);
      const why = error.code === 'EACCES' ? 'may not be used by this user' : 'is taken by another process';
      return reject(new StartError(`Port ${port} ${why}; free it, or set PORT to another.`, { cause: error }));
    });
    server.listen(port, () => resolve((server.address() as AddressInfo).port));
  });

/** `port` 0 takes any free one. Stopping finishes the requests in hand. */
export const startWebServer = async ({
  port,
  routes,
  log,
}: {
  port: number;
  routes: Routes;
  log: Log;
}): Promise<WebServer> => {
  const server = createServer((request, response) => void answer(routes, log, { request, response }));
  const bound = await listen(server, port);
  return {
    port: bound,
    stop: () =>
      new Promise((resolve) => {
        const force = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS);
        server.close(() => {
          clearTimeout(force);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
};
