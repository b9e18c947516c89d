/** What the network says, as the error kinds of the contract. By errno, never by text. */
import type { ProviderErrorKind } from '../provider.ts';

export type Meaning = { kind: ProviderErrorKind; sentence: string };

export const means = (kind: ProviderErrorKind, sentence: string): Meaning => ({ kind, sentence });

/** `server`: what is looked for there, as `the server` or `sshd`. */
export const noAnswerOf = (server: string): Meaning =>
  means('unavailable', `nothing answers there: is ${server} up, and does a firewall let Latchkey through?`);

export const SERVER_AWAY = means('unavailable', 'the server is starting, stopping or broke the connection');
export const SERVER_SILENT = noAnswerOf('the server');

/** nodejs.org/api/errors.html#common-system-errors */
export const byErrno = ({
  away,
  noAnswer,
}: {
  away: Meaning;
  noAnswer: Meaning;
}): Readonly<Record<string, Meaning>> => ({
  ECONNREFUSED: noAnswer,
  ECONNRESET: away,
  EPIPE: away,
  ETIMEDOUT: noAnswer,
  EHOSTUNREACH: noAnswer,
  ENETUNREACH: noAnswer,
  ENOTFOUND: means('unavailable', 'its host name is not known'),
  EAI_AGAIN: means('unavailable', 'its host name could not be looked up'),
});

/** The `code` of an error; empty when it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
