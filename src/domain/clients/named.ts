/** Clients and issuers by the name that the policy gives them. */
import { clientIdOf } from '../principals/client.ts';
import type { Client } from '../principals/client.ts';
import type { Policy } from '../policy/types.ts';
import type { ClientEntry } from './client.ts';
import type { Issuer } from './issuer.ts';

export const issuerNamed = (policy: Pick<Policy, 'issuers'>, name: string): Issuer | null =>
  (Object.hasOwn(policy.issuers, name) ? policy.issuers[name] : undefined) ?? null;

export const clientNamed = (policy: Pick<Policy, 'clients'>, name: string): ClientEntry | null =>
  (Object.hasOwn(policy.clients, name) ? policy.clients[name] : undefined) ?? null;

export const clientOf = (entry: ClientEntry, issuer: Issuer): Client => ({
  kind: 'client',
  id: clientIdOf(entry.name),
  name: entry.name,
  issuer: issuer.name,
  issuerKind: issuer.kind,
  binding: [entry.repository?.name, entry.repository?.id && `(${entry.repository.id})`].filter(Boolean).join(' '),
  channel: entry.channel,
});
