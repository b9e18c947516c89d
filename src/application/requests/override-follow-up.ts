/** Access that a freeze would have denied is looked at afterwards, as break-glass is: the one who overrode it answers for it. */
import type { Policy } from '../../domain/policy/types.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { Ids, Tx } from '../deps.ts';

/** Where the policy has no `break_glass`. */
const WITHIN_MS = 24 * 3_600_000;

type Granted = { request: Request; policy: Policy; grantId: string };

/** Opened with the grant. The reviewers are those of break-glass; without any, the admins. */
export const openOverrideFollowUp = async (
  tx: Tx,
  ids: Ids,
  { request, policy: { breakGlass }, grantId }: Granted,
): Promise<void> => {
  const { origin } = request;
  if (origin?.kind !== 'override') return;
  const { by } = origin;
  const withinMs = breakGlass?.reviewWithinMs ?? WITHIN_MS;
  const of = { grantId, requestId: request.id, personId: by.id };
  const { dueAt } = await tx.reviews.insert({ id: ids.next(), ...of, withinMs });
  await tx.audit.append({
    type: 'follow_up.opened',
    actor: { kind: 'person', id: by.id, name: by.name, email: by.email },
    requestId: request.id,
    grantId,
    target: request.target,
    role: request.role,
    data: { dueAt: dueAt.toISOString(), reviewers: breakGlass?.reviewers ?? [], notified: [] },
  });
};
