/** `/prod-access list`: my requests and grants, what waits for me, and buttons for what can be done with them. */
import type { RequestView } from '../../../application/record/request-view.ts';
import { preApprovalLine } from '../../messages/render/pre-approval.ts';
import { actions } from '../../messages/render/buttons.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import type { Say } from '../../messages/render/line-buttons.ts';
import { answerWith } from '../answer.ts';
import { SECTION_TEXT_MAX } from '../../messages/render/limits.ts';
import { cut, section } from '../../messages/render/text.ts';
import { myLine, theirLine } from '../lines.ts';
import type { Command } from './command.ts';

const SHOWN_MAX = 20;
const FORM = { line: 'form', label: 'Request access' };

/** Each leads to what there is to choose from: no id is typed. */
const stepsOf = ({ live, pending }: { live: RequestView[]; pending: RequestView[] }): Say[] => [
  ...(live.length > 0
    ? [
        { line: 'done', label: 'Give access back' },
        { line: 'extend', label: 'More time' },
      ]
    : []),
  ...(pending.length > 0 ? [{ line: 'cancel', label: 'Cancel a request' }] : []),
  FORM,
];

export const list: Command = {
  name: 'list',
  usage: 'list',
  does: 'show your requests and grants, and what waits for your decision',
  audience: 'everyone',
  run: async ({ slack, userId, reply }) => {
    const policy = slack.policy();
    const { pending, live, recent, waitingForMe, preApprovals } = await slack.useCases.overview({ userId });
    const groups: [string, RequestView[], typeof myLine][] = [
      ['Your access', live, myLine],
      ['Your requests', pending, myLine],
      ['Waiting for you', waitingForMe, theirLine],
      ['Recent', recent, myLine],
    ];
    const shown = groups
      .filter(([, views]) => views.length > 0)
      .map(([title, views, line]) => {
        const rest = views.length > SHOWN_MAX ? [`and ${views.length - SHOWN_MAX} more`] : [];
        return [`*${title}*`, ...views.slice(0, SHOWN_MAX).map((view) => line(policy, view)), ...rest].join('\n');
      });
    if (preApprovals.length > 0)
      shown.push(['*Pre-approvals*', ...preApprovals.map((one) => preApprovalLine(policy, one))].join('\n'));
    if (shown.length === 0) return reply(answerWith('You have no access and no open request.', sayButtons([FORM])));
    return reply({
      text: 'Your requests and grants',
      blocks: [
        ...shown.map((lines) => section(cut(lines, SECTION_TEXT_MAX))),
        actions(...sayButtons(stepsOf({ live, pending }))),
      ],
    });
  },
};
