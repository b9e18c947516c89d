/** Shows the requester what they need to get in. The showing is recorded before anything is decrypted. */
import { DomainError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import { requesterOf } from '../identity/caller.ts';
import type { Caller } from '../identity/caller.ts';
import { isOwnGrant } from './own-grant.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps } from '../deps.ts';
import type { SealedSecret } from './vault.ts';
import type { CredentialField, Credentials } from './access-ports.ts';
import { refuse } from '../record/record-refusal.ts';

export const showCredentials = async (deps: Deps, input: ShowCredentialsInput): Promise<ShowCredentialsResult> => {
  const grant = await deps.store.read.grant(input.grantId);
  if (!grant) throw new DomainError('grant_not_found', { id: input.grantId });
  const caller = requesterOf(input.caller);
  const refusal = { ...subjectOf(grant), type: 'credentials.refused', person: caller } as const;
  if (!(await isOwnGrant(deps, input.caller, grant)))
    return refuse(deps, refusal, new DomainError('not_your_grant', { id: grant.id }));
  if (grant.state !== 'active')
    return refuse(deps, refusal, new DomainError('grant_not_live', { id: grant.id, state: grant.state }));
  const sealed = await record(deps, grant, caller);
  if (!sealed) throw new DomainError('credentials_gone', { id: grant.id });
  return { credentials: credentialsIn(deps.vault.open(grant.id, sealed)), grant };
};

/** As it was sealed before fields had names: access that was granted then may still be live. */
type OlderField = { label: string; value: string; isSecret: boolean };

const fieldOf = (field: CredentialField | OlderField): CredentialField =>
  'isSecret' in field
    ? {
        name: field.label.toLowerCase(),
        label: field.label,
        env: null,
        value: field.value,
        secret: field.isSecret,
      }
    : field;

const credentialsIn = (text: string): Credentials => {
  const credentials = JSON.parse(text) as Omit<Credentials, 'fields'> & { fields: (CredentialField | OlderField)[] };
  return { ...credentials, fields: credentials.fields.map(fieldOf) };
};

const subjectOf = (grant: Grant) => ({
  requestId: grant.requestId,
  grantId: grant.id,
  target: grant.target,
  role: grant.role,
});

const record = (deps: Deps, grant: Grant, caller: Requester): Promise<SealedSecret | null> =>
  deps.store.transaction(async (tx) => {
    const sealed = await tx.secrets.find(grant.id);
    if (sealed)
      await tx.audit.append({ ...subjectOf(grant), type: 'credentials.shown', actor: actorOf(caller), data: {} });
    return sealed;
  });

export type ShowCredentialsInput = { caller: Caller; grantId: string };

export type ShowCredentialsResult = { credentials: Credentials; grant: Grant };
