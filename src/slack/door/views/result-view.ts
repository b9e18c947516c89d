/** What the form turns into after it was sent. */
import type { KnownBlock, ModalView } from '@slack/types';
import type { Policy } from '../../../domain/policy/types.ts';
import type { CreateRequestResult } from '../../../application/requests/request-types.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { ERROR_SHOWN_MAX, SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { howLong, what, whoMayApprove } from '../../messages/render/phrases.ts';
import { mark, status } from '../../messages/render/status.ts';
import { alreadyLine, requestedAlreadyLine, liveFullLine } from '../../messages/render/moves.ts';
import { context, cut, inline, mention, section } from '../../messages/render/text.ts';
import { COMMAND } from '../commands/command.ts';
import { text } from './texts.ts';

type Sent = Extract<CreateRequestResult, { outcome: 'sent' }>;

const sentWord = ({ request }: Sent['view'], isRepeat: boolean): string => {
  const did = request.isBreakGlass ? 'taken by break-glass' : 'sent';
  return isRepeat ? ` was already ${did}.` : ` was ${did}.`;
};

const isForJob = ({ requester }: Sent['view']): boolean => requester.kind === 'client';

export const sentLines = (
  policy: Policy,
  { view, isRepeat, targetProblem, alreadyHas, alreadyRequested, liveFull }: Sent,
): string[] => {
  const facts = factsOf(policy, view.request);
  const lines = [
    `${mark(view)} ${what(view, facts)} for *${howLong(view)}*${sentWord(view, isRepeat)}`,
    status(view),
    view.request.state === 'pending'
      ? `${whoMayApprove(view, facts)}${isForJob(view) ? '' : ' You get a direct message when it is decided.'}`
      : null,
    isForJob(view)
      ? `It is for the next job of ${mention(view.requester)}. You started it, so you do not count as its approver.`
      : null,
    alreadyHas ? alreadyLine(alreadyHas) : null,
    liveFull ? liveFullLine(liveFull) : null,
    alreadyRequested ? requestedAlreadyLine(alreadyRequested) : null,
    targetProblem ? `*The target has a problem now:* ${inline(targetProblem, ERROR_SHOWN_MAX)}` : null,
  ];
  return lines.filter((line) => line !== null);
};

export const sentHint = ({ view }: Sent): string => {
  const { request } = view;
  return request.state === 'pending'
    ? '*Cancel request* is in your direct messages with Latchkey.'
    : `\`${COMMAND} list\` shows where it stands.`;
};

const plainView = (title: string, blocks: KnownBlock[], close = 'Close'): ModalView => ({
  type: 'modal',
  title: text(title),
  close: text(close),
  blocks,
});

export const sentView = (policy: Policy, sent: Sent): ModalView =>
  plainView('Sent', [section(cut(sentLines(policy, sent).join('\n'), SECTION_TEXT_MAX)), context(sentHint(sent))]);

/** Shown over the form while a slow answer is awaited; closing it leads back to the form with everything still typed. */
export const sendingView = (externalId: string): ModalView => ({
  ...plainView('Sending', [section('Sending… Slack or the database is slow just now.')], 'Back'),
  external_id: externalId,
});

export const notSentView = (lines: readonly string[]): ModalView =>
  plainView(
    'Not sent',
    [section(cut(lines.join('\n'), SECTION_TEXT_MAX)), context('Go back to change it: what you typed is still there.')],
    'Back',
  );
