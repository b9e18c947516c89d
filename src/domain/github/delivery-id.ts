/**
 * By what a delivery is known. GitHub signs the body and nothing else, so its id and its event, which are headers, may be forged: a body that
 * was sent once could be sent again under another id, and an id that is to come could be used up by another body.
 */
import { sha256 } from '../../lib/sha256.ts';

/** The same whatever the order of keys: the API gives a delivery's payload anew. */
const ordered = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;

export const deliveryIdOf = (payload: unknown): string =>
  sha256(Buffer.from(JSON.stringify(payload, ordered) ?? '')).toString('hex');
