/** What was allowed ahead of time: as a line in lists, and as the message to whom it lets in. */
import type { Policy } from '../../../domain/policy/types.ts';
import type { PreApprovalView } from '../../../domain/requests/pre-approval.ts';
import { factsOf } from './facts.ts';
import { MESSAGE_TEXT_MAX, SECTION_TEXT_MAX } from './limits.ts';
import { what } from './phrases.ts';
import { cut, date, mention, section } from './text.ts';
import type { Message } from './text.ts';

const name = (policy: Policy, { target, role }: PreApprovalView): string =>
  what({ request: { target, role } }, factsOf(policy, { target, role }));

export const allowanceLine = (policy: Policy, allowance: PreApprovalView): string =>
  `◇ ${mention(allowance.person)} · ${name(policy, allowance)} · allowed by ${mention(allowance.by)} until ${date(allowance.expiresAt)} \`${allowance.id}\``;

export const allowanceMessage = (policy: Policy, allowance: PreApprovalView): Message => {
  const until = date(allowance.expiresAt);
  const heading = allowance.revokedAt
    ? `○ ${mention(allowance.by)} had allowed you ${name(policy, allowance)} ahead of time. *That was taken back.*`
    : `◇ ${mention(allowance.by)} allowed you ${name(policy, allowance)} ahead of time, until ${until}. When you ask for it, their approval is there already.`;
  return { text: cut(heading, MESSAGE_TEXT_MAX), blocks: [section(cut(heading, SECTION_TEXT_MAX))] };
};
