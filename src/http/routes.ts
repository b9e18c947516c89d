/** Which handler answers a request, and the answers where there is none. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export type Handle = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

/** Keyed by method and path: `POST /slack/events`. A key that ends in `/*` serves everything below it. */
export type Routes = Record<string, Handle>;

/** `route` is the key of what answers, or `none`: few values, whatever is requested. */
export type Found = { route: string; handle: Handle };

const NO_ROUTE = 'none';
/** Paths are repeated in answers, so that a wrong address can be seen; not the whole of a long one. */
const SHOWN_CHARS = 100;

export const sendJson = (response: ServerResponse, status: number, body: object): void => {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
};

const answerWith =
  (status: number, error: string, message: string): Handle =>
  (_request, response) =>
    sendJson(response, status, { error, message });

/** Only `/path?query` is an address here; `*`, `http://…` and wrong percent-encoding are not. */
const pathOf = (address: string): string | null => {
  if (!address.startsWith('/')) return null;
  const [path = ''] = address.split(/[?#]/, 1);
  try {
    return decodeURIComponent(path).includes('\0') ? null : path;
  } catch (error) {
    if (error instanceof URIError) return null;
    throw error;
  }
};

const keyFor = (routes: Routes, method: string, path: string): string | undefined => {
  const exact = `${method} ${path}`;
  if (Object.hasOwn(routes, exact)) return exact;
  return Object.keys(routes).find((key) => key.endsWith('/*') && exact.startsWith(key.slice(0, -1)));
};

/** What else answers at this path; anyone who may GET may HEAD. */
const methodsAt = (routes: Routes, path: string): string[] => {
  const methods = Object.keys(routes).map((key) => key.slice(0, key.indexOf(' ')));
  const known = [...new Set(methods)].filter((method) => keyFor(routes, method, path) !== undefined);
  return known.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
};

const refuseMethod =
  (path: string, method: string, allowed: string[]): Handle =>
  (_request, response) => {
    response.setHeader('allow', allowed.join(', '));
    sendJson(response, 405, { error: 'method_not_allowed', message: `${path} does not answer ${method}.` });
  };

export const findRoute = (routes: Routes, { url = '', method = 'GET' }: IncomingMessage): Found => {
  const path = pathOf(url);
  if (path === null)
    return { route: NO_ROUTE, handle: answerWith(400, 'bad_address', 'The address of the request cannot be read.') };
  const key = keyFor(routes, method === 'HEAD' ? 'GET' : method, path);
  const handle = key === undefined ? undefined : routes[key];
  if (key !== undefined && handle) return { route: key, handle };
  const shown = path.slice(0, SHOWN_CHARS);
  const allowed = methodsAt(routes, path);
  if (allowed.length > 0) return { route: NO_ROUTE, handle: refuseMethod(shown, method, allowed) };
  return { route: NO_ROUTE, handle: answerWith(404, 'not_found', `There is nothing at ${shown}.`) };
};
