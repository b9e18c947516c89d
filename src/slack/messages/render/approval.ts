/** The card approvers decide on: who, what and how long, why, who still must approve, how risky. */
import type { KnownBlock } from '@slack/types';
import { isDeployment } from '../../../domain/policy/deployments.ts';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { careBlocks, liveBlocks, whoLine } from './access-blocks.ts';
import { actions, approveButton, approveChangesButton, denyButton, discussButton } from './buttons.ts';
import { card, toneOf } from './card.ts';
import { jobLine } from './client.ts';
import type { MessageFacts } from '../../../application/messages/facts.ts';
import { CONTEXT_TEXT_MAX, REASON_PUSHED_MAX, SECTION_TEXT_MAX, TICKET_SHOWN_MAX } from './limits.ts';
import { newEndLine } from './more-time.ts';
import { changeLines, howLong, lasting, reason, what } from './phrases.ts';
import { mark, status, votesBeside } from './status.ts';
import { progress } from './progress.ts';
import { context, cut, inline, mention, plain, said, section } from './text.ts';
import type { Message } from './text.ts';
import { unlinkedLine } from './unlinked.ts';

const WHOSE_SHOWN_MAX = 80;

export const approvalMessage = (view: RequestView, facts: MessageFacts): Message => {
  const isOpen = view.request.state === 'pending';
  return card({
    tone: toneOf(view),
    text: isOpen ? pushed(view, facts) : `${what(view, facts)} for ${mention(view.requester)}: ${status(view, facts)}`,
    head: [whoLine(view, facts), section(`${mark(view)} ${what(view, facts)}${lasting(view, `*${howLong(view)}*`)}`)],
    body: [
      section(cut(reason(view), SECTION_TEXT_MAX)),
      ...jobBlocks(view),
      section(cut(decisionLines(view, facts, isOpen), SECTION_TEXT_MAX)),
      ...careBlocks(view, facts),
      ...(isOpen ? [decide(view, facts)] : liveBlocks(view)),
    ],
  });
};

/** More time and a deployment are agreed to as they are, or not at all. */
const mayBeLess = ({ request }: RequestView): boolean =>
  request.extendsGrantId === null && !isDeployment(request.target);

const decide = (view: RequestView, facts: MessageFacts): KnownBlock =>
  actions(
    approveButton(view.request, approvalCare(view, facts)),
    denyButton(view.request),
    ...(mayBeLess(view) ? [approveChangesButton(view.request)] : []),
    discussButton(view.request.id),
  );

/** What a mistaken click would give, asked once more: for sensitive roles only. */
const approvalCare = (view: RequestView, { role, target }: Pick<MessageFacts, 'role' | 'target'>): string | null => {
  if (!role?.isSensitive) return null;
  const { request, requester } = view;
  const [who, to] = [requester.name, `${target?.title ?? request.target}: ${role.title}`].map((text) =>
    plain(text, WHOSE_SHOWN_MAX),
  );
  const length =
    request.extendsByMs === null ? formatDuration(request.durationMs) : `${formatDuration(request.extendsByMs)} more`;
  return `${who} gets ${to}, a sensitive role, for ${length}.`;
};

const jobBlocks = (view: RequestView): KnownBlock[] => {
  const job = jobLine(view);
  return job === null ? [] : [context(cut(job, CONTEXT_TEXT_MAX))];
};

const decisionLines = (view: RequestView, facts: MessageFacts, isOpen: boolean): string =>
  [
    ...changeLines(view, facts),
    newEndLine(view),
    isOpen ? progress(view, facts) : status(view, facts),
    isOpen ? unlinkedLine(facts) : null,
    isOpen ? null : votesBeside(view, facts),
  ]
    .filter((line) => line !== null)
    .join('\n');

/** What decides whether one gets up for it: who, what, how long, how risky, why. */
const pushed = (view: RequestView, facts: MessageFacts): string => {
  const { reason: why, ticket } = view.request;
  const sensitive = facts.role?.isSensitive ? ' (sensitive)' : '';
  const tied = ticket ? ` ${inline(ticket, TICKET_SHOWN_MAX)}` : '';
  return `${mention(view.requester)} requests ${what(view, facts)}${lasting(view, howLong(view))}${sensitive}: ${said(why, REASON_PUSHED_MAX)}${tied}`;
};
