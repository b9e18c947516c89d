/** Checks an event against its schema before it is written: one that does not fit is a fault of the program, and nothing is stored with it. */
import { z } from 'zod';
import type { Json } from '../json.ts';
import type { About } from './define-event.ts';
import { EVENTS, isEventType } from './events.ts';
import type { Actor, AuditEntry } from './events.ts';
import { fits } from './fits.ts';

/** A fault of the program: its message says which event, which field and why, and holds no value of a field. */
export class WrongEventError extends TypeError {
  override readonly name = 'WrongEventError';
}

/** An event whose type and data belong together for a reason that the compiler cannot follow. */
export type LooseEntry = {
  type: string;
  actor: Actor;
  requestId: string | null;
  grantId: string | null;
  target: string | null;
  role: string | null;
  data: object;
};

const subjectProblem = (about: About, { requestId, grantId }: LooseEntry): string | null => {
  const hasRequest = typeof requestId === 'string' && requestId !== '';
  const hasGrant = typeof grantId === 'string' && grantId !== '';
  if (about === 'grant' && !(hasRequest && hasGrant)) return 'it must name its request and its grant';
  if (about === 'request' && !hasRequest) return 'it must name its request';
  if (about === 'none' && (requestId !== null || grantId !== null)) return 'it is about no request and no grant';
  return null;
};

const isChecked = (entry: LooseEntry): entry is AuditEntry & { data: { [key: string]: Json } } => {
  if (!isEventType(entry.type)) throw new WrongEventError(`The audit event "${entry.type}" is not in the catalog.`);
  const { about, data } = EVENTS[entry.type];
  const wrong = subjectProblem(about, entry);
  if (wrong) throw new WrongEventError(`The audit event ${entry.type} is wrong: ${wrong}.`);
  if (fits(data, entry.data)) return true;
  const { error } = data.safeParse(entry.data);
  if (error)
    throw new WrongEventError(`The data of the audit event ${entry.type} is wrong:\n${z.prettifyError(error)}`);
  return true;
};

/** @throws WrongEventError that says which event, which field and why. */
export const checkEntry = (entry: LooseEntry): AuditEntry => {
  if (isChecked(entry)) return entry;
  throw new WrongEventError(`The audit event ${entry.type} is wrong.`);
};
