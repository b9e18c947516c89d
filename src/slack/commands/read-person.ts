/** Reads `@omar` as Slack writes it when the command escapes people (`<@U123|omar>`), or a bare Slack id. */

/** Slack: docs.slack.dev/interactivity/implementing-slash-commands, "Should escape". */
const MENTION = /^<@([UW][A-Z0-9]+)(?:\|[^>]*)?>$/;
const ID = /^@?([UW][A-Z0-9]{3,})$/;

/** The Slack user id, or null when the word names nobody. */
export const readPerson = (word: string): string | null => MENTION.exec(word)?.[1] ?? ID.exec(word)?.[1] ?? null;
