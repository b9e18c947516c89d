/**
 * Parts an event's data into what anyone may read (ids, times, codes, roles, hashes) and what belongs to people (names, addresses,
 * free text, ids of people). Personal is whatever is not surely open: a field that no schema knows, and a value that its schema refuses.
 */
import type { Json } from '../json.ts';
import { EVENTS } from './events.ts';
import type { Shape } from './define-event.ts';
import { fits } from './fits.ts';
import { currentField, currentType } from './names.ts';

/** `written` is the name that the event has in the log, whichever version wrote it. The fields keep the names that they have there. */
export const openPart = (written: string, data: { [key: string]: Json }): { [key: string]: Json } => {
  const found: { [key: string]: Json } = {};
  const type = currentType(written);
  if (type === null) return found;
  const open: Shape = EVENTS[type].open;
  for (const field of Object.keys(data)) {
    const name = currentField(type, field);
    const value = data[field] ?? null;
    const schema = Object.hasOwn(open, name) ? open[name] : undefined;
    if (schema && fits(schema, value)) found[field] = value;
  }
  return found;
};
