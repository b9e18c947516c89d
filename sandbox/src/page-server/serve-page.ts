/** The page of the local workspace: its files over HTTP, everything that happens over WebSockets, on the workspace's own port. */
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { World } from '../demo/world.ts';
import type { ListenOptions } from '../slack/server.ts';
import type { Workspace } from '../slack/workspace.ts';
import { isLoopbackHost, isOwnOrigin } from './guard.ts';
import { CLOSE_UNKNOWN_PERSON } from './protocol.ts';
import { createReadMarks } from './read-marks.ts';
import { answerFile, answerPage, answerText } from './static-files.ts';
import { openWindow } from './window.ts';
import type { Shared } from './window.ts';
import { linkWorld } from './world-link.ts';

export type PageOptions = {
  workspace: Workspace;
  /** The demo's production database; without it the page has no side panel. */
  world?: World;
  /** The name in the window's title, such as `Latchkey demo`. */
  title: string;
  /** One sentence that stays on the page, such as `Local workspace, not for production.` */
  warning: string;
  /** Where the built page is, when not in `dist/page/`. */
  folder?: string;
  /** A text file that `/getting-started` shows. */
  guide?: string;
};

/** Spread it into `workspace.listen({ port, ...page })`. */
export type Page = Required<Pick<ListenOptions, 'fallback' | 'fallbackUpgrade'>> & { close: () => void };

const SOCKET_PATH = '/page/socket';
const MESSAGE_BYTES_MAX = 1024 * 1024;
const HEARTBEAT_MS = 20_000;

/** The person of the address, by name or id; the first person when it names nobody. */
const personOf = (workspace: Workspace, who: string | null): string | undefined => {
  const people = [...workspace.state.people.values()].filter((one) => !one.isBot && !one.isDeleted);
  if (who === null || who === '') return people[0]?.id;
  return people.find((one) => one.id === who || one.name === who)?.id;
};

const answer = async (options: PageOptions, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (!isLoopbackHost(request)) {
    return answerText(response, 403, 'This page answers only to this machine: open it as http://localhost.');
  }
  if (request.method !== 'GET') return answerText(response, 405, 'Only GET is answered here.');
  if (url.pathname === '/getting-started' && options.guide !== undefined)
    return answerText(response, 200, await readFile(options.guide, 'utf8'));
  const [, fileId] = /^\/page\/files\/([A-Z0-9]+)$/.exec(url.pathname) ?? [];
  if (fileId === undefined) return answerPage(response, url.pathname, options.folder);
  const userId = personOf(options.workspace, url.searchParams.get('as')) ?? '';
  answerFile(response, options.workspace.state, { fileId, userId });
};

const refuse = (socket: Duplex, status: string): void => {
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
};

/** A laptop that slept leaves sockets that look open; a window that does not answer two pings is gone. */
const keepAlive = (sockets: WebSocketServer): NodeJS.Timeout => {
  const answered = new WeakSet<WebSocket>();
  sockets.on('connection', (socket) => {
    answered.add(socket);
    socket.on('pong', () => answered.add(socket));
  });
  const timer = setInterval(() => {
    for (const socket of sockets.clients) {
      if (!answered.delete(socket)) socket.terminate();
      else socket.ping();
    }
  }, HEARTBEAT_MS);
  return timer.unref();
};

const upgrader =
  (sockets: WebSocketServer, shared: Shared): Page['fallbackUpgrade'] =>
  (request, socket, head) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (url.pathname !== SOCKET_PATH) return refuse(socket, '404 Not Found');
    if (!isLoopbackHost(request) || !isOwnOrigin(request)) return refuse(socket, '403 Forbidden');
    sockets.handleUpgrade(request, socket, head, (opened) => {
      sockets.emit('connection', opened, request);
      const userId = personOf(shared.workspace, url.searchParams.get('as'));
      if (userId === undefined) opened.close(CLOSE_UNKNOWN_PERSON, 'There is no such person in this workspace.');
      else openWindow(opened, shared, userId);
    });
  };

export const servePage = (options: PageOptions): Page => {
  const { workspace, world, title, warning } = options;
  const worldLink = world === undefined ? undefined : linkWorld(world);
  const shared: Shared = { workspace, world, worldLink, marks: createReadMarks(workspace.state), title, warning };
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MESSAGE_BYTES_MAX });
  const heartbeat = keepAlive(sockets);
  return {
    fallback: (request, response) => {
      answer(options, request, response).catch((error: unknown) => {
        if (!response.headersSent) answerText(response, 500, `The page failed: ${String(error)}`);
      });
    },
    fallbackUpgrade: upgrader(sockets, shared),
    close: () => {
      clearInterval(heartbeat);
      worldLink?.close();
      for (const socket of sockets.clients) socket.terminate();
      sockets.close();
    },
  };
};
