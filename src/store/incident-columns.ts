/** What every statement on incidents reads. */
import { getTableColumns, sql } from 'drizzle-orm';
import { incidents } from './schema/requests.ts';

const { syncLeaseUntil: _lease, ...columns } = getTableColumns(incidents);
export const incidentColumns = columns;

/** Of the row and of everything tied to it: no change of a request has to write, and so wait for, the incident's row. */
export const incidentVersion = sql<number>`(${incidents.version} + (
  select coalesce(sum(r.version), 0) from requests r where r.incident_id = ${incidents.id}))::integer`;
