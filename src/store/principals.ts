/** Principals: people as they were last read from Slack, and clients as the policy described them when they were last seen. */
import { eq, getTableColumns, inArray } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Client } from '../domain/principals/client.ts';
import type { Person } from '../domain/principals/person.ts';
import type { Principal } from '../domain/principals/principal.ts';
import type { Store, Tx } from '../application/deps.ts';
import type { Line } from './in-transaction.ts';
import { clients, people, principals } from './schema/principals.ts';
import { publicKeyReads } from './public-keys.ts';
import { firstOrNull, slot } from './statement.ts';
import type { Db } from './statement.ts';

const { firstSeenAt: _first, lastSeenAt: _last, ...columns } = getTableColumns(clients);
/** What a view shows of a client; a statement joins it beside the person, and one of both is there. */
export const clientColumns = columns;

/** A client that is joined once more, under another name. */
export const clientAlias = <Name extends string>(name: Name) => {
  const table = alias(clients, name);
  const { firstSeenAt: _firstSeen, lastSeenAt: _lastSeen, ...shown } = getTableColumns(table);
  return { table, columns: shown };
};

export const principalOrNull = (person: Person | null, client: Client | null): Principal | null => person ?? client;

/** The foreign keys say that there is one. */
const principalOf = (person: Person | null, client: Client | null): Principal => {
  const found = person ?? client;
  if (!found) throw new Error('a principal has neither a person nor a client');
  return found;
};

type Joined = { person: Person | null; client: Client | null };

/** A row that joined both by its grantee. */
export const withGrantee = <Row extends Joined>({ person, client, ...row }: Row) => ({
  ...row,
  grantee: principalOf(person, client),
});

const findStatement = (db: Db) =>
  db
    .select()
    .from(people)
    .where(eq(people.id, slot('id')))
    .prepare('person_find');

const findPrincipalStatement = (db: Db) =>
  db
    .select({ person: people, client: clientColumns })
    .from(principals)
    .leftJoin(people, eq(people.id, principals.id))
    .leftJoin(clients, eq(clients.id, principals.id))
    .where(eq(principals.id, slot('id')))
    .prepare('principal_find');

export const principalReads = (db: Db): Pick<Store['read'], 'people' | 'person' | 'principal' | 'publicKey'> => {
  const find = findStatement(db);
  const findPrincipal = findPrincipalStatement(db);
  return {
    publicKey: publicKeyReads(db),
    people: async (ids) =>
      ids.length === 0
        ? []
        : db
            .select()
            .from(people)
            .where(inArray(people.id, [...ids])),
    person: async (id) => firstOrNull(await find.execute({ id })),
    principal: async (id) => {
      const found = firstOrNull(await findPrincipal.execute({ id }));
      return found ? principalOrNull(found.person, found.client) : null;
    },
  };
};

/**
 * Writes only what is new or has changed: an upsert locks the row even when nothing changes, and all requests of one person would wait
 * for each other.
 */
const UPSERT = `
  with principal as (
    insert into principals (id, kind) select $1, 'person' where not exists (select from principals where id = $1) on conflict do nothing)
  insert into people (id, team_id, user_id, name, email, timezone, is_active)
  select $1, $2, $3, $4, $5, $6, $7
  where not exists (select from people where id = $1 and (name, email, timezone, is_active) is not distinct from ($4, $5, $6, $7::boolean))
  on conflict (id) do update
  set name = excluded.name, email = excluded.email, timezone = excluded.timezone, is_active = excluded.is_active`;

/** Seen to the minute, for the same reason. A name is its client's for good. */
const UPSERT_CLIENT = `
  with principal as (
    insert into principals (id, kind) select $1, 'client' where not exists (select from principals where id = $1) on conflict do nothing)
  insert into clients (id, name, issuer, issuer_kind, binding, channel, first_seen_at, last_seen_at)
  select $1, $2, $3, $4, $5, $6, clock_timestamp(), clock_timestamp()
  where not exists (select from clients where id = $1 and (issuer, issuer_kind, binding, channel) is not distinct from ($3, $4, $5, $6)
    and last_seen_at > clock_timestamp() - interval '1 minute')
  on conflict (id) do update
  set issuer = excluded.issuer, issuer_kind = excluded.issuer_kind, binding = excluded.binding, channel = excluded.channel,
    last_seen_at = excluded.last_seen_at`;

export const principalWrites = (db: Db, line: Line): Tx['principals'] => {
  const { client: connection, later } = line;
  return {
    listByIds: async (ids) => {
      if (ids.length === 0) return [];
      const found = await db
        .select({ person: people, client: clientColumns })
        .from(principals)
        .leftJoin(people, eq(people.id, principals.id))
        .leftJoin(clients, eq(clients.id, principals.id))
        .where(inArray(principals.id, ids));
      return found.map(({ person, client }) => principalOf(person, client));
    },
    upsert: async (principal) => {
      if (principal.kind === 'person') {
        const { id, teamId, userId, name, email, timezone, isActive } = principal;
        const values = [id, teamId, userId, name, email, timezone, isActive];
        later(() => connection.query({ name: 'person_upsert', text: UPSERT, values }));
        return;
      }
      const { id, name, issuer, issuerKind, binding, channel } = principal;
      const values = [id, name, issuer, issuerKind, binding, channel];
      later(() => connection.query({ name: 'client_upsert', text: UPSERT_CLIENT, values }));
    },
  };
};
