/** A pre-approval: as a line in lists, and as the message to whom it lets in. */
import type { KnownBlock } from '@slack/types';
import type { Policy } from '../../../domain/policy/types.ts';
import type { PreApprovalView } from '../../../domain/requests/pre-approval.ts';
import { actions } from './buttons.ts';
import { card, iconOf } from './card.ts';
import { oftenButtons } from './line-buttons.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { SECTION_TEXT_MAX } from './limits.ts';
import { what } from './phrases.ts';
import { cut, date, mention, section } from './text.ts';
import type { Message } from './text.ts';

const name = (policy: Policy, { target, role }: PreApprovalView): string =>
  what({ request: { target, role } }, factsOf(policy, { target, role }));

export const preApprovalLine = (policy: Policy, preApproval: PreApprovalView): string =>
  `${iconOf('note')} ${mention(preApproval.person)} · ${name(policy, preApproval)} · pre-approved by ${mention(preApproval.by)} until ${date(preApproval.expiresAt)}`;

/** The line that requests it, without a reason: the form has a field for that. */
const requestButton = ({ target, role }: PreApprovalView): KnownBlock =>
  actions(...oftenButtons([{ line: `${target} ${role}`, label: 'Request access…' }]));

export const preApprovalMessage = (policy: Policy, preApproval: PreApprovalView): Message => {
  const { revokedAt, by, expiresAt } = preApproval;
  const tone = revokedAt ? 'over' : 'note';
  const heading = revokedAt
    ? `Your pre-approval for ${name(policy, preApproval)} was withdrawn.`
    : `${mention(by)} pre-approved ${name(policy, preApproval)} for you until ${date(expiresAt)}.`;
  const next = revokedAt
    ? `It was given by ${mention(by)}. New requests need an approval again.`
    : 'When you request it, their approval counts at once.';
  return card({
    tone,
    text: heading,
    head: [section(cut(`${iconOf(tone)} ${heading}`, SECTION_TEXT_MAX))],
    body: [section(cut(next, SECTION_TEXT_MAX)), ...(revokedAt ? [] : [requestButton(preApproval)])],
  });
};
