/** A person or a client ends access before its time: their own with `done`, and a person anyone's on a target they own (or as admin) with `revoke`. */
import { isOver } from '../../domain/lifecycle.ts';
import { DomainError } from '../../domain/errors.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import { requesterOf } from '../identity/caller.ts';
import type { Caller } from '../identity/caller.ts';
import { isOwnGrant } from './own-grant.ts';
import { isInCharge } from '../identity/is-in-charge.ts';
import { mustView } from '../record/must-find.ts';
import { endGrant } from './transitions.ts';
import type { Deps } from '../deps.ts';
import { refuse } from '../record/record-refusal.ts';
import type { RequestView } from '../record/request-view.ts';

export const end = async (deps: Deps, input: EndInput): Promise<EndResult> => {
  const caller = requesterOf(input.caller);
  const grant = await find(deps, input, caller.id);
  await demandRight(deps, { input, grant });
  await deps.store.transaction(async (tx) => {
    const current = await tx.grants.lock(grant.id);
    if (!current) throw new DomainError('grant_not_found', { id: grant.id });
    if (current.state === 'ending') return;
    if (isOver(current.state)) throw new DomainError('grant_not_live', { id: grant.id, state: current.state });
    await tx.principals.upsert(caller);
    await endGrant(tx, current, { cause: input.cause, by: caller, reason: input.reason });
  });
  return { view: await mustView(deps, grant.requestId) };
};

/** By the whole id: a beginning that fits would show a job which others of its client there are. */
const findForClient = async (deps: Deps, id: string | null): Promise<Grant> => {
  const { read } = deps.store;
  const grant = id === null ? null : ((await read.grant(id)) ?? (await read.view(id))?.grant ?? null);
  if (!grant) throw new DomainError('grant_not_found', { id });
  return grant;
};

const find = async (deps: Deps, { id, cause, caller }: EndInput, callerId: string): Promise<Grant> => {
  if (caller.kind === 'client') return findForClient(deps, id);
  const ids = await deps.store.read.findGrantIds(id ?? '', cause === 'done' ? callerId : null);
  const [grantId] = ids;
  if (ids.length > 1) throw new DomainError('ambiguous_id', { id, ids });
  const grant = grantId ? await deps.store.read.grant(grantId) : null;
  if (!grant) throw new DomainError('grant_not_found', { id });
  return grant;
};

type Ending = { input: EndInput; grant: Grant };

const demandRight = async (deps: Deps, { input, grant }: Ending): Promise<void> => {
  const { caller, cause } = input;
  if (await isOwnGrant(deps, caller, grant)) return;
  const refusal = {
    type: 'grant.end_refused',
    person: requesterOf(caller),
    requestId: grant.requestId,
    grantId: grant.id,
    target: grant.target,
    role: grant.role,
  } as const;
  // A client is in charge of no target.
  if (cause === 'done' || caller.kind === 'client')
    return refuse(deps, refusal, new DomainError('not_your_grant', { id: grant.id }));
  if (await isInCharge(deps, { policy: deps.policy(), person: caller.person, target: grant.target })) return;
  return refuse(deps, refusal, new DomainError('not_an_admin', { target: grant.target }));
};

/** `id` is a whole grant or request id; for a person also the beginning of one, and null means my only live grant. */
export type EndInput = { caller: Caller; id: string | null; cause: 'done' | 'revoked'; reason: string | null };

export type EndResult = { view: RequestView };
