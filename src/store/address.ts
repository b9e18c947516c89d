/** Where Latchkey's own database is, and how its connections are opened: by what the address says, never by the driver's own reading. */
import type pg from 'pg';
import { readPostgresUrl } from '../lib/postgres-url.ts';
import { isInTheClear, tlsOf } from '../lib/postgres-tls.ts';

/** `ca`: certificates of the authority in PEM. */
export type DatabaseAddress = { url: string; ca?: string | null };

const given = (text: string): string | undefined => (text === '' ? undefined : text);

export const connectionOf = ({ url, ca = null }: DatabaseAddress): pg.ClientConfig => {
  const { host, port, user, password, database, sslmode } = readPostgresUrl(url);
  return {
    host: given(host),
    port,
    user: given(user),
    password: given(password),
    database: given(database),
    ssl: tlsOf({ sslmode, ca }),
  };
};

export const isEncrypted = (address: DatabaseAddress): boolean => connectionOf(address).ssl !== false;

/** A sentence where what is sent to the database can be read on its way. */
export const clearTextWarning = ({ url }: DatabaseAddress): string | null =>
  isInTheClear(readPostgresUrl(url))
    ? 'The connection to the database is not encrypted: its password and data can be read on the way. Add sslmode=verify-full to DATABASE_URL.'
    : null;
