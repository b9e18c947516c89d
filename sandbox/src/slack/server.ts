/** The workspace's port: Web API, response_urls, uploads and Socket Mode; loopback only. */
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import type { SocketHub } from './delivery-socket.ts';
import { answerJson, firstPart, readBody } from './http.ts';
import { receiveUpload } from './methods/files.ts';
import { handleResponseUrl } from './response-url.ts';
import { handleWebApi } from './web-api.ts';
import type { WebApi } from './web-api.ts';

const HOST = '127.0.0.1';

export type ListenOptions = {
  port?: number;
  /** Requests for any path that is not Slack's, so that a page can share the port. */
  fallback?: (request: IncomingMessage, response: ServerResponse) => void;
  /** WebSocket upgrades for any path but `/link/`. */
  fallbackUpgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
};

export type Listening = {
  url: string;
  /** For `clientOptions.slackApiUrl`. */
  apiUrl: string;
  close: () => Promise<void>;
};

export type Port = {
  listen: (options?: ListenOptions) => Promise<Listening>;
  baseUrl: () => string;
  pause: () => Promise<void>;
  resume: () => Promise<void>;
  close: () => Promise<void>;
};

type Parts = { api: WebApi; hub: SocketHub };

const upload = async (parts: Parts, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const body = await readBody(request);
  const type = request.headers['content-type'] ?? '';
  const bytes = type.startsWith('multipart/') ? firstPart(type, body) : body;
  const id = (request.url ?? '').split('/').at(-1) ?? '';
  const isTaken = receiveUpload(parts.api.state, id, bytes);
  response.writeHead(isTaken ? 200 : 404, { 'content-type': 'text/plain' });
  response.end(isTaken ? `OK - ${bytes.length}` : 'not found');
};

const route = async (
  parts: Parts,
  request: IncomingMessage,
  rest: { response: ServerResponse; options: ListenOptions },
): Promise<void> => {
  const path = request.url ?? '/';
  if (path.startsWith('/api/')) return handleWebApi(parts.api, request, rest.response);
  const { outage } = parts.api.faults;
  if (typeof outage === 'number' && /^\/(actions|upload)\//.test(path)) {
    return answerJson(rest.response, { ok: false, error: 'service_unavailable' }, { status: outage });
  }
  if (path.startsWith('/actions/')) return handleResponseUrl(parts.api, request, rest.response);
  if (path.startsWith('/upload/v1/')) return upload(parts, request, rest.response);
  if (rest.options.fallback !== undefined) return rest.options.fallback(request, rest.response);
  rest.response.writeHead(404, { 'content-type': 'text/plain' });
  rest.response.end('not found');
};

const build = (parts: Parts, options: ListenOptions, upgraded: Set<Duplex>): Server => {
  const server = createServer((request, response) => {
    route(parts, request, { response, options }).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) return;
      answerJson(response, { ok: false, error: 'fatal_error', detail: String(error) }, { status: 500 });
    });
  });
  server.on('upgrade', (request, socket, head) => {
    upgraded.add(socket);
    socket.once('close', () => upgraded.delete(socket));
    if ((request.url ?? '').startsWith('/link/')) parts.hub.upgrade(request, socket, head);
    else if (options.fallbackUpgrade) options.fallbackUpgrade(request, socket, head);
    else socket.destroy();
  });
  return server;
};

const start = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, HOST, () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });

/** A server that closes waits for every WebSocket too, and no longer counts them among its connections. */
const stop = (server: Server, upgraded: Set<Duplex>): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  });

export const createPort = (parts: Parts): Port => {
  let server: Server | undefined;
  let port = 0;
  let options: ListenOptions = {};
  const upgraded = new Set<Duplex>();
  const url = (): string => {
    if (port === 0) throw new Error('The workspace does not listen yet: call listen() first.');
    return `http://${HOST}:${port}`;
  };
  const resume = async (): Promise<void> => {
    server = build(parts, options, upgraded);
    port = await start(server, port);
  };
  const pause = async (): Promise<void> => {
    const running = server;
    server = undefined;
    if (running !== undefined) await stop(running, upgraded);
  };
  return {
    baseUrl: url,
    pause,
    resume,
    close: pause,
    listen: async (given = {}) => {
      options = given;
      port = given.port ?? 0;
      await resume();
      return { url: url(), apiUrl: `${url()}/api/`, close: pause };
    },
  };
};
