/** Who may speak to the page: this machine's own browser, on this page, and nobody a foreign page sends. */
import type { IncomingMessage } from 'node:http';

const loopback = new Set(['127.0.0.1', 'localhost', '[::1]']);

const hostOf = (request: IncomingMessage): URL | undefined => {
  const { host } = request.headers;
  return host !== undefined && URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined;
};

/** A foreign name that resolves to loopback (DNS rebinding) still stands in the Host header. Any port: it may be forwarded. */
export const isLoopbackHost = (request: IncomingMessage): boolean => {
  const host = hostOf(request);
  return host !== undefined && loopback.has(host.hostname);
};

/** Browsers let any page open a WebSocket to any host, and say in Origin which page it is. */
export const isOwnOrigin = (request: IncomingMessage): boolean => {
  const { origin } = request.headers;
  const host = hostOf(request);
  return host !== undefined && origin !== undefined && URL.canParse(origin) && new URL(origin).origin === host.origin;
};

export const safetyHeaders: Record<string, string> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    // Blocks may show pictures of any secure address.
    "img-src 'self' data: https:",
    "connect-src 'self' ws://localhost:* ws://127.0.0.1:*",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};
