/** Credentials are shown in a view that only the requester sees, never in a message. */
import type { KnownBlock, ModalView, RichTextBlock } from '@slack/types';
import type { ShowCredentialsResult } from '../../../application/grants/show-credentials.ts';
import { formatDuration } from '../../../domain/time/durations.ts';
import { SECTION_TEXT_MAX, VIEW_BLOCKS_MAX } from '../../messages/render/limits.ts';
import { context, cut, date, escape, section } from '../../messages/render/text.ts';
import { text } from './texts.ts';

const shell = (blocks: KnownBlock[]): ModalView => ({
  type: 'modal',
  title: text('Credentials'),
  close: text('Close'),
  clear_on_close: true,
  blocks: blocks.slice(0, VIEW_BLOCKS_MAX),
});

export const loadingCredentials = (): ModalView => shell([section('Fetching your credentials…')]);

/** Rich text holds the value as it is: nothing in it is read as markup, so it can be copied exactly. */
const code = (value: string): RichTextBlock => ({
  type: 'rich_text',
  elements: [{ type: 'rich_text_preformatted', elements: [{ type: 'text', text: value || ' ' }] }],
});

const labelled = (label: string, value: string): KnownBlock[] => [section(`*${escape(label)}*`), code(value)];

const MINUTE_MS = 60_000;

/** `Ends 12:11 (in 24m).` Less than a minute is said so. */
const timeLeft = (expiresAt: Date, now: Date): string => {
  const leftMs = expiresAt.getTime() - now.getTime();
  const left = leftMs < MINUTE_MS ? 'in less than a minute' : `in ${formatDuration(leftMs - (leftMs % MINUTE_MS))}`;
  return `*Ends ${date(expiresAt, now)}* (${left}).`;
};

/** What one connects with comes first, the secret by itself after it, and last what a client may fetch one by one. */
export const credentialsView = (
  { credentials, grant }: Pick<ShowCredentialsResult, 'credentials' | 'grant'>,
  now = new Date(),
): ModalView => {
  const { commands, fields, text: words } = credentials;
  // The keys of the hosts are in the command that saves them.
  const rest = fields.filter(
    ({ name, value }) => name !== 'known_hosts' && !commands.some(({ command }) => command === value),
  );
  const inOrder = [...rest.filter(({ secret }) => secret), ...rest.filter(({ secret }) => !secret)];
  return shell([
    section(cut(`${timeLeft(grant.expiresAt, now)} ${escape(words)}`.trim(), SECTION_TEXT_MAX)),
    ...commands.flatMap(({ label, command }) => labelled(label, command)),
    ...inOrder.flatMap(({ label, value }) => labelled(label, value)),
    context('🔒 Only you can see this. Each view is recorded.'),
  ]);
};

export const credentialsProblem = (sentence: string): ModalView => shell([section(cut(sentence, SECTION_TEXT_MAX))]);
