/** An HTTP server of a process, and what it answers on its own: handlers come from `app.ts`. */
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '../lib/log.ts';
import { createRarely } from '../lib/rarely.ts';
import type { Rarely } from '../lib/rarely.ts';
import { LIMITS, dropTheRest, guardConnections, serverOptions, stopServer } from './connections.ts';
import type { Limits, Responses } from './connections.ts';
import { listen } from './listen.ts';
import type { Place } from './listen.ts';
import { findRoute, sendJson } from './routes.ts';
import type { Routes } from './routes.ts';

/** `route` is the key of what answered, `none` where there is nothing. */
export type Answered = { route: string; status: number; durationMs: number };

export type WebServerOptions = Place & {
  routes: Routes;
  log: Log;
  onAnswered?: (answered: Answered) => void;
  /** For tests, which cannot wait a minute. */
  limits?: Partial<Limits>;
};

export type WebServer = { port: number; stop(): Promise<void> };

type Serving = Pick<WebServerOptions, 'routes' | 'log' | 'onAnswered'> & {
  limits: Limits;
  rarely: Rarely;
  responses: Responses;
  isStopping: boolean;
};

const answer = async (
  { routes, log, rarely, onAnswered }: Serving,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> => {
  const startedAt = performance.now();
  const { route, handle } = findRoute(routes, request);
  response.once('finish', () =>
    onAnswered?.({ route, status: response.statusCode, durationMs: performance.now() - startedAt }),
  );
  try {
    await handle(request, response);
  } catch (error) {
    rarely(route, (leftOut) => log.error({ err: error, route, leftOut }, 'an HTTP request failed'));
    if (response.headersSent) response.end();
    else sendJson(response, 500, { error: 'internal', message: 'Something went wrong here; the log says what.' });
  }
};

const take = (serving: Serving, request: IncomingMessage, response: ServerResponse): void => {
  const { responses, limits } = serving;
  responses.add(response);
  response.once('close', () => responses.delete(response));
  response.once('finish', () => dropTheRest(request, limits.lingerMs));
  if (serving.isStopping) response.setHeader('connection', 'close');
  answer(serving, request, response).catch((error: unknown) => {
    serving.log.error({ err: error }, 'an HTTP request could not be answered');
    response.destroy();
  });
};

/** Stopping answers the requests in hand and closes every connection. */
export const startWebServer = async (options: WebServerOptions): Promise<WebServer> => {
  const { routes, log, onAnswered } = options;
  const limits = { ...LIMITS, ...options.limits };
  const rarely = createRarely();
  const responses: Responses = new Set();
  const serving: Serving = {
    routes,
    log,
    limits,
    rarely,
    responses,
    isStopping: false,
    ...(onAnswered && { onAnswered }),
  };
  const server = createServer(serverOptions(limits), (request, response) => take(serving, request, response));
  guardConnections(server, { limits, log, rarely, responses });
  const port = await listen(server, options);
  return {
    port,
    stop: () => {
      serving.isStopping = true;
      return stopServer(server, responses, limits);
    },
  };
};
