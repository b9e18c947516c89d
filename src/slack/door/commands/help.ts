/** `/prod-access help`, made from the commands themselves. */
import type { Command } from './command.ts';
import { typed } from './command.ts';

const FORM = `${typed('')} opens the form`;
const LINE = `${typed('orders-db read 30m checkout errors OPS-12')} asks in one line: target, role, how long, why, ticket`;
const LATER = `${typed('orders-db read 30m from 22:00 move the archive')} begins later, on your own clock`;

const helpText = (commands: readonly Command[]): string =>
  ['*Latchkey*: production access for minutes, agreed to by the right people, and taken back.', FORM, LINE, LATER]
    .concat(commands.map(({ usage, does }) => `${typed(usage)} ${does}`))
    .join('\n');

export const createHelp = (others: readonly Command[]): Command => {
  const help: Command = {
    name: 'help',
    usage: 'help',
    does: 'this list',
    run: ({ reply }) => reply({ text: helpText([...others, help]) }),
  };
  return help;
};
