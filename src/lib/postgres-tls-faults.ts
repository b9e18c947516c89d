/** What a server's TLS lacks, by the codes of Node and Postgres: cause and remedy as the end of a sentence. */
import type { TlsNames } from './postgres-tls.ts';

/** The driver gives this failure no code. */
const NO_TLS = 'The server does not support SSL connections';
/** Who the login is was looked at already: the server did not mind how it came. */
const KNEW_THE_LOGIN = 'InitializeSessionUserId';

const codeIn = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '');
const routineIn = (error: Error): string =>
  'routine' in error && typeof error.routine === 'string' ? error.routine : '';

type Say = (names: TlsNames) => string;

const unknownAuthority: Say = ({ ca }) =>
  `its certificate is signed by an authority that is not known here: give the certificate of that authority as ${ca}`;

/** nodejs.org/api/tls.html#x509-certificate-error-codes */
const BY_CODE: Readonly<Record<string, Say>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: ({ ca }) => `its certificate is self-signed: give that certificate as ${ca}`,
  SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT: unknownAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority,
  CERT_SIGNATURE_FAILURE: ({ ca }) =>
    `its certificate is not signed by the authority that is given: correct ${ca}, which has the same name and another key`,
  CERT_HAS_EXPIRED: () =>
    'its certificate, or that of its authority, has expired: renew it on the server, and check the clock here',
  CERT_NOT_YET_VALID: () => 'its certificate is not valid yet: check the clocks here and there',
  CERT_REVOKED: () => 'its certificate was revoked: give the server a new one',
  ERR_TLS_CERT_ALTNAME_INVALID: ({ ca }) =>
    `its certificate is for another host name: connect by a name that stands in it, or set sslmode=verify-ca with ${ca}`,
  INVALID_CA: ({ ca }) => `its certificate is signed by one that is no authority: correct ${ca}`,
};

const OF_CERTIFICATES =
  /^(?:CERT_|CRL_|UNABLE_TO_|HOSTNAME_|INVALID_PURPOSE|PATH_LENGTH|ERR_TLS_CERT|EE_KEY|CA_KEY|CA_MD)/;
const OF_TLS = /^(?:ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO$)/;

/** null where the failure is none of TLS. `isEncrypted`: whether Latchkey wanted TLS. */
export const tlsFault = (error: unknown, isEncrypted: boolean, names: TlsNames): string | null => {
  if (!(error instanceof Error)) return null;
  const code = codeIn(error);
  if (!isEncrypted && code === '28000' && routineIn(error) !== KNEW_THE_LOGIN)
    return `it refuses connections without TLS; it wants TLS: set sslmode=verify-full as ${names.sslmode}, and if it still refuses, let Latchkey in by its pg_hba.conf`;
  if (code === '' && error.message === NO_TLS)
    return `it has no TLS, and ${names.sslmode} demands it: turn on TLS there (ssl = on), or set sslmode=disable on a network that you trust`;
  const say = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  if (say) return say(names);
  if (OF_CERTIFICATES.test(code)) return `its certificate is not accepted: check it, and ${names.ca}`;
  if (OF_TLS.test(code))
    return 'TLS could not be agreed on: check that Postgres answers at that port, with TLS 1.2 or newer';
  return null;
};
