/** Evidence for a person who requests it in Slack: auditors and admins may have it. */
import { DomainError } from '../../domain/errors.ts';
import type { PersonCaller } from '../identity/caller.ts';
import { isAmong } from '../identity/named-among.ts';
import { actorOf } from '../record/audit-entry.ts';
import { refuse } from '../record/record-refusal.ts';
import type { Deps } from '../deps.ts';
import type { EvidenceInput, MadeEvidence } from './make-evidence.ts';

export type EvidenceForInput = { caller: PersonCaller } & Omit<EvidenceInput, 'actor'>;
export type MakeBundle = (input: EvidenceInput) => Promise<MadeEvidence>;

export const evidenceFor = async (
  deps: Deps,
  { caller, id, isRedacted }: EvidenceForInput,
  makeBundle: MakeBundle,
): Promise<MadeEvidence> => {
  const { person } = caller;
  const policy = deps.policy();
  const refs = [...policy.auditors, ...policy.admins];
  if (!(await isAmong(deps, { policy, person, refs, freshness: 'fresh' })))
    return refuse(deps, { type: 'evidence.refused', person }, new DomainError('auditors_only', { who: refs }));
  return makeBundle({ id, isRedacted, actor: actorOf(person) });
};
