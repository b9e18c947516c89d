/** What a connection may do before and between requests: limits, what is answered to what is no HTTP, and the end of all of them. */
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Log } from '../lib/log.ts';
import { createRarely } from '../lib/rarely.ts';
import type { Rarely } from '../lib/rarely.ts';

export type Limits = {
  /** For the headers of a request, from its first byte; of a new connection from its beginning. */
  headersMs: number;
  /** For a whole request. */
  requestMs: number;
  /** How long a connection may lie idle. Load balancers keep theirs for 60 s: they must be the first to close, or a request is lost. */
  keepAliveMs: number;
  /** How long a connection may be without a byte in either direction while a request is answered. */
  silenceMs: number;
  connections: number;
  /** How often the first two are looked at. */
  checkMs: number;
  /** How long the rest of a request that was answered early is still taken in and dropped, so that its sender reads the answer. */
  lingerMs: number;
  /** How long a stop waits for requests in hand. */
  stopMs: number;
};

export const LIMITS: Limits = {
  headersMs: 10_000,
  requestMs: 15_000,
  keepAliveMs: 75_000,
  silenceMs: 90_000,
  connections: 1_000,
  checkMs: 1_000,
  lingerMs: 2_000,
  stopMs: 10_000,
};

const HEADERS_MAX = 100;
const HEADER_BYTES = 16_384;
/** A request whose first bytes are here when the stop begins is still answered. */
const LAST_REQUESTS_MS = 250;
const STOP_LOOK_MS = 25;
/** Idle connections are closed for others at most this often. */
const MAKE_ROOM_MS = 1_000;

/** Node counts `headersTimeout` from the first byte of a request, so an idle connection outlives it. */
export const serverOptions = ({ headersMs, requestMs, keepAliveMs, checkMs }: Limits): ServerOptions => ({
  headersTimeout: headersMs,
  requestTimeout: requestMs,
  keepAliveTimeout: keepAliveMs,
  connectionsCheckingInterval: checkMs,
  maxHeaderSize: HEADER_BYTES,
});

const STATUS: Record<string, string> = {
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  HPE_INVALID_METHOD: '405 Method Not Allowed\r\nAllow: GET, HEAD, POST',
};

const closeWith = (socket: Socket, status: string): void => {
  if (!socket.writable) return void socket.destroy();
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`, () => socket.destroy());
};

export type Responses = Set<ServerResponse>;

/** Anybody can send what is no HTTP, so nothing is written to the log. */
export const guardConnections = (
  server: Server,
  { limits, log, rarely, responses }: { limits: Limits; log: Log; rarely: Rarely; responses: Responses },
): void => {
  server.maxHeadersCount = HEADERS_MAX;
  server.maxConnections = limits.connections;
  server.timeout = limits.silenceMs;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const isBegun = [...responses].some((response) => response.socket === socket && response.headersSent);
    if (isBegun || error.code === 'ECONNRESET') socket.destroy();
    else closeWith(socket, STATUS[error.code ?? ''] ?? '400 Bad Request');
  });
  server.on('connect', (_request, socket: Socket) => closeWith(socket, STATUS['HPE_INVALID_METHOD'] ?? ''));
  const makeRoom = createRarely(MAKE_ROOM_MS);
  server.on('drop', () => {
    makeRoom('idle', () => server.closeIdleConnections());
    rarely('connections', (leftOut) =>
      log.warn({ limit: limits.connections, leftOut }, 'there are too many connections; new ones are dropped'),
    );
  });
};

/** A refusal does not wait for the whole request; what still comes of it is dropped, for a moment. */
export const dropTheRest = (request: IncomingMessage, lingerMs: number): void => {
  if (request.complete || request.destroyed) return;
  const timer = setTimeout(() => request.socket.destroy(), lingerMs);
  request.once('close', () => clearTimeout(timer));
};

/** Idle connections are closed at once, requests in hand are answered with `Connection: close`. */
export const stopServer = (server: Server, responses: Responses, { stopMs }: Limits): Promise<void> =>
  new Promise((resolve) => {
    let quietSince = performance.now();
    const look = setInterval(() => {
      server.closeIdleConnections();
      if (responses.size > 0) quietSince = performance.now();
      else if (performance.now() - quietSince > LAST_REQUESTS_MS) server.closeAllConnections();
    }, STOP_LOOK_MS);
    const force = setTimeout(() => server.closeAllConnections(), stopMs);
    for (const response of responses) if (!response.headersSent) response.setHeader('connection', 'close');
    server.close(() => {
      clearInterval(look);
      clearTimeout(force);
      resolve();
    });
    server.closeIdleConnections();
  });
