/** A person ends access before its time: their own with `done`, anyone's on a target they own (or as admin) with `revoke`. */
import { DomainError } from '../../domain/errors.ts';
import { moveGrant } from '../../domain/lifecycle.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { Person } from '../../domain/principals/person.ts';
import { isInCharge } from '../identity/is-in-charge.ts';
import { mustView } from '../record/must-find.ts';
import { notifyHolder } from './notify-holder.ts';
import { actorOf } from '../record/audit-entry.ts';
import type { Deps } from '../deps.ts';
import { refuse } from '../record/record-refusal.ts';
import type { RequestView } from '../record/request-view.ts';

export const end = async (deps: Deps, input: EndInput): Promise<EndResult> => {
  const person = await deps.directory.person(input.userId);
  const grant = await find(deps, input, person);
  await demandRight(deps, { input, person, grant });
  await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(grant.id);
    if (!current) throw new DomainError('grant_not_found', { id: grant.id });
    if (current.state === 'ending') return;
    if (current.state === 'ended' || current.state === 'failed')
      throw new DomainError('grant_not_live', { id: grant.id, state: current.state });
    moveGrant(current.state, 'ending');
    await tx.principals.upsert(person);
    await tx.grants.setEnding(grant.id, { cause: input.cause, by: person.id, reason: input.reason });
    await tx.audit.append({
      type: 'grant.ending',
      actor: actorOf(person),
      requestId: grant.requestId,
      grantId: grant.id,
      target: grant.target,
      role: grant.role,
      data: { cause: input.cause, reason: input.reason },
    });
    await tx.outbox.add('end', grant.id);
    await notifyHolder(tx, grant.requestId);
  });
  return { view: await mustView(deps, grant.requestId) };
};

const find = async (deps: Deps, { id, cause }: EndInput, person: Person): Promise<Grant> => {
  const ids = await deps.store.read.findGrantIds(id ?? '', cause === 'done' ? person.id : null);
  const [grantId] = ids;
  if (ids.length > 1) throw new DomainError('ambiguous_id', { id, ids });
  const grant = grantId ? await deps.store.read.grant(grantId) : null;
  if (!grant) throw new DomainError('grant_not_found', { id });
  return grant;
};

type Asked = { input: EndInput; person: Person; grant: Grant };

const demandRight = async (deps: Deps, { input, person, grant }: Asked): Promise<void> => {
  if (grant.granteeId === person.id) return;
  const refusal = {
    type: 'grant.end_refused',
    person,
    requestId: grant.requestId,
    grantId: grant.id,
    target: grant.target,
    role: grant.role,
  } as const;
  if (input.cause === 'done') return refuse(deps, refusal, new DomainError('not_your_grant', { id: grant.id }));
  if (await isInCharge(deps, { policy: deps.policy(), person, target: grant.target })) return;
  return refuse(deps, refusal, new DomainError('not_an_admin', { target: grant.target }));
};

/** `id` is a whole grant or request id or the beginning of one; null means my only live grant. */
export type EndInput = { userId: string; id: string | null; cause: 'done' | 'revoked'; reason: string | null };

export type EndResult = { view: RequestView };
