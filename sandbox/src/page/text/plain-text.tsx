/** A text object of Block Kit: plain_text or mrkdwn. */
import type { JSX } from 'preact';
import type { Json } from '../../page-server/protocol.ts';
import { withEmoji } from './emoji.ts';
import { InlineMrkdwn, Mrkdwn } from './inline-view.tsx';

export const plainOf = (text: unknown): string => {
  const given = (text as Json | undefined)?.text;
  return typeof given === 'string' ? withEmoji(given) : '';
};

export const TextObject = ({ text, isInline = false }: { text: unknown; isInline?: boolean }): JSX.Element => {
  const given = (text ?? {}) as { type?: string; text?: string };
  if (given.type !== 'mrkdwn') return <span class="plain">{plainOf(text)}</span>;
  return isInline ? <InlineMrkdwn text={given.text ?? ''} /> : <Mrkdwn text={given.text ?? ''} />;
};
