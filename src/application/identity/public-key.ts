/** The SSH public key of a person. Certificates are made for it, so anyone who sets it decides which private key gets in. */
import { DomainError } from '../../domain/errors.ts';
import type { Person } from '../../domain/principals/person.ts';
import { readSshPublicKey } from '../../lib/ssh-public-key.ts';
import type { SshPublicKey } from '../../lib/ssh-public-key.ts';
import type { Deps, Tx } from '../deps.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { PersonCaller } from './caller.ts';

export type KnownKey = Pick<SshPublicKey, 'line' | 'fingerprint'>;

/** @throws DomainError `bad_public_key`, which says what is wrong. */
export const readPublicKey = (text: string): KnownKey => {
  const read = readSshPublicKey(text);
  if ('problem' in read) throw new DomainError('bad_public_key', { problem: read.problem });
  const { line, fingerprint } = read.key;
  return { line, fingerprint };
};

export const keepPublicKey = async (tx: Tx, person: Person, key: KnownKey): Promise<void> => {
  await tx.principals.upsert(person);
  await tx.publicKeys.put(person.id, key.line);
  const entry = { actor: actorOf(person), requestId: null, grantId: null, target: null, role: null };
  await tx.audit.append({ ...entry, type: 'public_key.set', data: { fingerprint: key.fingerprint } });
};

export const setPublicKey = async (
  deps: Deps,
  input: { caller: PersonCaller; text: string },
): Promise<{ fingerprint: string }> => {
  const key = readPublicKey(input.text);
  await deps.store.transaction(async (tx) => await keepPublicKey(tx, input.caller.person, key));
  return { fingerprint: key.fingerprint };
};

/** null where none was set. */
export const showPublicKey = async (
  deps: Deps,
  input: { caller: PersonCaller },
): Promise<{ fingerprint: string } | null> => {
  const line = await deps.store.read.publicKey(input.caller.person.id);
  return line === null ? null : { fingerprint: readPublicKey(line).fingerprint };
};
