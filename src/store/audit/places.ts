/**
 * How a batch of places is stored: all of its bytes as one value, and lists of numbers that say where each begins. A list of texts or of
 * bytes would be escaped one by one on this side, and unescaped on the other.
 */
import type { AuditRecord, Counters } from '../../domain/audit/events.ts';
import { HASH_BYTES } from '../../lib/transparency/tree.ts';
import type { Leaf } from './leaf.ts';

export type Place = {
  event: AuditRecord;
  counters: Counters;
  prevHash: string;
  hash: string;
  made: Leaf;
  nodes: Buffer[];
};

/** The parts of a place with a length that is known: hash, the one before it, both salts, the personal commitment. */
const FIXED = 5 * HASH_BYTES;
const part = (index: number): string => `substring($10::bytea from at + ${index * HASH_BYTES + 1} for ${HASH_BYTES})`;

export const STORE_PLACES = `
with place as materialized (
  select * from unnest($2::bigint[], $3::int[], $4::int[], $5::int[], $6::text[], $7::text[], $8::int[], $9::int[])
    with ordinality as p(event_id, at, nodes, text, request_id, grant_id, request_event, grant_event, n)
), sealed as (
  insert into audit_chain (seq, event_id, prev_hash, hash, open_text, open_salt, personal_commitment, nodes,
    request_id, grant_id, request_event, grant_event)
  select $1::bigint + n, event_id, encode(${part(1)}, 'hex'), encode(${part(0)}, 'hex'),
    convert_from(substring($10::bytea from at + ${FIXED + 1} + nodes for text), 'UTF8'), ${part(2)}, ${part(4)},
    substring($10::bytea from at + ${FIXED + 1} for nodes), request_id, grant_id, request_event, grant_event
  from place
), personal as (
  insert into audit_personal (event_id, salt) select event_id, ${part(3)} from place
)
delete from audit_unsealed where event_id = any ($2::bigint[])`;

const listOf = (values: readonly (string | number | null)[]): string =>
  `{${values.map((one) => one ?? 'null').join()}}`;

const quoted = (id: string | null): string | null =>
  id === null ? null : `"${id.replaceAll(/["\\]/g, String.raw`\$&`)}"`;

const lengthOf = ({ made, nodes }: Place): number =>
  FIXED + nodes.length * HASH_BYTES + Buffer.byteLength(made.openText);

const writePlace = (bytes: Buffer, start: number, { hash, prevHash, made, nodes }: Place): void => {
  let at = start;
  at += bytes.write(hash, at, 'hex');
  at += bytes.write(prevHash, at, 'hex');
  for (const one of [made.openSalt, made.personalSalt, made.commitments.personal, ...nodes]) {
    bytes.set(one, at);
    at += one.length;
  }
  bytes.write(made.openText, at, 'utf8');
};

/** In the order of the parameters of `STORE_PLACES`. `last`: the number before the first of them. */
export const parametersOf = (last: number, places: readonly Place[]): unknown[] => {
  const lengths = places.map(lengthOf);
  const starts: number[] = [];
  let size = 0;
  for (const length of lengths) {
    starts.push(size);
    size += length;
  }
  const bytes = Buffer.allocUnsafe(size);
  for (const [index, place] of places.entries()) writePlace(bytes, starts[index] ?? 0, place);
  const nodes = places.map((place) => place.nodes.length * HASH_BYTES);
  return [
    last,
    listOf(places.map(({ event }) => event.id)),
    listOf(starts),
    listOf(nodes),
    listOf(lengths.map((length, index) => length - FIXED - (nodes[index] ?? 0))),
    listOf(places.map(({ event }) => quoted(event.requestId))),
    listOf(places.map(({ event }) => quoted(event.grantId))),
    listOf(places.map(({ counters }) => counters.requestEvent)),
    listOf(places.map(({ counters }) => counters.grantEvent)),
    bytes,
  ];
};
