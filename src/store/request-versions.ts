/** The versions of many requests at once: all long polls of a process are one look. On a connection of its own. */
import type pg from 'pg';

type Row = { id: string; version: number };

export const requestVersions =
  (pool: pg.Pool) =>
  async (ids: string[]): Promise<Row[]> => {
    const text = 'select id, version from requests where id = any($1)';
    return (await pool.query<Row>({ name: 'request_versions', text, values: [ids] })).rows;
  };
