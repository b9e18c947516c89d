/** What every statement on requests reads, and how their version is raised. */
import { getTableColumns, sql } from 'drizzle-orm';
import { requests } from './schema/requests.ts';

const { idempotencyKey: _key, clientKey: _clientKey, ...columns } = getTableColumns(requests);
export const requestColumns = columns;

export const raisedVersion = sql`${requests.version} + 1`;
