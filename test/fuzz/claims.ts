/** What holds of everything that people, operators and the senders of webhooks are answered. */
import { expect } from 'vitest';

/** For the doors: they run inside of a test, though they are written beside it. */
export const claim = expect;

/** Frames of a stack, and paths of the machine or of our own source. */
const INSIDES =
  /\n\s+at \S|node:internal|node_modules|file:\/\/|\bsrc\/[\w/-]+\.ts\b|TypeError|RangeError|ReferenceError/;
/** Dates are ours; what else Slack would act on must come from an id that was looked up, and here none was. */
const ACTS = /<(?!!date\^\d+\^)[!@#]|<(?:https?|mailto|javascript):/i;
/** Carried unseen, or plain text: the errors under the fields of a form. */
const UNSEEN = new Set(['private_metadata', 'block_id', 'action_id', 'value', 'url', 'errors']);
/** docs.slack.dev/reference/methods/chat.postMessage: longer text is cut; sections have a bound of their own. */
const TEXT_MAX = 4_000;

const stringsIn = (value: unknown, key = ''): { key: string; text: string }[] => {
  if (typeof value === 'string') return [{ key, text: value }];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => stringsIn(inner, name));
};

/** `echo`: what the person's own input brought may look like a path or an error, so that only what is not from it counts. */
export const saysNothingOfTheInside = (said: unknown, echo = ''): void => {
  for (const { text } of stringsIn(said)) {
    const found = INSIDES.exec(text)?.[0];
    if (found !== undefined && !echo.includes(found.trim())) expect(text).not.toMatch(INSIDES);
  }
};

/** Slack acts on nothing that came from outside. `plain_text` is never read as markup. */
export const isCalm = (said: unknown): void => {
  const shown = JSON.stringify(said, (key, value: unknown) =>
    UNSEEN.has(key) || (typeof value === 'object' && value !== null && 'type' in value && value.type === 'plain_text')
      ? null
      : value,
  );
  expect(shown).not.toMatch(ACTS);
  for (const { key, text } of stringsIn(said)) if (key === 'text') expect(text.length).toBeLessThanOrEqual(TEXT_MAX);
};

/** Postgres keeps neither in text nor in JSON what is no Unicode, nor the character zero. */
export const canBeStored = (value: unknown): void => {
  const all = stringsIn(value);
  for (const text of [...all.map((one) => one.text), ...all.map((one) => one.key)]) {
    if (text.includes('\u0000')) expect(text).not.toContain('\u0000');
    if (/\p{Cs}/u.test(text)) expect(text).not.toMatch(/\p{Cs}/u);
  }
};
