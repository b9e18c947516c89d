/**
 * What an event is in the tree: two texts with a salt each, a commitment to each, and the entry of both commitments.
 * `docs/audit.md` has the format; whoever checks evidence computes the same from the same texts.
 */
import { hash, randomBytes } from 'node:crypto';
import type { AuditRecord, Counters } from '../../domain/audit/events.ts';
import { splitEvent } from '../../domain/audit/split.ts';
import { withoutPeople } from '../../domain/audit/without-people.ts';
import type { Json } from '../../domain/json.ts';
import { leafHash } from '../../lib/transparency/tree.ts';
import { canonicalJson } from './canonical-json.ts';

export const OPEN_TAG = 'latchkey/event/open/v2';
export const PERSONAL_TAG = 'latchkey/event/personal/v2';
const SALT_BYTES = 32;

export type Salted = { text: string; salt: Buffer };
export type Commitments = { open: Buffer; personal: Buffer };

export const commitmentTo = (tag: string, { text, salt }: Salted): Buffer =>
  hash('sha256', Buffer.concat([Buffer.from(tag, 'ascii'), salt, Buffer.from(text)]), 'buffer');

export const leafOf = ({ open, personal }: Commitments): Buffer => leafHash(Buffer.concat([open, personal]));

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

const kindOf = ({ kind }: { kind?: Json }): { kind: Json } => ({ kind: kind ?? null });

const openTextOf = (event: AuditRecord, counters: Counters): string => {
  const actor = kindOf(JSON.parse(event.actor) as { kind?: Json });
  const data = withoutPeople(splitEvent(event.type, JSON.parse(event.data) as { [key: string]: Json }).open);
  const counted = Object.entries(counters).flatMap(([name, value]) => (value === null ? [] : [`,"${name}":${value}`]));
  return `${openColumns(event)}${counted.join('')},"actor":${canonicalJson(actor)},"data":${canonicalJson(data)}}`;
};

/** The texts of actor and data as they are stored. */
export const personalTextOf = ({ actor, data }: Pick<AuditRecord, 'actor' | 'data'>): string =>
  `{"actor":${actor},"data":${data}}`;

/** Whether the event in its table is the one these texts were made of. What is open of its data is in both texts. */
export const isMadeOf = (texts: { open: string; personal: string | null }, event: AuditRecord): boolean => {
  const columns = openColumns(event);
  const isOpen = texts.open.startsWith(columns) && texts.open[columns.length] === ',';
  return isOpen && (texts.personal === null || texts.personal === personalTextOf(event));
};

export type Leaf = { open: Salted; personal: Salted; commitments: Commitments; leaf: Buffer };

export const makeLeaf = (event: AuditRecord, counters: Counters): Leaf => {
  const salts = randomBytes(2 * SALT_BYTES);
  const open = { text: openTextOf(event, counters), salt: salts.subarray(0, SALT_BYTES) };
  const personal = { text: personalTextOf(event), salt: salts.subarray(SALT_BYTES) };
  const commitments = { open: commitmentTo(OPEN_TAG, open), personal: commitmentTo(PERSONAL_TAG, personal) };
  return { open, personal, commitments, leaf: leafOf(commitments) };
};
