/** What `sslmode` and a CA certificate mean, for Latchkey's own database and for targets alike: as libpq means them. */
import type { ConnectionOptions } from 'node:tls';
import { pemOf } from './certificates.ts';

export const SSL_MODES = ['disable', 'require', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

export const isSslMode = (text: string): text is SslMode => (SSL_MODES as readonly string[]).includes(text);

/** `sslmode`: null where none is given. `hasSystemRoots`: `sslrootcert=system`. */
export type TlsSettings = { sslmode: SslMode | null; ca: string | null; hasSystemRoots: boolean };

/** What the settings are called where they are given. */
export type TlsNames = { ca: string; sslmode: string };

/** Settings that contradict each other; each would be dropped by somebody. A sentence, or null. */
export const tlsProblem = ({ sslmode, ca, hasSystemRoots }: TlsSettings, names: TlsNames): string | null => {
  if (ca !== null && (sslmode === null || sslmode === 'disable'))
    return `${names.ca} is given and ${names.sslmode} is ${sslmode ?? 'not set'}, so nothing would be encrypted or checked; set sslmode=verify-full, or leave ${names.ca} out.`;
  if (hasSystemRoots && ca !== null) return `${names.ca} and sslrootcert=system contradict each other; leave one out.`;
  if (hasSystemRoots && sslmode !== 'verify-full')
    return `sslrootcert=system needs sslmode=verify-full, since anybody can get a certificate of a public authority.`;
  if (sslmode === 'verify-ca' && ca === null)
    return `sslmode=verify-ca needs the certificate of the authority, since anybody can get one of a public authority; give ${names.ca}, or set sslmode=verify-full.`;
  return null;
};

const anyHost = (): undefined => undefined;

/** With a CA, `require` checks it, as libpq does. Written out: a variable of Node's must not turn the check off. */
export const tlsOf = ({ sslmode, ca }: Pick<TlsSettings, 'sslmode' | 'ca'>): ConnectionOptions | false => {
  if (sslmode === null || sslmode === 'disable') return false;
  const trust = ca === null ? {} : { ca: pemOf(ca) };
  if (sslmode === 'verify-full') return { ...trust, rejectUnauthorized: true };
  if (sslmode === 'require' && ca === null) return { rejectUnauthorized: false };
  return { ...trust, rejectUnauthorized: true, checkServerIdentity: anyHost };
};

const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|::1|\/.*|)$/i;

/** This machine, by its name, its address or the folder of a socket. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** Whether what is sent can be read on its way. */
export const isInTheClear = ({ host, sslmode }: { host: string; sslmode: SslMode | null }): boolean =>
  (sslmode === null || sslmode === 'disable') && !isLoopback(host);
