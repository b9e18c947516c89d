/** The home tab shows a few of what waits; these buttons show the next, or the first again. */
import type { Button } from '@slack/types';
import { BUTTON_TEXT_MAX } from '../../messages/render/limits.ts';
import { plain } from '../../messages/render/text.ts';

export const HOME_NEXT = 'home_next';
export const HOME_FIRST = 'home_first';

const button = (text: string, { actionId, value }: { actionId: string; value: string }): Button => ({
  type: 'button',
  text: { type: 'plain_text', text: plain(text, BUTTON_TEXT_MAX), emoji: false },
  action_id: actionId,
  value,
});

type Page = { after: string | null; next: string | null };

export const pageButtons = ({ after, next }: Page): Button[] => [
  ...(after === null ? [] : [button('Back to the first', { actionId: HOME_FIRST, value: 'first' })]),
  ...(next === null ? [] : [button('Show the next', { actionId: HOME_NEXT, value: next })]),
];

const ID = /^[0-9a-z]{1,40}$/;

/** What the view carries of its page. */
export const readAfter = (metadata: string): string | null => (ID.test(metadata) ? metadata : null);
