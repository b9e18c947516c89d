/**
 * The server's address as jobs have it, in front of a server that may die: at a chosen call of a job something is done to a part of the
 * world, and the answer of that call is lost.
 */
import { createServer, request as send } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `isDuring`: when the call arrives, and not when it was answered. */
export type Step = { method: string; path: RegExp; isDuring?: boolean };

export type StepFront = {
  url: string;
  leadTo(port: number | null): void;
  /** Once, at the next such call. Resolves when it was done. */
  at(step: Step, act: () => Promise<void>): Promise<void>;
  close(): Promise<void>;
};

type Armed = { step: Step; fire: () => Promise<void> };
type Exchange = { request: IncomingMessage; response: ServerResponse; body: Buffer };
type Answered = { answer: IncomingMessage; body: Buffer };

const bodyOf = async (stream: AsyncIterable<unknown>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

/** A caller that hangs up ends the call behind it, as a long poll must see. */
const forward = (port: number, { request, response, body }: Exchange): Promise<Answered> =>
  new Promise((resolve, reject) => {
    const { method, url: path, headers } = request;
    const onward = send({ host: '127.0.0.1', port, method, path, headers }, (answer) => {
      bodyOf(answer).then((read) => resolve({ answer, body: read }), reject);
    });
    onward.once('error', reject);
    response.once('close', () => onward.destroy());
    onward.end(body);
  });

const isMeant = ({ method, path }: Step, request: IncomingMessage): boolean =>
  request.method === method && path.test(request.url ?? '');

export const startStepFront = async (): Promise<StepFront> => {
  let behind: number | null = null;
  let armed: Armed | null = null;
  const take = (request: IncomingMessage, isDuring: boolean): Armed | null => {
    const found = armed;
    if (!found || (found.step.isDuring ?? false) !== isDuring || !isMeant(found.step, request)) return null;
    armed = null;
    return found;
  };
  const lose = async (exchange: Exchange, { fire }: Armed): Promise<void> => {
    await fire();
    exchange.response.destroy();
  };
  const serve = async (exchange: Exchange): Promise<void> => {
    const { request, response } = exchange;
    const before = take(request, true);
    if (before) return lose(exchange, before);
    if (behind === null) return void response.destroy();
    const { answer, body } = await forward(behind, exchange);
    const after = take(request, false);
    if (after) return lose(exchange, after);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    response.end(body);
  };
  const server = createServer((request, response) => {
    bodyOf(request)
      .then((body) => serve({ request, response, body }))
      // The server behind it is gone, or the caller: either sees a connection that breaks.
      .catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    leadTo: (port) => {
      behind = port;
    },
    at: (step, act) =>
      new Promise((resolve, reject) => {
        armed = { step, fire: () => act().then(resolve, reject) };
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
