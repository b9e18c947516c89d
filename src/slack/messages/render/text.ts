/** Text from people made safe for Slack, and the small pieces every message is built from. */
import type { KnownBlock } from '@slack/types';
import type { Client } from '../../../domain/principals/client.ts';
import type { Person } from '../../../domain/principals/person.ts';
import { TURNS } from '../../../lib/printable.ts';

/** Slack: docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments: the colour is the bar beside its blocks. */
export type Attachment = { color: string; fallback: string; blocks: KnownBlock[] };

/** `text` is what a lock screen shows; the blocks say it to the one who opens the message, so it stands nowhere in them. */
export type Message = { text: string; blocks: KnownBlock[]; attachments?: Attachment[] };

const ELLIPSIS = '…';

/** Characters that draw nothing, or that turn the reading direction so that text shows as what it is not. */
const INVISIBLE = new RegExp(`(?![\\n\\t])\\p{Cc}|[${TURNS}]`, 'gu');

/** Slack: docs.slack.dev/messaging/formatting-message-text, "Escaping text": these three and no others. */
export const escape = (text: string): string =>
  text.replace(INVISIBLE, '').replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');

export const unescape = (escaped: string): string =>
  escaped.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');

/** Cuts escaped text to `max` characters; never inside an entity, a `<…>` or a surrogate pair. */
export const cut = (escaped: string, max: number): string => {
  if (escaped.length <= max) return escaped;
  const kept = escaped
    .slice(0, Math.max(0, max - ELLIPSIS.length))
    .replace(/<[^<>]*$/, '')
    .replace(/&[a-z]{0,4}$/, '')
    .replace(/[\ud800-\udbff]$/, '');
  return kept + ELLIPSIS;
};

/** One line among our own words: white space collapsed, and no backtick, which would turn what follows into code. */
export const inline = (text: string, max: number): string =>
  cut(escape(text.replace(/\s+/g, ' ').replace(/`/g, "'").trim()), max);

/** One line for plain_text, which Slack does not format; only cut. */
export const plain = (text: string, max: number): string =>
  cut(text.replace(INVISIBLE, '').replace(/\s+/g, ' ').trim(), max) || '-';

/** A block quote. A code fence would swallow what follows in the same text, so it becomes one backtick. */
export const quote = (text: string, max: number): string => {
  const calm = escape(text.trim())
    .replace(/`{3,}/g, '`')
    .replace(/\n{3,}/g, '\n\n');
  return cut(`>${calm.replace(/\n/g, '\n>')}`, max);
};

/** What a person wrote, in quotes that only we can close. */
export const said = (text: string, max: number): string => `“${inline(text.replace(/[“”„«»]/g, '"'), max)}”`;

const CLIENT_NAME_MAX = 80;

/** A person as Slack shows them. A client has no account: its name stands as code. */
export const mention = (who: Pick<Person, 'userId'> | Pick<Client, 'kind' | 'name'>): string =>
  'userId' in who ? `<@${who.userId}>` : `client \`${inline(who.name, CLIENT_NAME_MAX)}\``;

/** `a`, `a and b`, `a, b and c`. */
export const sentenceList = (items: readonly string[], word = 'and'): string =>
  items.length < 2 ? (items[0] ?? '') : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1) ?? ''}`;

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** What people see where Slack cannot draw the date: UTC, and it says so. */
export const utc = (at: Date): string =>
  `${at.getUTCFullYear()}-${twoDigits(at.getUTCMonth() + 1)}-${twoDigits(at.getUTCDate())} ${twoDigits(at.getUTCHours())}:${twoDigits(at.getUTCMinutes())} UTC`;

const DAY_MS = 86_400_000;

/**
 * Slack: docs.slack.dev/messaging/formatting-message-text, "Date formatting". Within half a day of `now` the time alone says it.
 * The day comes last: Slack writes a "Today" that begins the text with a capital, also in the middle of a sentence.
 */
export const date = (at: Date, now?: Date): string => {
  const isNear = now !== undefined && Math.abs(at.getTime() - now.getTime()) < DAY_MS / 2;
  const format = isNear ? '{time}' : '{time} {date_short_pretty}';
  return `<!date^${Math.floor(at.getTime() / 1000)}^${format}|${utc(at)}>`;
};

export const section = (text: string): KnownBlock => ({
  type: 'section',
  text: { type: 'mrkdwn', text, verbatim: true },
});

export const context = (text: string): KnownBlock => ({
  type: 'context',
  elements: [{ type: 'mrkdwn', text, verbatim: true }],
});

/** A small line that begins with somebody's face; without the face where its address is not known. */
export const faceLine = (face: { url: string; name: string } | null, text: string): KnownBlock => ({
  type: 'context',
  elements: [
    ...(face ? [{ type: 'image' as const, image_url: face.url, alt_text: face.name }] : []),
    { type: 'mrkdwn', text, verbatim: true },
  ],
});

export const divider: KnownBlock = { type: 'divider' };
