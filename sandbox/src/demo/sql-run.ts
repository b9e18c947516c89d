/** Runs what was typed at a prompt, row by row, so that a huge answer is never held. */
import pg from 'pg';

export type SqlAnswer = {
  columns: string[];
  /** The first 200. */
  rows: (string | null)[][];
  command: string;
  rowCount: number;
};

const SHOWN_ROWS = 200;
/** Read and thrown away beyond the shown ones, so that rowCount is true. */
const READ_ROWS = 100_000;

/** Text as Postgres sends it, so that the page shows what psql would. */
const AS_TEXT = { getTypeParser: () => (value: string | Buffer) => String(value) };

type Row = (string | null)[];

/** Of several statements the last one counts. Rejects with what Postgres said, or when there are more than 100,000 rows. */
export const runSql = (client: pg.Client, text: string): Promise<SqlAnswer> =>
  new Promise((resolve, reject) => {
    const config: pg.QueryArrayConfig = { text, rowMode: 'array', types: AS_TEXT };
    const query = new pg.Query<Row>(config);
    let of: unknown;
    let rows: Row[] = [];
    let count = 0;
    query.on('row', (row, result) => {
      if (of !== result) {
        of = result;
        rows = [];
        count = 0;
      }
      count += 1;
      if (rows.length < SHOWN_ROWS) rows.push(row);
      if (count <= READ_ROWS) return;
      reject(new Error(`More than ${READ_ROWS} rows: the prompt was closed. Add a LIMIT.`));
      client.connection.stream.destroy();
    });
    query.on('error', reject);
    query.on('end', (results: pg.QueryResult | pg.QueryResult[]) => {
      const last = Array.isArray(results) ? results.at(-1) : results;
      resolve({
        columns: last?.fields.map(({ name }) => name) ?? [],
        rows: of === last ? rows : [],
        command: last?.command ?? '',
        rowCount: last?.rowCount ?? 0,
      });
    });
    client.query(query);
  });
