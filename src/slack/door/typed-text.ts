/** What people typed after the command, as Slack sends it with `should_escape`: people and channels as ids, links marked, `&<>` escaped. */
import { unescape } from '../messages/render/text.ts';

/** Slack: docs.slack.dev/interactivity/implementing-slash-commands and docs.slack.dev/messaging/formatting-message-text. */
const CHANNEL = /<#[CG][A-Z0-9]+\|([^>]*)>/g;
const LINK = /<((?:https?|mailto):[^|>]+)(?:\|([^>]*))?>/g;
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
