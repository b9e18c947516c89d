/** Every command that documents, help and messages name is there, with the options that they name. */
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { buildProgram } from '../../src/cli/program.ts';
import { commands as slashCommands } from '../../src/slack/door/commands/registry.ts';
import { documents, productSources } from '../support/sources.ts';

const texts = [...documents(), ...productSources()];
const program = await buildProgram(() => undefined);

type Named = { file: string; line: string };

/** `latchkey …` in backticks, or at the beginning of a line of a shell block. Not: "Latchkey" the product, and names such as `latchkey_…`. */
const inTexts = (pattern: RegExp): Named[] =>
  texts.flatMap(({ file, text }) =>
    [...text.replaceAll('\\`', '`').matchAll(pattern)].map(([, line = '']) => ({ file, line: line.trim() })),
  );

const inBackticks = inTexts(/`(?:\.\/bin\/|npx )?latchkey ([a-z-][^`\n]*)`/g);
const inShell = inTexts(/^(?:# +|\$ )?(?:\.\/bin\/)?latchkey ([a-z-][^\n#>]*)/gm).filter(({ file }) =>
  /\.(?:md|yml)$|Dockerfile/.test(file),
);
const named = [...inBackticks, ...inShell];

const commandIn = (above: Command, words: readonly string[]): { command: Command; rest: readonly string[] } => {
  const [first, ...rest] = words;
  const found = above.commands.find((each) => each.name() === first);
  return found ? commandIn(found, rest) : { command: above, rest: words };
};

/** null: it is there, with what it is given. */
const wrongWith = (line: string): string | null => {
  const words = line.split(/[\s[\]|…]+/).filter(Boolean);
  const { command, rest } = commandIn(program, words);
  const options = rest.filter((word) => word.startsWith('--')).map((word) => word.split('=')[0] ?? '');
  const known = [...command.options, ...program.options].map(({ long }) => long);
  const unknown = options.filter((option) => option !== '--help' && !known.includes(option));
  if (command === program) return rest[0]?.startsWith('--') && unknown.length === 0 ? null : `no command ${rest[0]}`;
  if (unknown.length > 0) return `${command.name()} has no ${unknown.join(', ')}`;
  const isGroup = command.commands.length > 0;
  return isGroup && rest.length > 0 && !options.includes(rest[0] ?? '')
    ? `no command ${command.name()} ${rest[0]}`
    : null;
};

describe('latchkey …', () => {
  it('is found where it is named', () => {
    expect(named.length).toBeGreaterThan(30);
    expect(new Set(named.map(({ file }) => file.split('/')[0]))).toEqual(
      new Set(
        ['README.md', 'docs', 'latchkey.example.yml', 'src', 'Dockerfile'].filter((file) =>
          named.some((one) => one.file.startsWith(file)),
        ),
      ),
    );
  });

  it('names no command and no option that is not there', () => {
    const wrong = named.flatMap(({ file, line }) => {
      const why = wrongWith(line);
      return why === null ? [] : [`${file}: latchkey ${line}: ${why}`];
    });
    expect(wrong).toEqual([]);
  });

  it.each([
    ['doktor', 'no command doktor'],
    ['policy explode', 'no command policy explode'],
    ['serve --half', 'serve has no --half'],
    ['migrate', null],
    ['policy replay --policy new.yml --since 90d', null],
    ['serve [--only web|worker]', null],
  ])('the test itself: %s', (line, why) => expect(wrongWith(line)).toBe(why));
});

describe('/prod-access …', () => {
  /** After it: a command, or a target, which messages and documents write as one of these. The last three are of the demo. */
  const TARGETS = /^(?:orders-db|<target>|\$\{|(?:loyalty-db|cache|web)$)/;
  const slash = texts.flatMap(({ file, text }) =>
    [...text.matchAll(/`\\?\/prod-access ([a-z<$][^`\\\s]*)/g)].map(([, word = '']) => ({ file, word })),
  );
  const inHelp = slashCommands.map(({ name }) => name);
  const understood = slashCommands.flatMap(({ name, also = [] }) => [name, ...also]);

  it('names no command that is not there', () => {
    expect(slash.length).toBeGreaterThan(30);
    const wrong = slash.filter(({ word }) => !understood.includes(word) && !TARGETS.test(word));
    expect(wrong).toEqual([]);
  });

  it('is told of every command in a document', () => {
    const docs = documents()
      .map(({ text }) => text)
      .join('\n');
    expect(inHelp.filter((name) => !new RegExp(`(?:/prod-access |[\`·] ?)${name}\\b`).test(docs))).toEqual([]);
  });
});
