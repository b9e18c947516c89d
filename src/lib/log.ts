/** Structured logs. Values under secret-looking keys never leave the process. */
import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';

export type Log = {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
  child(facts: object): Log;
};

const SECRET_KEYS = ['password', 'token', 'secret', 'url', 'authorization', 'signingSecret', 'plain', 'credentials'];
const REDACTED = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

/** Faults with a sentence and a code of our own: where in the code they were found helps nobody. */
const KNOWN = new Set(['DomainError', 'ProviderError', 'StartError']);

const isKnown = (error: object): boolean =>
  'name' in error && KNOWN.has(String(error.name)) && !('isUnknown' in error && error.isUnknown === true);

const errorFacts = (error: Error): object => {
  const facts = pino.stdSerializers.err(error);
  if (!(error instanceof Error) || !isKnown(error)) return facts;
  const { stack: _stack, ...rest } = facts;
  return { ...rest, message: error.message };
};

export const createLog = (level: string, destination?: DestinationStream): Log => {
  const options = {
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: errorFacts },
    redact: { paths: REDACTED, censor: '[redacted]' },
  };
  const logger: Logger = destination ? pino(options, destination) : pino(options);
  return logger;
};
