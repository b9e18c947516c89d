/**
 * One transaction on a connection of its own; whatever happens, the connection goes back clean or not at all. Most of what a short
 * transaction costs is the number of times something is sent, so what need not be waited for is sent along with what must.
 */
import type { Duplex } from 'node:stream';
import type pg from 'pg';

export type Line = {
  /** For statements that are waited for. Those of one turn go out together, after everything that was left to be sent along. */
  client: pg.PoolClient;
  /** Sends it along with the next statement, without waiting. When it fails the transaction fails, with this failure. */
  later(send: () => Promise<unknown>): void;
};

type Owner = Line & {
  begin(statement: string): void;
  /** Commits, and rejects with the first failure of what was sent along. */
  commit(): Promise<void>;
  /** What was sent along and failed first; it is why everything after it failed. */
  firstFailure(): Promise<PromiseRejectedResult | undefined>;
};

/** Buffers what is written in one turn, so that it leaves in one packet and with one call of the system. */
const createCork = (connection: pg.PoolClient) => {
  let held: Duplex | null = null;
  const release = (): void => {
    held?.uncork();
    held = null;
  };
  return {
    hold: (): void => {
      if (held) return;
      held = connection.connection.stream;
      held.cork();
    },
    releaseSoon: (): void => process.nextTick(release),
  };
};

const demandCommitted = ({ command }: pg.QueryResult): void => {
  // Postgres answers COMMIT of a failed transaction with ROLLBACK and no error: someone caught a statement's failure and went on.
  if (command !== 'COMMIT') throw new Error('The transaction had failed before its commit, so nothing was stored.');
};

const createLine = (connection: pg.PoolClient): Owner => {
  const cork = createCork(connection);
  const client = Object.create(connection) as pg.PoolClient;
  let owed: Promise<unknown>[] = [];
  let isSentAlong = false;
  client.query = ((...given: [pg.QueryConfig, unknown[] | undefined]) => {
    cork.hold();
    if (!isSentAlong) cork.releaseSoon();
    return connection.query(...given);
  }) as pg.PoolClient['query'];
  const later = (send: () => Promise<unknown>): void => {
    isSentAlong = true;
    const sent = send();
    isSentAlong = false;
    // Heard of at the commit, or when something else fails before that.
    sent.catch(() => undefined);
    owed.push(sent);
  };
  const firstFailure = async (): Promise<PromiseRejectedResult | undefined> =>
    (await Promise.allSettled(owed)).find((outcome) => outcome.status === 'rejected');
  return {
    client,
    later,
    firstFailure,
    begin: (statement) => {
      owed = [];
      later(() => client.query(statement));
    },
    commit: async () => {
      const committed = await client.query('commit');
      const failure = await firstFailure();
      if (failure) throw failure.reason;
      demandCommitted(committed);
    },
  };
};

/** Kept as long as the connection, because anyone who prepares statements for it keeps them with it. */
const lines = new WeakMap<pg.PoolClient, Owner>();

const lineOf = (connection: pg.PoolClient): Owner => {
  const line = lines.get(connection) ?? createLine(connection);
  lines.set(connection, line);
  return line;
};

const canRollBack = ({ client }: Line): Promise<boolean> =>
  client.query('rollback').then(
    () => true,
    () => false,
  );

/** `begin` is the statement that opens it. */
export const inTransaction = async <T>(pool: pg.Pool, begin: string, work: (line: Line) => Promise<T>): Promise<T> => {
  const connection = await pool.connect();
  const line = lineOf(connection);
  let isClean = true;
  try {
    line.begin(begin);
    const result = await work(line);
    await line.commit();
    return result;
  } catch (error) {
    isClean = await canRollBack(line);
    throw (await line.firstFailure())?.reason ?? error;
  } finally {
    connection.release(!isClean);
  }
};
