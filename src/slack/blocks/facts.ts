/** What a message shows besides the request itself: the policy's words and recent look-ups. Missing look-ups are null, never guessed. */
import type { Policy, Role, Target } from '../../core/policy/types.ts';
import type { Person } from '../../core/types.ts';

export type Asked = { label: string; count: number; people: Person[] };

export type MessageFacts = {
  target: Target | null;
  role: Role | null;
  /** The requester's groups, for the approvers. */
  groups: string[] | null;
  /** Who may fill each requirement, the requester left out. */
  asked: Asked[] | null;
  /** What no vote fills yet. */
  missing: { label: string; count: number }[] | null;
  /** Nobody who may approve could be told in Slack. */
  isUnreachable: boolean;
};

export const factsOf = (policy: Policy, ask: { target: string; role: string }): MessageFacts => {
  const target = policy.targets[ask.target] ?? null;
  return {
    target,
    role: target?.roles[ask.role] ?? null,
    groups: null,
    asked: null,
    missing: null,
    isUnreachable: false,
  };
};
