/** Who can request: a person or a client. */
import type { Client } from './client.ts';
import type { Person } from './person.ts';

export const PRINCIPAL_KINDS = ['person', 'client'] as const;
export type PrincipalKind = (typeof PRINCIPAL_KINDS)[number];

export type Principal = Person | Client;
