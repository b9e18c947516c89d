/**
 * Parts an event's data into what anyone may read (ids, times, codes, roles, hashes) and what belongs to people (names, addresses,
 * free text, ids of people). Personal is whatever is not surely open: a field that no schema knows, and a value that its schema refuses.
 */
import type { Json } from '../json.ts';
import { EVENTS } from './events.ts';
import type { Actor, EventType } from './events.ts';
import type { Shape } from './define-event.ts';
import { currentField, currentType } from './names.ts';

export type Parted = { open: { [key: string]: Json }; personal: { [key: string]: Json } };

const part = (data: { [key: string]: Json }, isOpen: (field: string, value: Json) => boolean): Parted => {
  const entries = Object.entries(data);
  return {
    open: Object.fromEntries(entries.filter(([field, value]) => isOpen(field, value))),
    personal: Object.fromEntries(entries.filter(([field, value]) => !isOpen(field, value))),
  };
};

const openOf = (type: EventType): Shape => EVENTS[type].open;

/** `written` is the name that the event has in the log, whichever version wrote it. The fields keep the names that they have there. */
export const splitEvent = (written: string, data: { [key: string]: Json }): Parted => {
  const type = currentType(written);
  if (type === null) return part(data, () => false);
  const open = openOf(type);
  return part(data, (field, value) => {
    const name = currentField(type, field);
    return Object.hasOwn(open, name) && open[name]?.safeParse(value).success === true;
  });
};

/** Of the program all is open; of a person the kind alone, since the id holds the Slack id; of a client all but the job, which names people. */
export const splitActor = (actor: Actor): Parted =>
  part(
    { ...actor },
    (field) => field === 'kind' || actor.kind === 'system' || (actor.kind === 'client' && field !== 'job'),
  );
