/** The way into the pretend databases of the demo's Postgres. */
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { urlFor } from '../production.ts';
import { runSql } from '../sql-run.ts';
import { HostError } from './host.ts';
import type { Login, Session, Way } from './host.ts';

const CONNECT_WITHIN_MS = 5_000;
const STATEMENT_WITHIN_MS = 5_000;
const TRIES = 5;
const TRY_AGAIN_MS = 100;

/** postgresql.org/docs/current/errcodes-appendix.html: no such login, not with this password, not any more. */
const KINDS: Readonly<Record<string, HostError['kind']>> = {
  '28P01': 'login',
  '28000': 'login',
  '42501': 'denied',
  '53300': 'full',
  '57P01': 'cut',
};

const codeOf = (error: unknown): string | null =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;

const errorOf = (error: unknown): HostError => {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  return new HostError(message, { kind: KINDS[code ?? ''] ?? 'other', code }, error);
};

type Options = {
  /** Any URL of the server. */
  serverUrl: string;
  /** Which database a login was made for. */
  databaseOf(user: string): Promise<string>;
};

const connect = async (options: Options, login: Login, triesLeft = TRIES): Promise<pg.Client> => {
  const client = new pg.Client({
    connectionString: urlFor(options.serverUrl, await options.databaseOf(login.user), login),
    application_name: 'SQL prompt',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    statement_timeout: STATEMENT_WITHIN_MS,
  });
  try {
    await client.connect();
    return client;
  } catch (error) {
    const known = errorOf(error);
    if (known.kind !== 'full' || triesLeft === 0) throw known;
    // A session that was just closed takes a moment to be gone on the server, and still counts.
    await delay(TRY_AGAIN_MS);
    return connect(options, login, triesLeft - 1);
  }
};

export const postgresWay = (options: Options): Way => ({
  title: 'Postgres',
  open: async (login): Promise<Session> => {
    const client = await connect(options, login);
    return {
      run: async (sql) => {
        try {
          return await runSql(client, sql);
        } catch (error) {
          throw errorOf(error);
        }
      },
      close: async () => await client.end(),
      onEnd: (listener) => {
        client.on('error', (error) => listener(codeOf(error)));
        client.on('end', () => listener(null));
      },
    };
  },
});
