/**
 * Parts an event's data into what anyone may read (ids, times, codes, roles, hashes) and what belongs to people (names, addresses,
 * free text, Slack ids). A field that nothing is known of is personal, so a new one is never published by mistake.
 */
import type { Json } from '../json.ts';
import type { Actor } from './events.ts';

export type Parted = { open: { [key: string]: Json }; personal: { [key: string]: Json } };

const part = (data: { [key: string]: Json }, isOpen: (field: string) => boolean): Parted => {
  const entries = Object.entries(data);
  return {
    open: Object.fromEntries(entries.filter(([field]) => isOpen(field))),
    personal: Object.fromEntries(entries.filter(([field]) => !isOpen(field))),
  };
};

const OPEN: ReadonlySet<string> = new Set([
  ...['decision', 'rule', 'policy', 'votes', 'allowances', 'requestedAt', 'durationMs', 'startsAt', 'incident'],
  ...['requirements', 'isBreakGlass', 'extends', 'extendsByMs', 'expiresAt', 'cause', 'kind', 'attempts', 'waitMs'],
  ...['lateMs', 'outcome', 'from', 'to', 'person', 'since', 'code', 'codes', 'refusalsThisHour', 'isChanged'],
  ...['number', 'afterMs', 'dueAt', 'reminders', 'alert', 'mapping', 'source', 'at', 'route', 'sha256', 'finding'],
  ...['chainSeq', 'chainHash', 'vkey', 'origin', 'size', 'root', 'readback', 'manifest', 'isRedacted', 'throughSeq'],
  ...['until', 'isConfirmed', 'isVouched', 'onClose', 'endsAt', 'grants', 'cancelled', 'how', 'batch'],
]);

/** `type` is the name that the event was written under, whichever version wrote it. */
export const splitEvent = (_type: string, data: { [key: string]: Json }): Parted =>
  part(data, (field) => OPEN.has(field));

/** Of a person, the id is open; the name and the email are theirs. */
export const splitActor = (actor: Actor): Parted => part({ ...actor }, (field) => field === 'kind' || field === 'id');
