/** What goes into the audit log: one type per thing that happened, each with a schema. Data holds facts, never secrets. */
import type { z } from 'zod';
import type { Json } from '../json.ts';
import { GRANT_EVENTS } from './catalog/grants.ts';
import { INCIDENT_EVENTS } from './catalog/incidents.ts';
import { PEOPLE_EVENTS } from './catalog/people.ts';
import { RECORD_EVENTS } from './catalog/record.ts';
import { REQUEST_EVENTS } from './catalog/requests.ts';
import type { Subject } from './define-event.ts';

export const EVENTS = { ...REQUEST_EVENTS, ...GRANT_EVENTS, ...PEOPLE_EVENTS, ...INCIDENT_EVENTS, ...RECORD_EVENTS };

export type EventType = keyof typeof EVENTS;

export const isEventType = (type: string): type is EventType => Object.hasOwn(EVENTS, type);

/** Who did it. `job`: of a client, the facts of the job that acted. */
export type Actor =
  | { kind: 'person'; id: string; name: string; email: string | null }
  | { kind: 'client'; id: string; name: string; issuer: string; job: { [fact: string]: Json } }
  | { kind: 'system'; id: string };

type DataBy = { [T in EventType]: z.infer<(typeof EVENTS)[T]['data']> };
export type EventData<T extends EventType> = DataBy[T];

type Common = { actor: Actor; target: string | null; role: string | null };

/** One event before it is written. The type decides what its data and its ids may be. */
export type EntryOf<T extends EventType> = {
  [K in T]: Common & Subject[(typeof EVENTS)[K]['about']] & { type: K; data: EventData<K> };
}[T];

export type AuditEntry = EntryOf<EventType>;

/** Refuses a field that the schema does not have, also where it came in by a spread. */
export type Exact<E extends AuditEntry> = {
  data: { [K in keyof E['data']]: K extends keyof EventData<E['type']> ? E['data'][K] : never };
};

/** An entry as it is stored. `at` is the database clock in ISO with microseconds; `data` the exact bytes that were hashed. */
export type AuditRecord = {
  /** As it was written: an older version may have used another name (`names.ts`). */
  type: string;
  requestId: string | null;
  grantId: string | null;
  target: string | null;
  role: string | null;
  id: string;
  at: string;
  actor: string;
  data: string;
};

export type SealedRecord = AuditRecord & { seq: number; prevHash: string; hash: string };

/** Which event this is of its request and of its grant: 1, 2, 3 … without a gap. `total` is in the event that says removed. */
export type Counters = { requestEvent: number | null; grantEvent: number | null; grantEventsTotal: number | null };

export const SYSTEM: Actor = { kind: 'system', id: 'latchkey' };
