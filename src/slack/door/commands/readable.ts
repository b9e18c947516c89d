/** What people typed, as they typed it: Slack turns people, channels and links of a command into markup before we see it. */

import { unescape } from '../../messages/render/text.ts';

/** Slack: docs.slack.dev/interactivity/implementing-slash-commands, "Should escape"; a label may be missing. */
const LABELLED = /<([@#])[A-Z0-9]{3,}\|([^<>|]+)>/g;
const BARE = /<([@#])([A-Z0-9]{3,})\|?>/g;
const LINK = /<((?:https?:\/\/|mailto:)[^<>|\s]+)(?:\|[^<>|]*)?>/g;

/** `<@U123|omar>` -> `@omar`, `<#C1|ops>` -> `#ops`, `<https://x.test|x.test>` -> `https://x.test`. The address of a link stays, not what it claims to be; `&amp;` is `&` again. */
export const readable = (text: string): string =>
  unescape(
    text
      .replace(LABELLED, '$1$2')
      .replace(BARE, '$1$2')
      .replace(LINK, (_, address: string) => address.replace(/^mailto:/, '')),
  );
