/** The person who may get in is notified once, and the message follows when the pre-approval is withdrawn. */
import type { OpenScene } from '../scene.ts';

export const openPreApproval: OpenScene<'pre_approval'> = async ({ store, policy }, id) => {
  const preApproval = await store.read.preApproval(id);
  if (!preApproval) return null;
  const isWithdrawn = preApproval.revokedAt !== null;
  return {
    version: isWithdrawn ? 2 : 1,
    wanted: () => [{ kind: 'pre_approval', audience: preApproval.person.userId }],
    // Withdrawn before anyone heard of it: there is nothing to say.
    isCurrent: () => !isWithdrawn,
    content: () => ({ subject: 'pre_approval', policy: policy(), preApproval }),
  };
};
