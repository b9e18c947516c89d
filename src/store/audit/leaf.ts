/**
 * What an event is in the tree: two texts with a salt each, a commitment to each, and the entry of both commitments.
 * `docs/audit.md` has the format; anyone who checks evidence computes the same from the same texts.
 */
import { hash } from 'node:crypto';
import type { AuditRecord, Counters } from '../../domain/audit/events.ts';
import { openPart } from '../../domain/audit/split.ts';
import { withoutPeople } from '../../domain/audit/without-people.ts';
import type { Json } from '../../domain/json.ts';
import { sha256 } from '../../lib/sha256.ts';
import { leafHash } from '../../lib/transparency/tree.ts';

export const OPEN_TAG = 'latchkey/event/open/v2';
export const PERSONAL_TAG = 'latchkey/event/personal/v2';
export const SALT_BYTES = 32;

export type Salted = { text: string; salt: Buffer };
export type Commitments = { open: Buffer; personal: Buffer };

/** Where a text is put together before it is hashed; it grows with the longest. */
let room = Buffer.alloc(16_384);

/** UTF-8 takes at most three bytes for each of a string's units. */
const roomFor = (bytes: number): Buffer => {
  if (room.length < bytes) room = Buffer.alloc(2 * bytes);
  return room;
};

export const commitmentTo = (tag: string, { text, salt }: Salted): Buffer => {
  const taken = roomFor(tag.length + salt.length + 3 * text.length);
  let end = taken.write(tag, 0, 'latin1');
  taken.set(salt, end);
  end += salt.length;
  end += taken.write(text, end, 'utf8');
  return sha256(taken.subarray(0, end));
};

export const leafOf = ({ open, personal }: Commitments): Buffer => leafHash(open, personal);

/** The place in the chain of an event of version 2 covers its commitments, so that it can be checked after an erasure. */
export const chainHashOf = (seq: number, prevHash: string, { open, personal }: Commitments): string =>
  hash(
    'sha256',
    `latchkey/chain/v2\n${seq}\n${prevHash}\n${open.toString('hex')}\n${personal.toString('hex')}\n`,
    'hex',
  );

/** Columns in this order, then what is counted, then what is open of the rest. */
const openColumns = ({ id, at, type, requestId, grantId, target, role }: AuditRecord): string =>
  JSON.stringify({ v: 2, id, at, type, requestId, grantId, target, role }).slice(0, -1);

/** What is open of an actor, by the actor's text: many events have the same. */
const openActors = new Map<string, string>();
const OPEN_ACTORS_MAX = 1_000;

const openActorOf = (actor: string): string => {
  const known = openActors.get(actor);
  if (known !== undefined) return known;
  const { kind = null } = JSON.parse(actor) as { kind?: Json };
  const text = JSON.stringify({ kind });
  if (openActors.size >= OPEN_ACTORS_MAX) openActors.clear();
  openActors.set(actor, text);
  return text;
};

const countersText = ({ requestEvent, grantEvent, grantEventsTotal }: Counters): string =>
  (requestEvent === null ? '' : `,"requestEvent":${requestEvent}`) +
  (grantEvent === null ? '' : `,"grantEvent":${grantEvent}`) +
  (grantEventsTotal === null ? '' : `,"grantEventsTotal":${grantEventsTotal}`);

const openTextOf = (event: AuditRecord, counters: Counters): string => {
  const data = withoutPeople(openPart(event.type, JSON.parse(event.data) as { [key: string]: Json }));
  return `${openColumns(event)}${countersText(counters)},"actor":${openActorOf(event.actor)},"data":${JSON.stringify(data)}}`;
};

/** The texts of actor and data as they are stored. */
export const personalTextOf = ({ actor, data }: Pick<AuditRecord, 'actor' | 'data'>): string =>
  `{"actor":${actor},"data":${data}}`;

const ERASED_ACTOR = ',"actor":';

/** Whether the event in its table is the one its open text was made of. Where the personal part is erased, the table holds what is open. */
export const isMadeOf = (open: string, { event, isErased }: { event: AuditRecord; isErased: boolean }): boolean => {
  const columns = openColumns(event);
  if (!open.startsWith(columns) || open[columns.length] !== ',') return false;
  return !isErased || open.endsWith(`${ERASED_ACTOR}${event.actor},"data":${event.data}}`);
};

const COUNTERS = [',"requestEvent":', ',"grantEvent":'];
const GRANT_TOTAL = /^(?:,"grantEventsTotal":\d+)?$/;

/** Whether `found`, the counters that an event is looked up by, are those that its open text commits to. Quotes in values are escaped there. */
export const isFoundAs = (open: string, found: string | null): boolean => {
  const end = open.indexOf(ERASED_ACTOR);
  const from = Math.min(...COUNTERS.map((name) => open.indexOf(name)).map((at) => (at < 0 ? end : at)), end);
  const counters = open.slice(from, end);
  return found !== null && counters.startsWith(found) && GRANT_TOTAL.test(counters.slice(found.length));
};

/** `salts`: the one of the open text, then the one of the personal text. */
export type Leaf = { openText: string; salts: Buffer; commitments: Commitments; leaf: Buffer };

/** `salts`: random, of both texts. */
export const makeLeaf = (event: AuditRecord, counters: Counters, salts: Buffer): Leaf => {
  const openText = openTextOf(event, counters);
  const commitments = {
    open: commitmentTo(OPEN_TAG, { text: openText, salt: salts.subarray(0, SALT_BYTES) }),
    personal: commitmentTo(PERSONAL_TAG, { text: personalTextOf(event), salt: salts.subarray(SALT_BYTES) }),
  };
  return { openText, salts, commitments, leaf: leafOf(commitments) };
};
