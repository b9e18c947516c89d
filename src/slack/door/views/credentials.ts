/** Credentials are shown in a view that only the requester sees, never in a message. */
import type { KnownBlock, ModalView, RichTextBlock } from '@slack/types';
import type { ShowCredentialsResult } from '../../../application/grants/show-credentials.ts';
import { SECTION_TEXT_MAX, VIEW_BLOCKS_MAX } from '../../messages/render/limits.ts';
import { context, cut, date, escape, section } from '../../messages/render/text.ts';
import { text } from './request-form.ts';

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

export const credentialsView = ({ credentials, grant }: ShowCredentialsResult): ModalView => {
  const { commands, fields, text: words } = credentials;
  const isShown = (value: string): boolean => commands.some(({ command }) => command === value);
  return shell([
    section(cut(`*Works until ${date(grant.expiresAt)}.* ${escape(words)}`.trim(), SECTION_TEXT_MAX)),
    ...commands.flatMap(({ label, command }) => labelled(label, command)),
    ...fields.filter(({ value }) => !isShown(value)).flatMap(({ label, value }) => labelled(label, value)),
    context('Shown to you only; each showing is recorded.'),
  ]);
};

export const credentialsProblem = (sentence: string): ModalView => shell([section(cut(sentence, SECTION_TEXT_MAX))]);
