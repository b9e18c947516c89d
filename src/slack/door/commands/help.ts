/** `/prod-access help`, made from the commands themselves. */
import type { Command } from './command.ts';
import { typed } from './command.ts';

const FORM = `${typed('')} opens the form`;
const LINE = `${typed('orders-db read 30m checkout errors OPS-12')} requests in one line: target, role, duration, reason, ticket`;
const LATER = `${typed('orders-db read 30m from 22:00 move the archive')} starts later, in your own time zone`;

const helpText = (commands: readonly Command[]): string =>
  [
    '*Latchkey*: production access for minutes, approved by the right people, and ended automatically.',
    FORM,
    LINE,
    LATER,
  ]
    .concat(commands.map(({ usage, does }) => `${typed(usage)} ${does}`))
    .join('\n');

export const createHelp = (others: readonly Command[]): Command => {
  const help: Command = {
    name: 'help',
    usage: 'help',
    does: 'show this list',
    run: ({ reply }) => reply({ text: helpText([...others, help]) }),
  };
  return help;
};
