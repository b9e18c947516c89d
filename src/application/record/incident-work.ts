/**
 * Work on a request is work on its incident: whatever changes what people see of a request changes what the incident that it is tied to
 * shows. The store asks this of all outgoing work that it writes, so no verb can forget it.
 */
import type { WorkKind } from './outbox.ts';

/** Kinds of work whose subject is a request. */
const ON_REQUESTS: ReadonlySet<WorkKind> = new Set<WorkKind>(['notify', 'extend']);

/** The requests among the subjects, each once; the incidents that they are tied to get work of kind `incident`. */
export const requestsWorkedOn = (work: readonly { kind: WorkKind; subjectId: string }[]): string[] => [
  ...new Set(work.filter(({ kind }) => ON_REQUESTS.has(kind)).map(({ subjectId }) => subjectId)),
];
