/** Who can request: a person or a client. */
import type { Client } from './client.ts';
import type { Person } from './person.ts';

export const PRINCIPAL_KINDS = ['person', 'client'] as const;
export type PrincipalKind = (typeof PRINCIPAL_KINDS)[number];

export type Principal = Person | Client;

export const isPerson = (principal: Principal): principal is Person => principal.kind === 'person';

export const isClient = (principal: Principal): principal is Client => principal.kind === 'client';
