/** One store on a database of its own, and the rows that most tests of stores begin with. */
import type pg from 'pg';
import { createPool, createStore } from '../../src/store/client.ts';
import type { Grant } from '../../src/domain/grants/grant.ts';
import type { Person } from '../../src/domain/principals/person.ts';
import type { Request } from '../../src/domain/requests/request.ts';
import type { AuditEntry, EntryOf } from '../../src/domain/audit/events.ts';
import type { LooseEntry } from '../../src/domain/audit/check-entry.ts';
import { SYSTEM } from '../../src/domain/audit/events.ts';
import type { Json } from '../../src/domain/json.ts';
import { canonicalJson } from '../../src/domain/canonical-json.ts';
import { newId } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import type { Store, Tx } from '../../src/application/deps.ts';
import type { NewRequest } from '../../src/application/requests/request-ports.ts';
import { createTestDatabase } from '../support/database.ts';

export type TestStore = {
  store: Store;
  pool: pg.Pool;
  url: string;
  /** How often outgoing work was announced. */
  workCalls: () => number;
  close(): Promise<void>;
};

/** `connections`: with one, a transaction that reads by another than its own waits for itself. */
export const openTestStore = async (connections = 40): Promise<TestStore> => {
  const database = await createTestDatabase();
  const log = createLog('silent');
  const pool = createPool({ url: database.url, log, max: connections });
  let calls = 0;
  const store = createStore({ pool, log, onWork: () => (calls += 1) });
  const close = async (): Promise<void> => {
    await store.close();
    await database.drop();
  };
  return { store, pool, url: database.url, workCalls: () => calls, close };
};

export const somePerson = (name = 'Ada'): Person => {
  const userId = `U${newId()}`;
  return {
    kind: 'person',
    id: `T1:${userId}`,
    teamId: 'T1',
    userId,
    name,
    email: `${name}@example.com`,
    timezone: null,
    isActive: true,
  };
};

export const someRequest = (requester: Pick<Person, 'id'>, changes: Partial<NewRequest> = {}): NewRequest => ({
  id: newId(),
  requesterId: requester.id,
  target: 'orders-db',
  role: 'read',
  durationMs: 1_800_000,
  reason: 'checkout errors',
  ticket: null,
  isBreakGlass: false,
  state: 'pending',
  rule: 'production',
  policySha256: 'abc',
  requirements: [{ label: 'owners', from: [{ kind: 'group', name: 'owners' }], count: 1 }],
  isInOrder: false,
  idempotencyKey: null,
  pendingMs: 3_600_000,
  ...changes,
});

export const storeRequest = (store: Store, changes: Partial<NewRequest> = {}): Promise<Request> =>
  store.transaction(async (tx) => {
    const requester = somePerson();
    await tx.principals.upsert(requester);
    const { request } = await tx.requests.insert(someRequest(requester, changes));
    return request;
  });

export const insertGrant = async (tx: Tx, request: Request, changes: Partial<Grant> = {}): Promise<string> => {
  const { id: requestId, requesterId: granteeId, target, role, durationMs } = request;
  const decisionId = newId();
  const id = changes.id ?? newId();
  await tx.requests.setState(requestId, 'approved');
  await tx.decisions.insert({
    id: decisionId,
    requestId,
    outcome: 'approved',
    rule: null,
    policySha256: 'abc',
    byPersonId: null,
    reason: null,
  });
  const scope = { group: 'app_read' };
  await tx.grants.insert({
    id,
    requestId,
    decisionId,
    granteeId,
    target,
    role,
    provider: 'postgres',
    scope,
    durationMs,
    ...changes,
  });
  return id;
};

/** Brings a new grant to `active`, ending `durationMs` later. */
export const storeActiveGrant = async (store: Store, durationMs = 1_800_000, target = 'orders-db'): Promise<string> => {
  const request = await storeRequest(store, { durationMs, target });
  return store.transaction(async (tx) => {
    const id = await insertGrant(tx, request);
    await tx.grants.claim(id, 1000, durationMs);
    await tx.grants.setActive(id, { login: `lk_${id}` });
    return id;
  });
};

export const someEvent = (changes: Partial<EntryOf<'request.cancelled'>> = {}): AuditEntry => ({
  type: 'request.cancelled',
  actor: SYSTEM,
  requestId: 'r1',
  grantId: null,
  target: 'orders-db',
  role: 'read',
  data: {},
  ...changes,
});

/** An event as some version wrote it: of any type, with any facts. */
export type WrittenEvent = Omit<LooseEntry, 'data'> & { data: { [key: string]: Json } };

/** Into the log past the catalog, in one statement. */
export const writeEvents = async (pool: pg.Pool, ...changes: Partial<WrittenEvent>[]): Promise<void> => {
  const events = changes.map((one) => ({ ...someEvent(), requestId: null, type: 'request.created', data: {}, ...one }));
  await pool.query(
    `with event as (
       insert into audit_events (at, type, actor, request_id, grant_id, target, role, data)
       select clock_timestamp(), e.* from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[]) e
       returning id
     ) insert into audit_unsealed (event_id) select id from event`,
    [
      events.map(({ type }) => type),
      events.map(({ actor }) => canonicalJson(actor)),
      events.map(({ requestId }) => requestId),
      events.map(({ grantId }) => grantId),
      events.map(({ target }) => target),
      events.map(({ role }) => role),
      events.map(({ data }) => canonicalJson(data)),
    ],
  );
};
