/** `/prod-access review`: access taken by break-glass that somebody has to look at; `review allow @person` lifts a block. */
import type { KnownBlock } from '@slack/types';
import type { RequestView } from '../../../application/record/request-view.ts';
import { actions, justifiedButton, notJustifiedButton } from '../../messages/render/buttons.ts';
import { REASON_SHOWN_MAX, SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { context, cut, inline, mention, quote, section } from '../../messages/render/text.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { answerWith } from '../answer.ts';
import type { CommandCall } from '../context.ts';
import { adviceFiles, adviceLines } from '../../../application/reviews/made-advice.ts';
import { linesCsv } from '../../../domain/reviews/lines-csv.ts';
import { campaignMessage } from '../../messages/render/campaign.ts';
import { sendPrivately } from '../../messages/send-privately.ts';
import { reviewedLine } from '../lines.ts';
import type { Command } from './command.ts';
import { typed } from './command.ts';
import { readPerson } from './read-person.ts';

const LINE_MAX = 300;
/** Three blocks each, and a message has fifty. */
const SHOWN_MAX = 10;

const line = (call: CommandCall, view: RequestView): string => reviewedLine(call.slack.policy(), view);

const mineBlocks = (call: CommandCall, view: RequestView): KnownBlock[] => [
  section(cut(`${line(call, view)}\n${quote(view.request.reason, REASON_SHOWN_MAX / 5)}`, SECTION_TEXT_MAX)),
  ...(view.grant ? [actions(justifiedButton(view.grant.id), notJustifiedButton(view.grant.id))] : []),
];

const listOpen = async (call: CommandCall): Promise<void> => {
  const { mine, all } = await call.slack.useCases.openReviews({ userId: call.userId });
  const others = (all ?? []).filter((view) => !mine.some(({ request }) => request.id === view.request.id));
  const [campaign] = await call.slack.useCases.waitingLines({ userId: call.userId });
  if (campaign) await call.reply(campaignMessage(campaign));
  if (mine.length === 0 && others.length === 0)
    return campaign ? undefined : call.reply({ text: all ? 'No review is open.' : 'No review waits for you.' });
  const rest = mine.length > SHOWN_MAX ? [context(`and ${mine.length - SHOWN_MAX} more that wait for you`)] : [];
  const lines = others.slice(0, SHOWN_MAX).map((view) => line(call, view));
  const blocks = [
    ...(mine.length > 0 ? [section('*Waits for your review*')] : []),
    ...mine.slice(0, SHOWN_MAX).flatMap((view) => mineBlocks(call, view)),
    ...rest,
    ...(lines.length > 0 ? [section(cut(['*Waits for others*', ...lines].join('\n'), SECTION_TEXT_MAX))] : []),
  ];
  return call.reply({ text: 'Open reviews', blocks });
};

/** All lines that wait for the person, with the facts, by direct message. */
const sendCsv = async (call: CommandCall): Promise<void> => {
  const waiting = await call.slack.useCases.waitingLines({ userId: call.userId });
  if (waiting.length === 0) return call.reply({ text: 'No line of a review waits for you.' });
  const files = waiting.map(({ campaign, lines }) => ({
    filename: `review-${campaign.id}.csv`,
    title: `${campaign.name}, ${campaign.period}`,
    content: linesCsv(lines),
  }));
  await sendPrivately(call.slack.client, {
    userId: call.userId,
    text: 'What waits for your review.',
    files,
  });
  return call.reply({ text: 'The list is in your direct messages with Latchkey.' });
};

/** For admins: what history suggests, as files by direct message. */
const sendAdvice = async (call: CommandCall): Promise<void> => {
  const made = await call.slack.useCases.adviceFor({ userId: call.userId });
  if (made.advice.length === 0)
    return call.reply({
      text: cut(
        adviceLines(made)
          .map((said) => inline(said, LINE_MAX))
          .join('\n'),
        SECTION_TEXT_MAX,
      ),
    });
  await sendPrivately(call.slack.client, {
    userId: call.userId,
    text: 'What history suggests for `latchkey.yml`. Nothing changes by itself; an admin edits the file.',
    files: adviceFiles(made, 'now').map(({ name, content }) => ({ filename: name, title: name, content })),
  });
  return call.reply({ text: 'The advice is in your direct messages with Latchkey.' });
};

const ALLOW = /^allow\s+(\S+)$/i;

const preApprove = async (call: CommandCall, word: string): Promise<void> => {
  const personUserId = readPerson(word);
  if (personUserId === null)
    return call.reply({ text: `Name the person, as a mention: ${typed('review allow @person')}.` });
  const { person, waived } = await call.slack.useCases.allowBreakGlass({ userId: call.userId, personUserId });
  const reviews = waived === 1 ? 'One overdue review stays' : `${waived} overdue reviews stay`;
  return call.reply({ text: `${mention(person)} may use break-glass again. ${reviews} open.` });
};

export const review: Command = {
  name: 'review',
  usage: 'review [csv|advice]',
  does: 'access reviews and break-glass follow-ups that wait for you; `csv` sends them as a file. Admins: `advice` suggests policy changes from past use; `allow @person` permits break-glass while a review is overdue',
  audience: 'reviewers',
  run: async (call) => {
    const given = call.text.trim();
    if (given === '') return listOpen(call);
    if (given.toLowerCase() === 'csv') return sendCsv(call);
    if (given.toLowerCase() === 'advice') return sendAdvice(call);
    const word = ALLOW.exec(given)?.[1];
    if (word) return preApprove(call, word);
    return call.reply(
      answerWith(
        `Type ${typed('review')} for the list, or ${typed('review allow @person')}.`,
        sayButtons([{ line: 'review', label: 'Show open reviews' }]),
      ),
    );
  },
};
