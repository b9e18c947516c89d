/** What a composer makes of what was typed: a command, or a message with its mentions; and what it offers meanwhile. */
import type { Act } from '../../page-server/act.ts';
import type { PersonCard } from '../../page-server/protocol.ts';
import type { Data } from '../state/data.ts';
import { escape } from './mrkdwn.ts';

type Known = Pick<Data, 'people' | 'channels' | 'commands' | 'usergroups'>;

/** `@ana` and `#general` become what Slack sends in their place; names nobody has stay words. */
const withMentions = (data: Known, escaped: string): string =>
  escaped
    .replace(/(^|[\s(])@([\w.-]*\w)/g, (all, before: string, name: string) => {
      const person = data.people.find((one) => one.name === name);
      const group = data.usergroups.find((one) => one.handle === name);
      if (person !== undefined) return `${before}<@${person.id}>`;
      if (group !== undefined) return `${before}<!subteam^${group.id}>`;
      return ['here', 'channel', 'everyone'].includes(name) ? `${before}<!${name}>` : all;
    })
    .replace(/(^|[\s(])#([\w-]+)/g, (all, before: string, name: string) => {
      const channel = data.channels.find((one) => one.name === name && one.kind === 'public');
      return channel === undefined ? all : `${before}<#${channel.id}|${channel.name}>`;
    });

export const outgoing = (data: Known, given: { channel: string; text: string; threadTs?: string | undefined }): Act => {
  const { channel, threadTs } = given;
  const text = given.text.trim();
  // Slack: slash commands are not served in threads; what is typed there is a message.
  const [command = '', ...rest] = text.split(/(?<=^\S+)\s+/);
  if (text.startsWith('/') && threadTs === undefined) return { act: 'command', channel, command, text: rest.join(' ') };
  const message = withMentions(data, escape(text));
  return { act: 'post', channel, text: message, ...(threadTs === undefined ? {} : { threadTs }) };
};

export type CompletionOption = { insert: string; label: string; usage?: string; hint?: string; person?: PersonCard };
/** `from`: where in the text the completed word starts. `isComplete`: nothing is left to complete, so Enter sends. */
export type Completion = { from: number; label: string; options: CompletionOption[]; isComplete: boolean };

const PEOPLE_MAX = 8;

const commandsFor = (data: Known, typed: string): Completion | null => {
  const options = data.commands
    .filter((one) => one.command.startsWith(typed))
    .map(({ command, description, usageHint }) => ({
      insert: command,
      label: command,
      usage: usageHint,
      hint: description,
    }));
  const isComplete = options.some((one) => one.insert === typed);
  return options.length === 0 ? null : { from: 0, label: 'Commands', options, isComplete };
};

const peopleFor = (data: Known, typed: string, from: number): Completion | null => {
  const words = typed.toLowerCase();
  const options = data.people
    .filter((one) => !one.isDeleted && `${one.name} ${one.realName}`.toLowerCase().includes(words))
    .slice(0, PEOPLE_MAX)
    .map((person) => ({
      insert: `@${person.name}`,
      label: person.realName,
      hint: person.title === '' ? `@${person.name}` : `@${person.name} · ${person.title}`,
      person,
    }));
  const isComplete = data.people.some((one) => one.name === typed);
  return options.length === 0 ? null : { from, label: 'People', options, isComplete };
};

export const completeAt = (
  data: Known,
  typed: { text: string; caret: number; isThread: boolean },
): Completion | null => {
  const { text, caret, isThread } = typed;
  const before = text.slice(0, caret);
  if (!isThread && /^\/\S*$/.test(before)) return commandsFor(data, before);
  const [, word] = /(?:^|[\s(])@([\w.-]*)$/.exec(before) ?? [];
  return word === undefined ? null : peopleFor(data, word, caret - word.length - 1);
};
