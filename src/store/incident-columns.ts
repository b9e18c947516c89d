/** What every statement on incidents reads. */
import { getTableColumns, sql } from 'drizzle-orm';
import { incidents } from './schema/incidents.ts';

export const incidentColumns = getTableColumns(incidents);

/** Of the row and of everything tied to it: no change of a request has to write, and so wait for, the incident's row. */
export const incidentVersion = sql<number>`(${incidents.version} + (
  select coalesce(sum(r.version), 0) from requests r where r.incident_id = ${incidents.id}))::integer`;
