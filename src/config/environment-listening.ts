/** Where the app listens. */
import { isIP } from 'node:net';

type Reader = { read(name: string): string | null; refuse(code: string, name: string, message: string): void };

export type Listening = {
  port: number;
  /** null for all addresses of the machine. */
  host: string | null;
  /** null where metrics and readiness are on `port`, without names. */
  metricsPort: number | null;
};

const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*\.?$/;

const readPort = (reader: Reader, name: string, remedy: string): number | null => {
  const text = reader.read(name);
  if (text === null) return null;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : -1;
  if (port >= 0 && port <= 65_535) return port;
  reader.refuse('bad_port', name, `${name} is no number from 0 to 65535; ${remedy}.`);
  return null;
};

const readHost = (reader: Reader): string | null => {
  const text = reader.read('LATCHKEY_HOST');
  const host = text?.replace(/^\[(.*)\]$/, '$1') ?? null;
  if (host === null || isIP(host) > 0 || (HOST_NAME.test(host) && !/^[\d.]+$/.test(host))) return host;
  const message =
    'LATCHKEY_HOST is no address to listen on, such as 127.0.0.1, :: or localhost, without a port; leave it out for all addresses.';
  reader.refuse('bad_host', 'LATCHKEY_HOST', message);
  return null;
};

export const readListening = (reader: Reader): Listening => {
  const port = readPort(reader, 'PORT', 'leave it out for 3000') ?? 3000;
  const metricsPort = readPort(reader, 'LATCHKEY_METRICS_PORT', 'leave it out to serve metrics on PORT');
  if (metricsPort !== null && metricsPort !== 0 && metricsPort === port)
    reader.refuse(
      'bad_port',
      'LATCHKEY_METRICS_PORT',
      `LATCHKEY_METRICS_PORT and PORT are both ${port}; give metrics a port of their own, or leave LATCHKEY_METRICS_PORT out.`,
    );
  return { port, host: readHost(reader), metricsPort };
};
