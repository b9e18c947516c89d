/**
 * Syslog (RFC 5424), each message with its length before it (RFC 6587, 5425). Syslog has no acknowledgement. A connection for each batch
 * is the nearest to one: the receiver that closes it after us has read everything, and one that dies with bytes unread resets it.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { SealedRecord } from '../domain/audit/events.ts';
import type { Outcome } from '../application/evidence/deliver-events.ts';
import { cef, isAlarming } from './formats/cef.ts';
import { factsOf } from './formats/event.ts';

const TIMEOUT_MS = 20_000;
const SECOND_MS = 1_000;
/** Log audit; notice, and warning for what alarms. */
const FACILITY = 13 * 8;
const [WARNING, NOTICE] = [4, 5];
const [HOST_MAX, TYPE_MAX] = [255, 32];

/** `ca`: PEM; null for the authorities that Node knows. Without `tls` for this machine alone. */
export type Syslog = {
  host: string;
  port: number;
  tls: boolean;
  ca: string | null;
  origin: string;
  timeoutMs?: number;
};

/** No colon: a reader looks for the first `CEF:`. */
const word = (text: string, max: number): string => text.replaceAll(/[^A-Za-z0-9_./-]/g, '_').slice(0, max) || '-';

const frame = (event: SealedRecord, origin: string): Buffer => {
  const facts = factsOf(event);
  const priority = FACILITY + (isAlarming(facts) ? WARNING : NOTICE);
  const head = `<${priority}>1 ${facts.at} ${word(origin, HOST_MAX)} latchkey - ${word(facts.type, TYPE_MAX)} -`;
  const message = Buffer.from(`${head} ${cef(facts, origin)}`);
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
};

const open = ({ host, port, tls, ca }: Syslog): Socket => {
  if (!tls) return connect({ host, port, allowHalfOpen: true });
  return connectTls({
    host,
    port,
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ca !== null && { ca }),
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
  });
};

/** Null where the receiver closed after everything was sent; else why not. */
const exchange = (settings: Syslog, bytes: Buffer): Promise<string | null> =>
  new Promise((resolve) => {
    const { timeoutMs = TIMEOUT_MS } = settings;
    const socket = open(settings);
    const finish = (why: string | null): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(why);
    };
    const late = `it did not take everything and close within ${timeoutMs / SECOND_MS} s`;
    const timer = setTimeout(() => finish(late), timeoutMs);
    socket.on('error', (error: NodeJS.ErrnoException) => finish(error.code ?? error.message));
    socket.on('end', () => finish(socket.writableFinished ? null : 'it closed before it had everything'));
    socket.on('close', () => finish('it closed before it had everything'));
    // What it says is not for us, and must be read for its end to be seen.
    socket.resume();
    socket.once(settings.tls ? 'secureConnect' : 'connect', () => socket.end(bytes));
  });

export const sendSyslog =
  (settings: Syslog) =>
  async (events: readonly SealedRecord[]): Promise<Outcome> => {
    const bytes = Buffer.concat(events.map((event) => frame(event, settings.origin)));
    const why = await exchange(settings, bytes);
    if (why === null) return { kind: 'taken' };
    const what = `Syslog at ${settings.host}:${settings.port} cannot be reached or did not take the events (${why})`;
    return { kind: 'later', why: what, afterMs: null };
  };
