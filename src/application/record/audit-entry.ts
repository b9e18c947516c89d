import type { Actor } from '../../domain/audit/events.ts';
import { SYSTEM } from '../../domain/audit/events.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Person } from '../../domain/principals/person.ts';

export const actorOf = (person: Person): Actor => ({
  kind: 'person',
  id: person.id,
  name: person.name,
  email: person.email,
});

export const entryOf = (grant: Grant) => ({
  actor: SYSTEM,
  requestId: grant.requestId,
  grantId: grant.id,
  target: grant.target,
  role: grant.role,
});
