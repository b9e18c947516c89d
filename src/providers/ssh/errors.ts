/** What the network, sshd and the helper say, as the error kinds of the contract. By code, never by text. */
import { ProviderError, type ProviderErrorKind } from '../provider.ts';
import { byErrno, codeOf, means, noAnswerOf } from '../kit/network-errors.ts';
import type { Meaning } from '../kit/network-errors.ts';

const NO_ANSWER = noAnswerOf('sshd');
const AWAY = means('unavailable', 'sshd broke the connection');

const BY_CODE = byErrno({ away: AWAY, noAnswer: NO_ANSWER });

/** As ssh2 says in which part of a connection it failed. */
const BY_LEVEL: Readonly<Record<string, Meaning>> = {
  'client-authentication': means(
    'misconfigured',
    "sshd refuses Latchkey's own key: run the script of `latchkey doctor --sql` there as root, and see that sshd reads sshd_config.d and that AllowUsers and DenyUsers let latchkey-host in",
  ),
  'client-timeout': NO_ANSWER,
};

export const WRONG_KEY = means(
  'misconfigured',
  'it has another key than the host_key of the target, so nothing was sent to it. If the host was made anew, put its new key into the policy',
);
const NO_COMMON = means(
  'misconfigured',
  'sshd and Latchkey have no algorithm in common; is host_key of a type that sshd there has?',
);

const KINDS: ReadonlySet<string> = new Set(['conflict', 'unavailable', 'denied', 'misconfigured']);

export const isKind = (word: string): word is ProviderErrorKind => KINDS.has(word);

const levelOf = (error: unknown): string =>
  error instanceof Error && 'level' in error && typeof error.level === 'string' ? error.level : '';

const meaningOf = (error: unknown): Meaning => {
  const level = levelOf(error);
  return (
    BY_CODE[codeOf(error)] ??
    BY_LEVEL[level] ??
    (level === 'handshake' ? NO_COMMON : means('unavailable', 'the connection could not be made in time, or was lost'))
  );
};

export type At = { where: string; isUntouched: boolean; meaning?: Meaning | null };

export const toProviderError = (error: unknown, { where, isUntouched, meaning }: At): ProviderError => {
  if (error instanceof ProviderError) return error;
  const { kind, sentence } = meaning ?? meaningOf(error);
  const code = codeOf(error);
  return new ProviderError(kind, `The host ${where}: ${sentence}${code ? ` (${code})` : ''}.`, {
    cause: error,
    isUntouched,
  });
};
