/** `allow @person orders-db read for 2d` gives a pre-approval; `withdraw <id>` withdraws it. */
import { readTypedDuration } from '../../../domain/time/typed-duration.ts';
import type { Button } from '@slack/types';
import type { PreApproveResult } from '../../../application/requests/pre-approve.ts';
import { preApprovalLine } from '../../messages/render/pre-approval.ts';
import { factsOf } from '../../../application/messages/facts.ts';
import { oneOf, remainLines, what } from '../../messages/render/phrases.ts';
import { date, mention, sentenceList } from '../../messages/render/text.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import type { Policy } from '../../../domain/policy/types.ts';
import type { Overview } from '../../../application/queries/overview.ts';
import type { Reply, Slack } from '../context.ts';
import { answerWith } from '../answer.ts';
import { allowClient, clientLine } from './allow-client.ts';
import { choose } from './choose.ts';
import { whatToType } from './request.ts';
import type { Command } from './command.ts';
import { code, typed } from './command.ts';
import { parseRequestLine } from './parse-request.ts';
import { readPerson } from './read-person.ts';

const SHAPE = /^(\S+)\s+(\S.*?)\s+for\s+(\S.*)$/is;
/** After what was wrong, in words. */
const usage = ({ clients }: Policy, wrong: string): Reply => {
  const example = `Write it like ${typed('allow @person orders-db read for 2d')}, with the person as a mention.`;
  const form = Object.keys(clients).length > 0 ? [{ line: 'allow client', label: 'Allow a client…' }] : [];
  return answerWith(`${wrong}${example}`, sayButtons([...form, { line: 'help', label: 'What can I do?' }]));
};

const withdrawButton = ({ id }: { id: string }): Button[] =>
  sayButtons([{ line: `withdraw ${id}`, label: 'Withdraw' }]);

const answer = (slack: Slack, result: PreApproveResult): Reply => {
  const { preApproval, missing } = result;
  const { person, target, role, expiresAt } = preApproval;
  const name = what({ request: { target, role } }, factsOf(slack.policy(), { target, role }));
  const needed = sentenceList(missing.map((one) => oneOf({ ...one, people: [] })));
  const state =
    missing.length === 0
      ? `Pre-approved: when ${mention(person)} requests ${name} until ${date(expiresAt)}, it is approved at once.`
      : `Your pre-approval of ${name} for ${mention(person)} counts until ${date(expiresAt)}. *It is not enough alone:* ${needed} must give theirs too, with the same command.`;
  const remains = remainLines(result).map((line) => `\n${line}`);
  return answerWith(`${state} The rules and their limits still hold.${remains.join('')}`, withdrawButton(preApproval));
};

export const preApprove: Command = {
  name: 'allow',
  usage: 'allow @person <target> <role> for <time> | <client> <target> <role> [time] in <window> <why>',
  does: 'pre-approve what a person will request, or one run of a CI job in a time window',
  audience: 'approvers',
  run: async (call) => {
    const { slack, userId, text, reply } = call;
    const line = clientLine(slack.policy(), text);
    if (line !== null) return allowClient(call, line);
    const [, who = '', into = '', time = ''] = SHAPE.exec(text.trim()) ?? [];
    const personUserId = readPerson(who);
    if (personUserId === null) return reply(usage(slack.policy(), who ? `${code(who)} is no person I know. ` : ''));
    const read = parseRequestLine(slack.policy(), into);
    if (!read.isRead) return reply(whatToType(read.problem, `allow @person `));
    const forMs = readTypedDuration(time);
    if (forMs === null || read.line.reason || read.line.durationMs !== null || read.line.start)
      return reply(usage(slack.policy(), 'I do not understand that. '));
    const { target, role } = read.line;
    const result = await slack.useCases.preApprove({ userId, personUserId, target, role, forMs });
    return reply(answer(slack, result));
  },
};

const whichToWithdraw = (policy: Policy, { preApprovals }: Overview): Reply =>
  choose({
    title: 'Which pre-approval do you withdraw?',
    none: 'There is no pre-approval of yours or for you.',
    items: preApprovals,
    lineOf: (one) => preApprovalLine(policy, one),
    buttonsOf: withdrawButton,
  });

export const withdrawPreApproval: Command = {
  name: 'withdraw',
  also: ['disallow'],
  usage: 'withdraw [id]',
  does: 'withdraw a pre-approval',
  audience: 'approvers',
  run: async ({ slack, userId, text, reply }) => {
    const id = text
      .trim()
      .replace(/^[`#]+|`+$/g, '')
      .toLowerCase();
    if (!id) return reply(whichToWithdraw(slack.policy(), await slack.useCases.overview({ userId })));
    const { preApproval } = await slack.useCases.withdrawPreApproval({ userId, id });
    return reply({ text: `Withdrawn: ${preApprovalLine(slack.policy(), preApproval)}` });
  },
};
