/** Reads `@omar` as Slack writes it when the command escapes people (`<@U123|omar>`), or a bare Slack id. */

/** Slack: docs.slack.dev/interactivity/implementing-slash-commands, "Should escape". */
const MENTION = /^<@([UW][A-Z0-9]+)(?:\|[^>]*)?>$/;
const ID = /^@?([UW][A-Z0-9]{3,})$/;

/** The Slack user id, or null when the word names nobody. */
export const readPerson = (word: string): string | null => MENTION.exec(word)?.[1] ?? ID.exec(word)?.[1] ?? null;

export type SplitPerson = {
  /** Slack user id; null when nobody is named. */
  person: string | null;
  /** What was meant as a person and cannot be read as one: `@omar` as a bare word. */
  unread: string | null;
  rest: string;
};

/** Takes the first word that names somebody out of a line. */
export const splitPerson = (text: string): SplitPerson => {
  const words = text.trim().split(/\s+/);
  const at = words.findIndex((word) => word.startsWith('@') || word.startsWith('<@'));
  if (at < 0) return { person: null, unread: null, rest: words.join(' ') };
  const word = words[at] ?? '';
  const person = readPerson(word);
  return { person, unread: person === null ? word : null, rest: words.filter((_, index) => index !== at).join(' ') };
};
