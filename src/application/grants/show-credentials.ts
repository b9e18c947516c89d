/** Shows the requester what they need to get in. The showing is recorded before anything is decrypted. */
import { DomainError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Requester } from '../../domain/principals/requester.ts';
import { requesterOf } from '../identity/caller.ts';
import type { Caller } from '../identity/caller.ts';
import { keepPublicKey, readPublicKey } from '../identity/public-key.ts';
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
  if (deps.access.isIssued(grant)) return { credentials: await issue(deps, input, grant), grant };
  const sealed = await record(deps, grant, caller);
  if (!sealed) throw new DomainError('credentials_gone', { id: grant.id });
  return { credentials: credentialsIn(deps.vault.open(grant.id, sealed)), grant };
};

/** Made for the key at this moment, and never kept. A person's key is known from then on; a job brings its own each time. */
const issue = async (deps: Deps, input: ShowCredentialsInput, grant: Grant): Promise<Credentials> => {
  const { caller, publicKey: given } = input;
  const known = caller.kind === 'person' && !given ? await deps.store.read.publicKey(caller.person.id) : null;
  const text = given || known;
  if (!text) throw new DomainError('public_key_missing', { id: grant.id });
  const key = readPublicKey(text);
  await deps.store.transaction(async (tx) => {
    if (caller.kind === 'person' && key.line !== known) await keepPublicKey(tx, caller.person, key);
    const data = { fingerprint: key.fingerprint };
    await tx.audit.append({
      ...subjectOf(grant),
      type: 'credentials.shown',
      actor: actorOf(requesterOf(caller)),
      data,
    });
  });
  return deps.access.issue(grant, key.line);
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

/** `publicKey`: of the one who gets in, for credentials that are made for one. */
export type ShowCredentialsInput = { caller: Caller; grantId: string; publicKey?: string };

export type ShowCredentialsResult = { credentials: Credentials; grant: Grant };
