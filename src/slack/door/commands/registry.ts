/** Every subcommand, one line each; what is none of them is read as an ask in one line. */
import type { CommandCall } from '../context.ts';
import { roomOf } from '../../messages/channels.ts';
import { nearest } from '../../nearest.ts';
import { sentenceList } from '../../messages/render/text.ts';
import type { Room } from '../views/form-state.ts';
import { openForm } from '../views/open-form.ts';
import { preApprove, withdrawPreApproval } from './allow.ts';
import { askInOneLine } from './request.ts';
import { away, back } from './away.ts';
import { breakGlass } from './break-glass.ts';
import type { Command } from './command.ts';
import { code, typed } from './command.ts';
import { cancel, done, revoke } from './end.ts';
import { evidence } from './evidence.ts';
import { explain } from './explain.ts';
import { extend } from './extend.ts';
import { createHelp } from './help.ts';
import { incident } from './incident.ts';
import { list } from './list.ts';
import { people } from './people.ts';
import { review } from './review.ts';
import { who } from './who.ts';

const verbs: readonly Command[] = [
  list,
  who,
  done,
  extend,
  cancel,
  explain,
  away,
  back,
  preApprove,
  withdrawPreApproval,
  breakGlass,
  incident,
  review,
  evidence,
  people,
  revoke,
];

export const commands: readonly Command[] = [...verbs, createHelp(verbs)];

const roomFor = ({ channelId }: CommandCall): Room | null =>
  roomOf(channelId) === null ? null : { channelId, isIncident: false };

export const runCommand = async (call: CommandCall): Promise<void> => {
  const line = call.text.trim();
  if (line === '') return openForm(call.slack, { ...call, room: roomFor(call) });
  const [first = ''] = line.split(/\s/, 1);
  const rest = line.slice(first.length).trim();
  const targets = Object.keys(call.slack.policy().targets);
  const isTarget = targets.some((name) => name.toLowerCase() === (first.split('/')[0] ?? '').toLowerCase());
  // A target may be called `list`; with a role after it, the target is meant.
  const command = isTarget && rest !== '' ? undefined : commands.find(({ name }) => name === first.toLowerCase());
  if (command) return command.run({ ...call, text: rest });
  return isTarget || !isMistypedCommand(first, rest, targets)
    ? askInOneLine({ ...call, text: line })
    : suggest(call, first, rest);
};

const commandNames = (): string[] => commands.map(({ name }) => name);

/** One word, or one that is nearer to a command than to a target. */
const isMistypedCommand = (first: string, rest: string, targets: string[]): boolean => {
  const [guess] = nearest(first, [...commandNames(), ...targets]);
  return guess === undefined ? rest === '' : commandNames().includes(guess);
};

/** What people type for commands that have another name. */
const GUESSED: ReadonlyMap<string, readonly string[]> = new Map([
  ['status', ['list']],
  ['ls', ['list']],
  ['mine', ['list']],
  ['show', ['list']],
]);

const suggest = (call: CommandCall, first: string, rest: string): Promise<void> => {
  const guesses = (GUESSED.get(first.toLowerCase()) ?? nearest(first, commandNames())).map((name) =>
    typed(`${name} ${rest}`.trim()),
  );
  const instead =
    guesses.length > 0 ? `Did you mean ${sentenceList(guesses, 'or')}?` : `${typed('help')} lists what there is.`;
  return call.reply({ text: `${code(first)} is neither a command nor a target. ${instead}` });
};
