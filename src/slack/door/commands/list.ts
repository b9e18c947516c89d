/** `/prod-access list`: my requests and grants, and what waits for me. */
import type { RequestView } from '../../../application/record/request-view.ts';
import { allowanceLine } from '../../messages/render/pre-approval.ts';
import { SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { cut, section } from '../../messages/render/text.ts';
import { myLine, theirLine } from '../lines.ts';
import type { Command } from './command.ts';
import { typed } from './command.ts';

const SHOWN_MAX = 20;

export const list: Command = {
  name: 'list',
  usage: 'list',
  does: 'show your requests and grants, and what waits for your decision',
  run: async ({ slack, userId, reply }) => {
    const policy = slack.policy();
    const { pending, live, recent, waitingForMe, allowances } = await slack.useCases.overview({ userId });
    const groups: [string, RequestView[], typeof myLine][] = [
      ['You have', live, myLine],
      ['You asked for', pending, myLine],
      ['Waits for you', waitingForMe, theirLine],
      ['Lately', recent, myLine],
    ];
    const shown = groups
      .filter(([, views]) => views.length > 0)
      .map(([title, views, line]) => {
        const rest = views.length > SHOWN_MAX ? [`and ${views.length - SHOWN_MAX} more`] : [];
        return [`*${title}*`, ...views.slice(0, SHOWN_MAX).map((view) => line(policy, view)), ...rest].join('\n');
      });
    if (allowances.length > 0)
      shown.push(['*Allowed ahead of time*', ...allowances.map((one) => allowanceLine(policy, one))].join('\n'));
    if (shown.length === 0)
      return reply({ text: `You have nothing and asked for nothing. ${typed('')} opens the form.` });
    return reply({
      text: 'Your requests and grants',
      blocks: shown.map((lines) => section(cut(lines, SECTION_TEXT_MAX))),
    });
  },
};
