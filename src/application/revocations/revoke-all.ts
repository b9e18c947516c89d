/** A person ends everything of somebody, of a target, or all at once: first what that would be, then the order for it. */
import type { PersonCaller } from '../identity/caller.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Person } from '../../domain/principals/person.ts';
import { notifyAdmins } from '../record/notify-admins.ts';
import { isAmong } from '../identity/named-among.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Revocable, RevocationScope } from './revocation-ports.ts';
import type { Deps, Tx } from '../deps.ts';
import { refuse } from '../record/record-refusal.ts';

import { pluralize } from '../../lib/pluralize.ts';

const NAMED = 20;

/** `limitedTo` is what an owner's word reaches; null where everything of it is reached. */
type Evaluated = { actor: Person; person: Person | null; scope: RevocationScope; limitedTo: string[] | null };

export const previewRevocation = async (
  deps: Deps,
  input: { caller: PersonCaller; what: RevokeWhat },
): Promise<RevocationPreview> => {
  const { person, scope, limitedTo } = await evaluate(deps, input);
  const found = await deps.store.read.revocable(scope, NAMED);
  return { ...found, person, limitedTo };
};

/** Ends what is there when it is confirmed, which may be more than was shown. Grants follow in batches: `runRevocation`. */
export const revokeAll = async (deps: Deps, input: RevokeAllInput): Promise<{ id: string }> => {
  const judged = await evaluate(deps, input);
  const { actor, scope } = judged;
  const found = await deps.store.read.revocable(scope, NAMED);
  if (isNothing(found)) throw new DomainError('nothing_to_revoke');
  const id = deps.ids.next();
  const reason = input.reason?.trim() || null;
  await deps.store.transaction(async (tx) => {
    await tx.principals.upsert(actor);
    await tx.revocations.insert({ id, ...scope, byPersonId: actor.id, reason });
    const preApprovals = await withdrawPreApprovals(tx, { actor, scope, id });
    await tx.revocations.count(id, { requests: 0, preApprovals });
    const { grants, requests } = found;
    const data = {
      revocation: id,
      person: scope.personId,
      targets: scope.targets,
      reason,
      grants,
      requests,
      preApprovals,
    };
    await tx.audit.append({ ...entry, actor: actorOf(actor), type: 'revocation.started', data });
    await tx.outbox.add('revocation', id);
    const lines = linesOf(judged, found, reason);
    await notifyAdmins(tx, deps.ids, { kind: 'revocation', about: id, lines, exceptUserId: actor.userId });
  });
  return { id };
};

const entry = { requestId: null, grantId: null, target: null, role: null } as const;

const isNothing = ({ grants, requests, preApprovals }: Revocable): boolean => grants + requests + preApprovals === 0;

const linesOf = ({ actor, person, scope }: Evaluated, found: Revocable, reason: string | null): string[] => {
  const whose = person ? `all access of ${person.name}` : 'all access';
  const where = scope.targets ? ` in ${scope.targets.join(', ')}` : '';
  const { grants, requests, preApprovals } = found;
  const amounts: [number, string][] = [
    [grants, 'grant'],
    [requests, 'pending request'],
    [preApprovals, 'pre-approval'],
  ];
  const counts = amounts.filter(([amount]) => amount > 0).map(([amount, noun]) => pluralize(amount, noun));
  return [`${actor.name} revokes ${whose}${where}: ${counts.join(', ')}.`, ...(reason ? [`Reason: ${reason}`] : [])];
};

/** Before anything else: pre-approvals would let somebody back in without a click. */
const withdrawPreApprovals = async (
  tx: Tx,
  { actor, scope, id }: { actor: Person; scope: RevocationScope; id: string },
): Promise<number> => {
  const taken = await tx.revocations.withdrawAllPreApprovals({ ...scope, byPersonId: actor.id });
  for (const { id: preApproval, personId, byPersonId, target, role } of taken) {
    const data = { preApproval, person: personId, by: byPersonId, revocation: id };
    await tx.audit.append({ ...entry, actor: actorOf(actor), type: 'pre_approval.withdrawn', target, role, data });
    await tx.outbox.add('pre_approval', preApproval);
  }
  return taken.length;
};

const evaluate = async (
  deps: Deps,
  { caller, what }: { caller: PersonCaller; what: RevokeWhat },
): Promise<Evaluated> => {
  const policy = deps.policy();
  const actor = caller.person;
  if (what.kind === 'target' && !Object.hasOwn(policy.targets, what.target))
    throw new DomainError('unknown_target', { target: what.target });
  const person = what.kind === 'person' ? await knownPerson(deps, `${actor.teamId}:${what.userId}`) : null;
  const scope: RevocationScope = {
    personId: person?.id ?? null,
    targets: what.kind === 'target' ? [what.target] : null,
  };
  const common = { actor, person, scope };
  // Everybody may end their own: a lost laptop does not wait for an admin.
  if (person?.id === actor.id) return { ...common, limitedTo: null };
  if (await isAmong(deps, { policy, person: actor, refs: policy.admins, freshness: 'fresh' }))
    return { ...common, limitedTo: null };
  const owned = what.kind === 'all' ? [] : await ownedOf(deps, actor, scope);
  if (owned.length > 0) return { ...common, scope: { ...scope, targets: owned }, limitedTo: owned };
  const facts = { what: what.kind, target: what.kind === 'target' ? what.target : null };
  const data = { what: what.kind, person: person?.id ?? null };
  const refusal = { type: 'revocation.refused', person: actor, target: facts.target, data } as const;
  return refuse(deps, refusal, new DomainError('not_a_revoker', facts));
};

/** As Latchkey knows them: anyone who has access was seen, and somebody whose account is closed must be reached too. */
const knownPerson = async (deps: Deps, id: string): Promise<Person> => {
  const person = await deps.store.read.person(id);
  if (!person) throw new DomainError('nothing_to_revoke');
  return person;
};

/** Of the targets in which there is something to end, those that the actor owns. */
const ownedOf = async (deps: Deps, actor: Person, scope: RevocationScope): Promise<string[]> => {
  const policy = deps.policy();
  const candidates = scope.targets ?? (await deps.store.read.revocable(scope, 0)).targets;
  const owns = await Promise.all(
    candidates.map((name) => {
      const refs = policy.targets[name]?.owners ?? [];
      return isAmong(deps, { policy, person: actor, refs, freshness: 'fresh' });
    }),
  );
  return candidates.filter((_, index) => owns[index]);
};

/** `all` is everything of everybody. */
export type RevokeWhat = { kind: 'person'; userId: string } | { kind: 'target'; target: string } | { kind: 'all' };

export type RevokeAllInput = { caller: PersonCaller; what: RevokeWhat; reason: string | null };

/** `limitedTo`: the targets that an owner's word reaches; null where nothing is left out. */
export type RevocationPreview = Revocable & { person: Person | null; limitedTo: string[] | null };
