/** The words of the field, and not those of a dialect: in prose and in code. */
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
    Object.values(BANNED).flatMap(({ words, instead }) =>
      (line.match(patternOf(words)) ?? []).map((word) => `line ${index + 1}: "${word}": write ${instead}`),
    ),
  );
  expect(found).toEqual([]);
});

/**
 * What keeps its name for good, since it was written or is written by others: keys of the policy and of bundles, commands that people type,
 * columns, and names of events of older versions, which `domain/audit/names.ts` maps.
 */
const FIXED = [
  /break_glass\.tell|'tell'|\btell: someOf|shape\.tell|max, tell, review_within/gu,
  /\('told'\)/gu,
  /\bdisallow(?= |')/gu,
  /\bsample\.drawn\b|\bdrawn: (?:Sampled|kept)/gu,
];
const OLD_NAMES = 'src/domain/audit/names.ts';

/** Names of one's own, where a word stands inside: `askForAlert`, `isTold`. `isUseTold` is a key of timelines. */
const NAMES =
  /\b(?!isUseTold\b)\w*(?:Told|Teller|Electorate|Ballot|Vouch|Stranger|Sighting|Maker|Lapsed|[a-z]Ask)\b|\b(?:told|vouched|redraw|ask(?:For|By|Again|Who))[A-Z]\w*/gu;

const linesOf = (file: string): string[] =>
  FIXED.reduce((left, fixed) => left.replaceAll(fixed, ''), readFileSync(`${root}/${file}`, 'utf8')).split('\n');

/** A page draws, and its windows have news of each other. */
const OF_PAGES = new Set(['drawn', 'news']);

test.each(['src', 'sandbox/src', 'bench'])('the code in %s is written in the words of the field', (folder) => {
  const banned = Object.entries(BANNED).filter(([name]) => folder === 'src' || !OF_PAGES.has(name));
  const patterns = [...banned.map(([, { words }]) => patternOf(words)), NAMES];
  const found = filesIn(folder, /\.tsx?$/u)
    .filter((file) => file !== OLD_NAMES)
    .flatMap((file) =>
      linesOf(file).flatMap((line, index) =>
        patterns.flatMap((pattern) => (line.match(pattern) ?? []).map((word) => `${file}:${index + 1}: "${word}"`)),
      ),
    );
  expect(found).toEqual([]);
});
