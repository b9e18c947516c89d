/** What is wrong with a vote, an approval with changes, an absence or a pre-approval. */
import type { Facts } from '../../domain/errors.ts';
import type { RequestProblem } from '../../domain/policy/verdict.ts';
import { deniedByRule, sentenceOfProblem } from './problems.ts';
import { sentenceList } from '../messages/render/text.ts';
import { duration, list, named, sentenceCase, words } from './facts.ts';
import type { Sentences } from './sentences.ts';

const alreadyDecided = (facts: Facts): string => {
  const by = words(facts, 'by');
  const state = words(facts, 'state') ?? 'decided';
  return by
    ? `This was already ${state} by ${by}. Your click changed nothing.`
    : `This was already ${state}. Your click changed nothing.`;
};

const ABSENCE_EXAMPLES =
  'Write it like `/prod-access away until Friday @omar`, `away 3d @omar`, `away until 2026-12-24` or `away until tomorrow 14:00`.';

const deniedOrNoRule = (facts: Facts): string =>
  facts.code === 'no_rule' ? 'No rule of the policy covers it.' : deniedByRule(facts);

const isRequestProblem = (value: unknown): value is RequestProblem =>
  typeof value === 'object' && value !== null && 'code' in value && 'field' in value && 'facts' in value;

export const VOTE_SENTENCES = {
  own_request: () => 'You cannot decide on your own request. Another approver decides.',
  not_an_approver: (facts) => {
    const labels = list(facts, 'labels');
    return `You are not an approver of this request${labels.length > 0 ? `: that is ${sentenceList(labels, 'or')}` : ''}. Nothing was changed.`;
  },
  already_voted: () => 'You have already voted on this. Your vote counts once.',
  no_vote: () => 'You have no vote on this request now, so there is nothing to withdraw.',
  stead_used: (facts) =>
    `${words(facts, 'name') ?? 'The approver'} has voted already, so you cannot vote on their behalf.`,
  change_nothing: () =>
    'That is the request as it is. Choose a shorter time or a smaller role, or approve it unchanged.',
  change_longer: (facts) =>
    `That is longer than requested${words(facts, 'asked') ? ` (${words(facts, 'asked') ?? ''})` : ''}. Choose a shorter time.`,
  change_wider_role: (facts) =>
    `${sentenceCase(named(facts, 'role', 'role'))} is not smaller than the requested role (\`${words(facts, 'asked') ?? ''}\`): the policy lists it later. Choose one that the policy lists earlier.`,
  change_sensitive: (facts) =>
    `${sentenceCase(named(facts, 'role', 'role'))} is sensitive and the requested role is not. Choose another role.`,
  change_more_people: (facts) =>
    `That needs more approvals than before (${words(facts, 'after') ?? 'more'} instead of ${words(facts, 'before') ?? 'fewer'}). Choose another role, or only a shorter time.`,
  change_denied: (facts) => `The rules do not allow this change. ${deniedOrNoRule(facts)}`,
  change_unfit: (facts) =>
    `The changed request does not fit its rule: ${isRequestProblem(facts.problem) ? sentenceOfProblem(facts.problem) : 'it takes a new request.'}`,
  change_extension: () =>
    'An extension is approved as requested, or denied. Deny it and say which time you would approve.',
  already_decided: alreadyDecided,
  request_changed: () =>
    'The request changed after this message was posted, so nothing was decided. Read the message again: it is refreshed, and its buttons are for what it says now.',
  already_cancelled: () => 'The requester has cancelled this. Nothing was changed.',
  already_lapsed: () => 'This expired before it was decided. The requester can request it again.',
  approver_started_job: () =>
    'The person who approved this started the job that uses it. Another person approves it, or starts the job.',
  overrider_started_job: () =>
    'The person who overrode the freeze for this run started the job that would use it. Another person runs it again.',
  starter_unlinked: () =>
    'It is not known whose the account is that started the job, so it may be the approver’s. Link it with `/prod-access link`, or let an admin list it under `accounts` in the policy.',
  absence_unreadable: (facts) =>
    `${words(facts, 'text') ? `I cannot read \`${words(facts, 'text') ?? ''}\`` : 'Say until when'}. ${ABSENCE_EXAMPLES}`,
  absence_past: (facts) =>
    `${words(facts, 'text') ? `\`${words(facts, 'text') ?? ''}\`` : 'That'} is over already. ${ABSENCE_EXAMPLES}`,
  absence_too_long: () => `That is more than a year away. Say a nearer day. ${ABSENCE_EXAMPLES}`,
  absence_none: () => 'You are not away, so there is nothing to end.',
  delegate_self: () => 'You cannot be your own delegate. Name another person, or leave the delegate out.',
  delegate_unfit: (facts) =>
    `${words(facts, 'name') ?? 'That account'} cannot be your delegate: only active full members of this workspace can. Nothing was changed.`,
  own_pre_approval: () => 'You cannot pre-approve your own access. Another approver can.',
  pre_approval_needless: (facts) =>
    `No pre-approval is needed: ${words(facts, 'rule') ? `rule “${words(facts, 'rule') ?? ''}”` : 'a rule'} approves their request at once.`,
  pre_approval_too_long: (facts) =>
    `A pre-approval cannot last that long. ${duration(facts, 'maxMs') ? `Write one like 2d, at most ${duration(facts, 'maxMs') ?? ''}.` : 'Write one like 2d.'}`,
  pre_approval_not_found: () => 'There is no such pre-approval now. `/prod-access list` shows yours.',
  not_your_pre_approval: () =>
    'Only the approver who gave it, the person it is for, owners of the target and admins may withdraw a pre-approval. Nothing was changed.',
} satisfies Sentences;
