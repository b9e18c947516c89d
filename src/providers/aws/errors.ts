/** What AWS refuses, as the error kinds of the contract. By its codes: docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html */
import { ProviderError, type ProviderErrorKind } from '../provider.ts';

const KINDS: Readonly<Record<string, ProviderErrorKind>> = {
  Throttling: 'throttled',
  ThrottlingException: 'throttled',
  ThrottledException: 'throttled',
  TooManyRequestsException: 'throttled',
  RequestLimitExceeded: 'throttled',
  RequestThrottled: 'throttled',
  SlowDown: 'throttled',
  ConflictException: 'conflict',
  ConcurrentModification: 'conflict',
  EntityTemporarilyUnmodifiable: 'conflict',
  LimitExceeded: 'conflict',
  AccessDenied: 'denied',
  AccessDeniedException: 'denied',
  UnauthorizedOperation: 'denied',
  InternalFailure: 'unavailable',
  InternalServerException: 'unavailable',
  ServiceFailure: 'unavailable',
  ServiceUnavailable: 'unavailable',
  RequestTimeout: 'unavailable',
};

/** Our own keys ended before their time: others are fetched once. */
export const EXPIRED: readonly string[] = ['ExpiredToken', 'ExpiredTokenException'];
/** Where our clock is wrong, AWS says one of these. */
export const CLOCK: readonly string[] = [
  'SignatureDoesNotMatch',
  'InvalidSignatureException',
  'RequestExpired',
  'RequestTimeTooSkewed',
];

const REMEDIES: Readonly<Record<string, string>> = {
  InvalidClientTokenId: 'Correct credentials of the target.',
  UnrecognizedClientException: 'Correct credentials of the target.',
  SignatureDoesNotMatch: 'Correct credentials of the target, and look at the clock of this machine.',
  InvalidSignatureException: 'Correct credentials of the target, and look at the clock of this machine.',
  RegionDisabledException: 'Enable STS in that region of the account.',
  AccessDenied: '`latchkey doctor --sql` prints what Latchkey must be allowed.',
  AccessDeniedException: '`latchkey doctor --sql` prints what Latchkey must be allowed.',
};

const kindOf = (status: number, code: string): ProviderErrorKind => {
  const known = KINDS[code];
  if (known) return known;
  if (status === 429) return 'throttled';
  return status >= 500 ? 'unavailable' : 'misconfigured';
};

export type Refusal = { status: number; code: string; message: string };

/** `doing` ends the sentence "AWS could not …". */
export const refused = ({ status, code, message }: Refusal, doing: string): ProviderError => {
  const said = [code || `status ${status}`, message.slice(0, 300).replaceAll(/\s+/g, ' ')].filter(Boolean).join(': ');
  const remedy = REMEDIES[code];
  return new ProviderError(kindOf(status, code), `AWS could not ${doing} (${said}).${remedy ? ` ${remedy}` : ''}`);
};
