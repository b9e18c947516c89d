/** The message above the files of a report that made itself. */
import type { ReportContent } from '../../../application/messages/channel.ts';
import { pluralize } from '../../../lib/pluralize.ts';
import { card, iconOf } from './card.ts';
import { context, inline, section } from './text.ts';
import type { Message } from './text.ts';

const SHOWN_MAX = 100;
const CHECK = 'Check the folder of these files with `python3 verify.py <folder> --key <verifier key>`.';

export const reportMessage = ({ run: { name, period, facts } }: ReportContent): Message => {
  const title = `Access report ${inline(period, SHOWN_MAX)}`;
  const { rows = 0, exceptions = 0, unanswered = 0, disagreeing = 0 } = facts ?? {};
  const tone = disagreeing > 0 ? 'alarm' : unanswered > 0 ? 'trouble' : 'note';
  const lines = [
    `${pluralize(rows, 'request')} in the register · ${pluralize(exceptions, 'exception')}, ${unanswered} without an answer`,
    ...(disagreeing > 0
      ? [`*${pluralize(disagreeing, 'control total')} do not agree*: see the cover, before you rely on it.`]
      : []),
  ];
  return card({
    tone,
    text: `${title}: ${pluralize(rows, 'request')}, ${pluralize(exceptions, 'exception')}`,
    head: [section(`${iconOf(tone)} *${title}* (${inline(name, SHOWN_MAX)})\n${lines.join('\n')}`)],
    body: [context(`The files are in the thread. They hold names and reasons. ${CHECK}`)],
  });
};
