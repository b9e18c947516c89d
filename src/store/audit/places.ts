/**
 * How a batch of places is stored: all of its bytes as one value, and lists of numbers that say where each begins. A list of texts or of
 * bytes would be escaped one by one on this side, and unescaped on the other.
 */
import type { AuditRecord, Counters } from '../../domain/audit/events.ts';
import { HASH_BYTES } from '../../lib/transparency/tree.ts';
import type { Leaf } from './leaf.ts';

type Place = {
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

const QUOTED = /["\\]/g;
const quoted = (id: string | null): string | null =>
  id === null ? null : `"${id.replaceAll(QUOTED, String.raw`\$&`)}"`;

/** UTF-8 takes at most three bytes for each of a string's units. */
const lengthAtMost = ({ made, nodes }: Place): number => FIXED + nodes.length * HASH_BYTES + 3 * made.openText.length;

/** Returns how many bytes the open text took. */
const writePlace = (bytes: Buffer, start: number, { hash, prevHash, made, nodes }: Place): number => {
  let at = start;
  at += bytes.write(hash, at, 'hex');
  at += bytes.write(prevHash, at, 'hex');
  bytes.set(made.salts, at);
  at += made.salts.length;
  bytes.set(made.commitments.personal, at);
  at += HASH_BYTES;
  for (const node of nodes) {
    bytes.set(node, at);
    at += HASH_BYTES;
  }
  return bytes.write(made.openText, at, 'utf8');
};

/** Most places are smaller. */
const USUAL_BYTES = 1_536;

/**
 * The parameters of `STORE_PLACES`, written place by place: nothing of a place is kept while the next is made, since the thousand of a batch would
 * be moved about in memory. `last`: the number before the first of them.
 */
export const placesAfter = (last: number, count: number) => {
  let bytes = Buffer.allocUnsafe(count * USUAL_BYTES);
  let end = 0;
  const [ids, starts, nodes, texts]: [string[], number[], number[], number[]] = [[], [], [], []];
  const [requests, grants]: [(string | null)[], (string | null)[]] = [[], []];
  const [requestEvents, grantEvents]: [(number | null)[], (number | null)[]] = [[], []];
  const makeRoom = (needed: number): void => {
    if (end + needed <= bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (end + needed));
    bytes.copy(larger, 0, 0, end);
    bytes = larger;
  };
  return {
    add: (place: Place): void => {
      const { event, counters } = place;
      makeRoom(lengthAtMost(place));
      const nodeBytes = place.nodes.length * HASH_BYTES;
      const textBytes = writePlace(bytes, end, place);
      ids.push(event.id);
      starts.push(end);
      nodes.push(nodeBytes);
      texts.push(textBytes);
      requests.push(quoted(event.requestId));
      grants.push(quoted(event.grantId));
      requestEvents.push(counters.requestEvent);
      grantEvents.push(counters.grantEvent);
      end += FIXED + nodeBytes + textBytes;
    },
    parameters: (): unknown[] => [
      last,
      ...[ids, starts, nodes, texts, requests, grants, requestEvents, grantEvents].map(listOf),
      bytes.subarray(0, end),
    ],
  };
};
