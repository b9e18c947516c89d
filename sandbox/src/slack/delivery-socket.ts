/** Socket Mode. Slack: docs.slack.dev/apis/events-api/using-socket-mode */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import type { Ack, Envelope } from './delivery.ts';
import type { DisconnectReason } from './faults.ts';
import type { State } from './state.ts';
import type { Json } from './types.ts';

/** Slack: "Socket Mode allows your app to maintain up to 10 open WebSocket connections". */
const CONNECTIONS_MAX = 10;
const PING_EVERY_MS = 10_000;
const CLOSE_WAIT_MS = 500;

type Pending = { socket: WebSocket; settle: (ack: Ack) => void };

export type SocketHub = {
  openUrl: (baseUrl: string) => string;
  upgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
  send: (envelope: Envelope) => Promise<Ack>;
  count: () => number;
  /** Of all connections, or of the `count` whose turn is next. */
  drop: (count?: number) => void;
  disconnect: (reason: DisconnectReason, count?: number) => void;
  close: () => Promise<void>;
};

type Hub = {
  state: State;
  server: WebSocketServer;
  tickets: Set<string>;
  /** Connections that take envelopes; one that has to go is no longer among them. */
  live: WebSocket[];
  pending: Map<string, Pending>;
  timers: Set<NodeJS.Timeout>;
};

const lost: Ack = { ok: false, error: 'dispatch_failed', reason: 'connection_failed', isFinal: false };
const late: Ack = { ok: false, error: 'operation_timeout', reason: 'timeout', isFinal: false };

const debugInfo = (): Json => ({ host: 'local', build_number: 1, approximate_connection_time: 18_060 });

const forget = (hub: Hub, socket: WebSocket): void => {
  hub.live = hub.live.filter((one) => one !== socket);
  for (const [id, waiting] of hub.pending) {
    if (waiting.socket !== socket) continue;
    hub.pending.delete(id);
    waiting.settle(lost);
  }
  hub.state.emit({ type: 'connections_changed', count: hub.live.length });
};

/** Undefined for what is no JSON: Slack closes such a connection. */
const readMessage = (data: RawData): { envelope_id?: string; payload?: Json } | undefined => {
  try {
    return JSON.parse(Buffer.isBuffer(data) ? data.toString('utf8') : '') as Json;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
};

const onMessage = (hub: Hub, socket: WebSocket, data: RawData): void => {
  const message = readMessage(data);
  if (message === undefined) {
    socket.close(1003);
    return;
  }
  const waiting = hub.pending.get(message.envelope_id ?? '');
  if (waiting === undefined) return;
  hub.pending.delete(message.envelope_id ?? '');
  const isEmpty = message.payload === undefined || Object.keys(message.payload).length === 0;
  waiting.settle({ ok: true, body: isEmpty ? undefined : message.payload });
};

const welcome = (hub: Hub, socket: WebSocket): void => {
  if (hub.live.length >= CONNECTIONS_MAX) {
    socket.send(JSON.stringify({ type: 'disconnect', reason: 'too_many_websockets', debug_info: debugInfo() }));
    socket.close();
    return;
  }
  hub.live.push(socket);
  const ping = setInterval(() => socket.ping(), PING_EVERY_MS);
  ping.unref();
  socket.on('message', (data) => onMessage(hub, socket, data));
  socket.on('error', () => socket.terminate());
  socket.on('close', () => {
    clearInterval(ping);
    forget(hub, socket);
  });
  socket.send(
    JSON.stringify({
      type: 'hello',
      num_connections: hub.live.length,
      debug_info: debugInfo(),
      connection_info: { app_id: hub.state.app.appId },
    }),
  );
  hub.state.emit({ type: 'connections_changed', count: hub.live.length });
};

const upgrade = (hub: Hub, request: IncomingMessage, rest: { socket: Duplex; head: Buffer }): void => {
  const ticket = new URL(request.url ?? '/', 'http://local').searchParams.get('ticket') ?? '';
  if (!hub.tickets.delete(ticket)) {
    rest.socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n');
    return;
  }
  hub.server.handleUpgrade(request, rest.socket, rest.head, (socket) => welcome(hub, socket));
};

/** Each envelope goes to one connection only; they take turns. */
const send = (hub: Hub, envelope: Envelope): Promise<Ack> => {
  const socket = hub.live.shift();
  if (socket === undefined) return Promise.resolve(lost);
  hub.live.push(socket);
  const id = randomUUID();
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      hub.pending.delete(id);
      resolve(late);
    }, hub.state.timing.ackMs);
    const settle = (ack: Ack): void => {
      clearTimeout(timer);
      resolve(ack);
    };
    hub.pending.set(id, { socket, settle });
    socket.send(
      JSON.stringify({
        envelope_id: id,
        type: envelope.kind,
        payload: envelope.payload,
        accepts_response_payload: envelope.kind !== 'events_api',
        ...(envelope.kind === 'events_api'
          ? { retry_attempt: envelope.retryNum, retry_reason: envelope.retryReason ?? '' }
          : {}),
      }),
    );
  });
};

const disconnect = (hub: Hub, reason: DisconnectReason, count: number): void => {
  for (const socket of hub.live.splice(0, count)) {
    socket.send(JSON.stringify({ type: 'disconnect', reason, debug_info: debugInfo() }));
    const timer = setTimeout(() => {
      hub.timers.delete(timer);
      socket.close();
    }, hub.state.timing.disconnectGraceMs);
    timer.unref();
    hub.timers.add(timer);
  }
  hub.state.emit({ type: 'connections_changed', count: hub.live.length });
};

const closed = (socket: WebSocket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve());
  });

/** Says goodbye properly, so that clients do not report a lost connection; but waits for nobody long. */
const closeHub = async (hub: Hub): Promise<void> => {
  for (const timer of hub.timers) clearTimeout(timer);
  const clients = [...hub.server.clients];
  const all = Promise.all(clients.map(closed));
  for (const socket of clients) socket.close(1001);
  const timer = setTimeout(() => {
    for (const socket of clients) socket.terminate();
  }, CLOSE_WAIT_MS);
  await all;
  clearTimeout(timer);
  hub.server.close();
};

export const createSocketHub = (state: State): SocketHub => {
  const hub: Hub = {
    state,
    server: new WebSocketServer({ noServer: true }),
    tickets: new Set(),
    live: [],
    pending: new Map(),
    timers: new Set(),
  };
  const drop = (count?: number): void => {
    for (const socket of count === undefined ? hub.server.clients : hub.live.slice(0, count)) socket.terminate();
  };
  return {
    openUrl: (baseUrl) => {
      const ticket = randomUUID();
      hub.tickets.add(ticket);
      return `${baseUrl.replace(/^http/, 'ws')}/link/?ticket=${ticket}&app_id=${state.app.appId}`;
    },
    upgrade: (request, socket, head) => upgrade(hub, request, { socket, head }),
    send: (envelope) => send(hub, envelope),
    count: () => hub.live.length,
    drop,
    disconnect: (reason, count = Number.POSITIVE_INFINITY) => disconnect(hub, reason, count),
    close: () => closeHub(hub),
  };
};
