/** What people typed after the command, as Slack sends it with `should_escape`: people and channels as ids, links marked, `&<>` escaped. */
import { unescape } from '../messages/render/text.ts';

/** Slack: docs.slack.dev/interactivity/implementing-slash-commands and docs.slack.dev/messaging/formatting-message-text. */
const CHANNEL = /<#[CG][A-Z0-9]+\|([^>]*)>/g;
const LINK = /<((?:https?|mailto):[^|>]+)(?:\|([^>]*))?>/g;
const NAMELESS_PERSON = /<@([UW][A-Z0-9]+)\|?>/g;
const NAMED_PERSON = /<@[UW][A-Z0-9]+\|([^>]+)>/g;

/** Mentions of people stay as they are, for commands that take a person; all else reads as it was typed. */
export const readTyped = (text: string): string =>
  unescape(
    text
      .replace(CHANNEL, '#$1')
      .replace(LINK, (_, url: string, label?: string) => (label && url.endsWith(label) ? label : url)),
  );

/** The same where nobody is looked for: a reason that names somebody. */
export const withoutMentions = (text: string): string => text.replace(NAMED_PERSON, '@$1');

const LOOKED_UP_MAX = 5;

/** In the direct message Slack gives people as bare ids: a reason that names some of them keeps their names. */
export const withNames = async (
  nameOf: (userId: string) => Promise<string | null>,
  written: string,
): Promise<string> => {
  const ids = [...new Set([...written.matchAll(NAMELESS_PERSON)].map(([, id = '']) => id))].slice(0, LOOKED_UP_MAX);
  const names = new Map(await Promise.all(ids.map(async (id) => [id, await nameOf(id)] as const)));
  return written.replace(NAMELESS_PERSON, (whole, id: string) => {
    const name = names.get(id)?.replace(/[<>|]/g, '').trim();
    return name ? `<@${id}|${name}>` : whole;
  });
};
