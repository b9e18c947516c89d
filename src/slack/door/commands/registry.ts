/** Every subcommand, one line each; what is none of them is read as a request in one line. */
import type { CommandCall, Reply } from '../context.ts';
import { roomOf } from '../../messages/channels.ts';
import { nearest } from '../../nearest.ts';
import { sentenceList } from '../../messages/render/text.ts';
import type { Room } from '../views/form-state.ts';
import { openForm } from '../views/open-form.ts';
import { answerWith, withTrigger } from '../answer.ts';
import { sayButtons } from '../../messages/render/line-buttons.ts';
import { preApprove, withdrawPreApproval } from './allow.ts';
import { requestInOneLine } from './request.ts';
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
import { key } from './key.ts';
import { link, unlink } from './link.ts';
import { override } from './override.ts';
import { list } from './list.ts';
import { people } from './people.ts';
import { report } from './report.ts';
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
  override,
  incident,
  review,
  evidence,
  report,
  key,
  link,
  unlink,
  people,
  revoke,
];

const { help, giveHelp } = createHelp(verbs);

export const commands: readonly Command[] = [...verbs, help];

const roomFor = ({ channelId }: CommandCall): Room | null =>
  roomOf(channelId) === null ? null : { channelId, isIncident: false };

export const runCommand = async (call: CommandCall): Promise<void> => {
  const line = call.text.trim();
  if (line === '' || line.toLowerCase() === FORM) {
    const room = roomFor(call);
    const opening = { line: FORM, label: 'Open the form' };
    return withTrigger(call, opening, (triggerId) => openForm(call.slack, { ...call, triggerId, room }));
  }
  const [first = ''] = line.split(/\s/, 1);
  const rest = line.slice(first.length).trim();
  const targets = Object.keys(call.slack.policy().targets);
  const isTarget = targets.some((name) => name.toLowerCase() === (first.split('/')[0] ?? '').toLowerCase());
  // A target may be called `list`; with a role after it, the target is meant.
  const command = isTarget && rest !== '' ? undefined : commandNamed(first.toLowerCase());
  if (command) return command.run({ ...call, text: rest });
  if (GREETING.test(line)) return giveHelp(call, null);
  return isTarget || !isMistypedCommand(first, rest, targets)
    ? requestInOneLine({ ...call, text: line }, whenUnclear)
    : suggest(call, first, rest);
};

/** How people begin with what they do not know yet. */
const GREETING = /^(?:hi|hello|hey|start|commands|\?)[\s!.,]*$/i;

/** What a button says to open the form, since it has to say something. */
const FORM = 'form';

const commandNamed = (word: string): Command | undefined =>
  commands.find(({ name, also = [] }) => name === word || also.includes(word));

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

const HELP = { line: 'help', label: 'What can I type?' };

/** In the direct message people say anything: what is near to nothing is answered by the help. */
const whenUnclear = (call: CommandCall, answer: Reply): Promise<void> =>
  call.triggerId === null ? giveHelp(call, answer.text) : call.reply(answer);

const suggest = (call: CommandCall, first: string, rest: string): Promise<void> => {
  const found = GUESSED.get(first.toLowerCase()) ?? nearest(first, commandNames());
  const guesses = found.map((name) => `${name} ${rest}`.trim());
  const words = `${code(first)} is neither a command nor a target.`;
  if (guesses.length === 0) return whenUnclear(call, answerWith(words, sayButtons([HELP])));
  const says = guesses.map((line, at) => ({ line, isFirst: at === 0 }));
  return call.reply(answerWith(`${words} Did you mean ${sentenceList(guesses.map(typed), 'or')}?`, sayButtons(says)));
};
