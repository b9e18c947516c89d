import { expect, test } from 'vitest';
import { plain, saidOf } from '../../../src/application/github/words.ts';
import { requestOf, viewWith } from '../../slack/some-view.ts';

test.each([
  ['turns', 'pay \u202Eevil\u202C \u061Cnow\u2066!', /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/],
  ['new lines', 'Approved.\n\n# Approved by the CTO\u2028x', /[\n\u2028]/],
  ['mentions', '@acme/everyone #12', /@a|(?<!\\)#/],
  ['links and images', '![x](https://evil.test) <img src=x>', /(?<!\\)[[\]<>(]/],
])('what GitHub shows of a person’s words has no %s', (_, text, forbidden) => {
  expect(plain(text)).not.toMatch(forbidden);
});

test('the title of a check is no Markdown, and its text is', () => {
  const view = viewWith(requestOf({ state: 'approved', rule: 'Writes_at night (#2)' }));
  const { title, text } = saidOf(view, { link: null, waitingFor: [] });
  expect(title).toBe('Approved by the rule “Writes_at night (#2)”.');
  expect(text).toContain(String.raw`“Writes\_at night \(\#2\)”`);
});
