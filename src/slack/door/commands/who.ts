/** `/prod-access who orders-db`: who has access now, and who may approve. */
import type { Policy } from '../../../domain/policy/types.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { TargetOverview } from '../../../application/queries/overview.ts';
import { preApprovalLine } from '../../messages/render/pre-approval.ts';
import { SECTION_TEXT_MAX, TITLE_SHOWN_MAX } from '../../messages/render/limits.ts';
import { oneOf, ruleName } from '../../messages/render/phrases.ts';
import { use } from '../../messages/render/status.ts';
import { cut, inline, section, sentenceList } from '../../messages/render/text.ts';
import { theirLine } from '../lines.ts';
import { answerWith } from '../answer.ts';
import type { Reply } from '../context.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { nearest } from '../../nearest.ts';
import type { Command } from './command.ts';
import { code, typed } from './command.ts';

const SHOWN_MAX = 30;

export const who: Command = {
  name: 'who',
  usage: 'who <target>',
  does: 'show who has access now, and who may approve',
  audience: 'everyone',
  run: async ({ slack, userId, text, reply }) => {
    const policy = slack.policy();
    const names = Object.keys(policy.targets);
    const wanted = text.trim().split(/\s+/)[0] ?? '';
    const name = names.find((one) => one.toLowerCase() === wanted.toLowerCase());
    if (!name) return reply(unknown(wanted, names));
    const { live, roles, preApprovals } = await slack.useCases.targetOverview({ userId, target: name });
    const title = inline(policy.targets[name]?.title || name, TITLE_SHOWN_MAX);
    const inside = live.slice(0, SHOWN_MAX).map((view) => insideLine(policy, view));
    const rest = live.length > SHOWN_MAX ? [`and ${live.length - SHOWN_MAX} more`] : [];
    const now = [`*${title}: who has access now*`, ...(inside.length > 0 ? inside : ['No one.']), ...rest].join('\n');
    const ahead = ['*Pre-approvals*', ...preApprovals.map((one) => preApprovalLine(policy, one))].join('\n');
    const may = ['*Who approves*', ...roles.map(roleLine)].join('\n');
    return reply({
      text: `Who is in ${title}`,
      blocks: [now, ...(preApprovals.length > 0 ? [ahead] : []), may].map((lines) =>
        section(cut(lines, SECTION_TEXT_MAX)),
      ),
    });
  },
};

const insideLine = (policy: Policy, view: RequestView): string =>
  `${theirLine(policy, view)}${view.grant?.state === 'active' ? use(view.grant, view.now) : ''}`;

const roleLine = ({ role, title, rule, decision, eligible }: TargetOverview['roles'][number]): string => {
  const name = `\`${inline(role, TITLE_SHOWN_MAX)}\` ${inline(title, TITLE_SHOWN_MAX)}`;
  if (decision === 'deny')
    return `${name}: no one now${rule === null ? ', no rule covers it' : `, denied by rule ${ruleName(rule)}`}`;
  if (decision === 'approve') return `${name}: rule ${ruleName(rule)} approves at once`;
  return `${name}: ${sentenceList(eligible.map(oneOf))} (rule ${ruleName(rule)})`;
};

const unknown = (wanted: string, names: string[]): Reply => {
  const guesses = nearest(wanted, names);
  const lines = (guesses.length > 0 ? guesses : names.slice(0, 5)).map((name) => `who ${name}`);
  const shown = lines.map((line) => typed(line));
  const what = wanted ? `There is no target ${code(wanted)}.` : 'Say which target.';
  if (shown.length === 0) return { text: `${what} The policy names no targets yet.` };
  return answerWith(`${what} Type ${sentenceList(shown, 'or')}.`, sayButtons(lines.map((line) => ({ line }))));
};
