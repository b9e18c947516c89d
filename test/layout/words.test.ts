/** The words of the field, and not those of a dialect: in prose none is left; in the code there are fewer from change to change. */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const filesIn = (folder: string, ending: RegExp): string[] =>
  readdirSync(`${root}/${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((file) => ending.test(file) && !file.includes('node_modules'))
    .map((file) => `${folder}/${file}`)
    .toSorted();

/** Each with what to write instead. */
const BANNED: Record<string, { words: string; instead: string }> = {
  ask: {
    words: 'asks? for|asked for|the ask|an ask|new ask|one ask|asks again|(?:is|are|was|were) asked|who ask(?:s|ed)',
    instead: 'request',
  },
  tell: { words: 'told|tells?|teller', instead: 'notify, say, show' },
  stead: { words: "in (?:his|her|their|somebody's|one's) stead", instead: 'on behalf of, delegate' },
  ahead: { words: 'ahead of time|allowances?|disallow(?:s|ed)?', instead: 'pre-approval, withdraw' },
  makers: { words: 'makers?', instead: 'creator roles' },
  drawn: { words: 'drawn|redraw(?:n|s)?', instead: 'rendered, refreshed' },
  electors: { words: 'electorate|electors?|ballot', instead: 'approvers, eligible approvers, vote context' },
  vouch: { words: 'vouch\\w*', instead: 'confirm' },
  doubt: { words: 'sightings?|doubts?|counts? for nobody', instead: 'email binding, conflict, is not trusted' },
  mend: { words: 'mend(?:s|ed|ing)?|lend(?:s|ing)?|lent', instead: 'fix, grant' },
  strangers: { words: 'strangers?', instead: 'external users' },
  glass: { words: 'broke glass|break glass', instead: 'used break-glass, use break-glass' },
  whoever: { words: 'whoever', instead: "the actor's name: the requester, an approver" },
  lately: { words: 'lately|lapses?', instead: 'recent, expires' },
  news: { words: 'news|announcers?', instead: 'admin notifications' },
};

const patternOf = (words: string): RegExp => new RegExp(String.raw`\b(?:${words})\b`, 'giu');

/** Lines of prose: without fenced blocks, without code in backticks, without what Latchkey itself prints in emphasis. */
const proseOf = (text: string): string[] => {
  let isCode = false;
  return text.split('\n').map((line) => {
    if (line.trimStart().startsWith('```')) isCode = !isCode;
    return isCode ? '' : line.replaceAll(/`[^`]*`|\*[^*]+\*/gu, '');
  });
};

/** A message of Redis, as Redis says it. */
const QUOTED = ['Redis asks for no password'];

test.each([
  ...filesIn('docs', /\.md$/u).filter((file) => !['docs/events.md', 'docs/commands.md'].includes(file)),
  ...filesIn('examples', /\.yml$/u),
  ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'AGENTS.md', 'sandbox/README.md'],
])('%s is written in the words of the field', (file) => {
  const lines = file.endsWith('.yml')
    ? readFileSync(`${root}/${file}`, 'utf8')
        .split('\n')
        .map((line) => /#.*/u.exec(line)?.[0] ?? '')
    : proseOf(readFileSync(`${root}/${file}`, 'utf8'));
  const found = lines.flatMap((line, index) =>
    QUOTED.some((quoted) => line.includes(quoted))
      ? []
      : Object.values(BANNED).flatMap(({ words, instead }) =>
          (line.match(patternOf(words)) ?? []).map((word) => `line ${index + 1}: "${word}": write ${instead}`),
        ),
  );
  expect(found).toEqual([]);
});

/** How often each is in the code still. These numbers only shrink. */
const MOST: Record<string, number> = {
  ask: 246,
  tell: 282,
  stead: 0,
  ahead: 27,
  makers: 0,
  drawn: 20,
  electors: 0,
  vouch: 1,
  doubt: 2,
  mend: 0,
  strangers: 0,
  glass: 3,
  whoever: 0,
  lately: 2,
  news: 2,
};

test.each(Object.keys(BANNED))('in the code, "%s" becomes rarer', (name) => {
  const pattern = patternOf(BANNED[name]?.words ?? '');
  const count = filesIn('src', /\.ts$/u)
    .map((file) => readFileSync(`${root}/${file}`, 'utf8').match(pattern)?.length ?? 0)
    .reduce((sum, one) => sum + one, 0);
  expect(count).toBeLessThanOrEqual(MOST[name] ?? 0);
});
