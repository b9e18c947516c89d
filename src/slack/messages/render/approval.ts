/** The message approvers decide on: who, what, how risky, how long, why, who is asked, and what is still missing. */
import type { KnownBlock } from '@slack/types';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import { actions, approveButton, approveChangesButton, denyButton, discussButton, endNowButton } from './buttons.ts';
import { jobLine } from './client.ts';
import type { MessageFacts } from './facts.ts';
import { CONTEXT_TEXT_MAX, MESSAGE_TEXT_MAX, REASON_SHOWN_MAX, SECTION_TEXT_MAX, TICKET_SHOWN_MAX } from './limits.ts';
import { newEndLine } from './more-time.ts';
import {
  allows,
  changeLines,
  escalation,
  groups,
  howLong,
  mark,
  mayRemain,
  notCut,
  status,
  ticket,
  votesBeside,
  warning,
  what,
  whoEnds,
  whoIsAsked,
} from './phrases.ts';
import { context, cut, inline, mention, plain, quote, section } from './text.ts';
import type { Message } from './text.ts';

const WHOSE_SHOWN_MAX = 80;
/** A lock screen shows little more. */
const REASON_PUSHED_MAX = 150;

export const approvalMessage = (view: RequestView, facts: MessageFacts): Message => {
  const isOpen = view.request.state === 'pending';
  const blocks: KnownBlock[] = [
    section(cut(heading(view, facts), SECTION_TEXT_MAX)),
    section(quote(view.request.reason, REASON_SHOWN_MAX)),
    ...details(view, facts),
    section(cut(decisionLines(view, facts, isOpen), SECTION_TEXT_MAX)),
  ];
  if (isOpen)
    blocks.push(
      actions(
        approveButton(view.request.id, approvalCare(view, facts)),
        ...(view.request.extendsGrantId === null ? [approveChangesButton(view.request.id)] : []),
        denyButton(view.request.id),
        discussButton(view.request.id),
      ),
    );
  else blocks.push(...liveBlocks(view));
  return { text: cut(notification(view, facts, isOpen), MESSAGE_TEXT_MAX), blocks };
};

/** What a mistaken click would give, asked once more: for sensitive roles only. */
export const approvalCare = (
  view: RequestView,
  { role, target }: Pick<MessageFacts, 'role' | 'target'>,
): string | null => {
  if (!role?.isSensitive) return null;
  const { request, requester } = view;
  const [who, to] = [requester.name, `${target?.title ?? request.target}: ${role.title}`].map((text) =>
    plain(text, WHOSE_SHOWN_MAX),
  );
  const length =
    request.extendsByMs === null ? formatDuration(request.durationMs) : `${formatDuration(request.extendsByMs)} more`;
  return `${who} gets ${to}, a sensitive role, for ${length}.`;
};

/** The way back from a mistaken approval, and the id for whoever would type it. */
export const liveBlocks = ({ grant, requester }: Pick<RequestView, 'grant' | 'requester'>): KnownBlock[] => {
  if (!grant) return [];
  const isEndable = grant.state === 'activating' || grant.state === 'active';
  const end = isEndable ? [actions(endNowButton(grant.id, plain(requester.name, WHOSE_SHOWN_MAX)))] : [];
  return [...end, context(`Grant \`${grant.id}\``)];
};

const heading = (view: RequestView, facts: MessageFacts): string => {
  const inGroups = groups(facts.groups);
  const who = `${mention(view.requester)}${inGroups ? ` (${inGroups})` : ''}`;
  return `${mark(view)} ${what(view, facts)} for *${howLong(view)}*\n${who} asks:`;
};

const details = (view: RequestView, facts: MessageFacts): KnownBlock[] => {
  const allowed = allows(facts);
  const lines = [
    jobLine(view.requester),
    newEndLine(view),
    ticket(view),
    allowed ? `Allows: ${allowed}` : null,
    warning(facts),
    notCut(facts),
    mayRemain(view.request.mayRemain),
    whoEnds(facts),
  ].filter((line) => line !== null);
  return lines.length > 0 ? [context(cut(lines.join('\n'), CONTEXT_TEXT_MAX))] : [];
};

const decisionLines = (view: RequestView, facts: MessageFacts, isOpen: boolean): string =>
  [
    ...changeLines(view, facts),
    isOpen ? whoIsAsked(view, facts) : null,
    isOpen ? escalation(view, facts) : null,
    votesBeside(view, facts),
    status(view),
  ]
    .filter((line) => line !== null)
    .join('\n');

const notification = (view: RequestView, facts: MessageFacts, isOpen: boolean): string =>
  isOpen
    ? `${mention(view.requester)} requests ${what(view, facts)} for ${howLong(view)}${facts.role?.isSensitive ? ' (sensitive)' : ''}: “${inline(view.request.reason, REASON_PUSHED_MAX)}”${view.request.ticket ? ` ${inline(view.request.ticket, TICKET_SHOWN_MAX)}` : ''}`
    : `${what(view, facts)} for ${mention(view.requester)}: ${status(view)}`;
