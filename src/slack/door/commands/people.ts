/** `/prod-access people`: addresses that are not trusted since they moved; `people confirm dana@acme.test @dana` says whose one is. */
import { mention, sentenceList } from '../../messages/render/text.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { answerWith } from '../answer.ts';
import type { CommandCall } from '../context.ts';
import type { Command } from './command.ts';
import { code, typed } from './command.ts';
import { readPerson } from './read-person.ts';

const CONFIRM = /^confirm\s+(\S+@\S+)\s+(\S+)$/i;
const USAGE = `Write it like ${typed('people confirm dana@acme.test @dana')}, with the person as a mention.`;

const listConflicts = async ({ slack, userId, reply }: CommandCall): Promise<void> => {
  const conflicts = await slack.useCases.conflictingAddresses({ userId });
  if (conflicts.length === 0) return reply({ text: 'Every address that was looked up is trusted.' });
  const addresses = [...new Set(conflicts.map(({ address }) => address))];
  const lines = addresses.map((address) => {
    const at = conflicts.filter((one) => one.address === address).map(mention);
    return `• ${code(address)} was seen at ${sentenceList(at)}`;
  });
  return reply({ text: ['*These are not trusted until an admin confirms them.*', ...lines, USAGE].join('\n') });
};

export const people: Command = {
  name: 'people',
  usage: 'people',
  does: 'admins: email addresses that moved to another Slack account; `confirm <address> @person` says whose one is',
  audience: 'admins',
  run: async (call) => {
    const given = call.text.trim();
    if (given === '') return listConflicts(call);
    const [, address, who = ''] = CONFIRM.exec(given) ?? [];
    const personUserId = readPerson(who);
    if (address === undefined || personUserId === null)
      return call.reply(answerWith(USAGE, sayButtons([{ line: 'people', label: 'Show addresses' }])));
    const { person } = await call.slack.useCases.confirmAddress({ userId: call.userId, address, personUserId });
    return call.reply({
      text: `${code(address)} is ${mention(person)} from now on, for the policy and for who is on call. It is recorded.`,
    });
  },
};
