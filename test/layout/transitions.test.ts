/** One function for each transition: the store's writers of states, and the events of those moves, are called in one file each. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../../src', import.meta.url));
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll(path.sep, '/'))
  .filter((file) => file.endsWith('.ts') && !file.startsWith('store/'));
const texts = new Map(files.map((file) => [file, readFileSync(path.join(root, file), 'utf8')]));

const GRANTS = 'application/grants/transitions.ts';
const REQUESTS = 'application/requests/transitions.ts';

/** Each writer of a state, by the one file that may call it. */
const WRITERS: Record<string, string> = {
  'requests.insert': REQUESTS,
  'requests.setState': REQUESTS,
  'requests.noteCancelled': REQUESTS,
  'decisions.insert': REQUESTS,
  'grants.insert': GRANTS,
  'grants.setEnding': GRANTS,
  'grants.expireMany': GRANTS,
  'grants.endMany': GRANTS,
  'revocations.setEnding': GRANTS,
  'grants.setActive': 'application/grants/activate.ts',
  'grants.setFailed': 'application/grants/hold.ts',
  'grants.setExtended': 'application/grants/extend-in-target.ts',
  'grants.setClosedMany': 'application/grants/close-grants.ts',
  'grants.setRemovedMany': 'application/grants/remove-grants.ts',
  'grants.claimClosed': 'application/grants/revoke-grants.ts',
};

const EVENTS: Record<string, string> = {
  'request.created': REQUESTS,
  'request.approved': REQUESTS,
  'request.denied': REQUESTS,
  'request.cancelled': REQUESTS,
  'request.lapsed': REQUESTS,
  'grant.activating': GRANTS,
  'grant.ending': GRANTS,
  'grant.active': 'application/grants/activate.ts',
  'grant.failed': 'application/grants/hold.ts',
  'grant.extended': 'application/grants/extend-in-target.ts',
  'grant.closed': 'application/grants/close-grants.ts',
  'grant.removed': 'application/grants/remove-grants.ts',
};

/** Also of what was taken out of `tx` first: `const { setEnding } = tx.grants`. */
const namesWriter = (text: string, writer: string): boolean => {
  const [room = '', method = ''] = writer.split('.');
  const isCalled = new RegExp(String.raw`\b${room}\s*\??\.\s*${method}\b`).test(text);
  return isCalled || new RegExp(String.raw`\{[^{}]*\b${method}\b[^{}]*\}\s*=\s*[\w.]*\b${room}\b`).test(text);
};

const filesThat = (holds: (text: string) => boolean): string[] =>
  [...texts].filter(([, text]) => holds(text)).map(([file]) => file);

test.each(Object.entries(WRITERS))('%s is called in %s alone', (writer, home) => {
  expect(filesThat((text) => namesWriter(text, writer))).toEqual([home]);
});

test.each(Object.entries(EVENTS))('%s is written in %s alone', (type, home) => {
  expect(filesThat((text) => text.includes(`type: '${type}'`))).toEqual([home]);
});

test.each([
  'await tx.grants.setEnding(id, end);',
  'const write = tx.grants.setEnding;',
  'await tx?.grants?.setEnding(id, end);',
  'const { lock, setEnding } = tx.grants;',
])('a call of a writer elsewhere would be found: %s', (planted) => {
  expect(namesWriter(planted, 'grants.setEnding')).toBe(true);
});

test('a writer of another room is another writer', () => {
  expect(namesWriter('await tx.revocations.setEnding(one, ids, ms);', 'grants.setEnding')).toBe(false);
});
