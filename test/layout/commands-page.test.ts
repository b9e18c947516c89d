/** `docs/commands.md` is written from the commands themselves: `UPDATE_DOCS=1 npx vitest run test/layout/commands-page` makes it anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Command as Program } from 'commander';
import { expect, test } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { COMMAND } from '../../src/slack/door/commands/command.ts';
import { commands } from '../../src/slack/door/commands/registry.ts';

const FILE = new URL('../../docs/commands.md', import.meta.url);
const program = await buildProgram(() => undefined);

const cell = (text: string): string => text.replaceAll('|', String.raw`\|`);
const row = (left: string, right: string): string => `| \`${cell(left)}\` | ${cell(right)} |`;
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** The leaves: a command that only groups others is not run by itself. */
const leaves = (program: Program): { line: string; command: Program }[] =>
  program.commands.flatMap((command) =>
    command.commands.length > 0
      ? leaves(command).map(({ line, command: leaf }) => ({ line: `${command.name()} ${line}`, command: leaf }))
      : [{ line: command.name(), command }],
  );

const usageOf = (line: string, command: Program): string => {
  const args = command.registeredArguments.map((one) => (one.required ? `<${one.name()}>` : `[${one.name()}]`));
  return ['latchkey', line, ...args].join(' ');
};

const shellSection = ({ line, command }: { line: string; command: Program }): string[] => [
  `### ${usageOf(line, command).split(/ [<[]/, 1)[0]}`,
  '',
  `${sentence(command.description())}.`,
  '',
  '```',
  usageOf(line, command),
  '```',
  ...(command.options.length === 0
    ? []
    : [
        '',
        '| option | does |',
        '|---|---|',
        ...command.options.map(({ flags, description }) => row(flags, description)),
      ]),
  '',
];

const page = (): string =>
  [
    '# Commands',
    '',
    'This page is generated from the commands; a test compares the two.',
    '',
    '## In Slack',
    '',
    '| command | does |',
    '|---|---|',
    row(COMMAND, 'open the form'),
    row(`${COMMAND} <target> <role> [time] [from <start>] [why] [ticket]`, 'request in one line'),
    ...commands.map(({ usage, does }) => row(`${COMMAND} ${usage}`, does)),
    '',
    '## In a shell',
    '',
    'In a checkout it is `./bin/latchkey`, in the image `latchkey`. Every command answers `--help`.',
    'It exits with 0, with 1 when it found something wrong, and with 2 when it was used wrongly.',
    'Commands of a job (`exec`, `request`, `wait`, `credentials`, `done`) have [exit codes of their own](pipelines.md#how-it-ends).',
    '',
    ...leaves(program).flatMap(shellSection),
  ].join('\n');

if (process.env['UPDATE_DOCS']) writeFileSync(FILE, page());

test('docs/commands.md says what the commands take and do', () => {
  expect(readFileSync(FILE, 'utf8')).toBe(page());
});

test('every command and option has a description', () => {
  const described = leaves(program).flatMap(({ line, command }) => [
    { of: line, is: command.description() },
    ...command.options.map(({ flags, description }) => ({ of: `${line} ${flags}`, is: description })),
  ]);
  expect(described.filter(({ is }) => is === '')).toEqual([]);
});
