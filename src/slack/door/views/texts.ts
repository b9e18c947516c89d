/** Plain text as views have it. */
import { VIEW_TITLE_MAX } from '../../messages/render/limits.ts';
import { plain } from '../../messages/render/text.ts';

export const text = (words: string, max = VIEW_TITLE_MAX) =>
  ({ type: 'plain_text', text: plain(words, max), emoji: false }) as const;
