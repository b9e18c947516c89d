/** A private answer with its next steps as buttons. */
import type { Button } from '@slack/types';
import { SECTION_TEXT_MAX } from '../messages/render/limits.ts';
import { actions } from '../messages/render/buttons.ts';
import { sayButtons } from '../messages/render/line-buttons.ts';
import { cut, section } from '../messages/render/text.ts';
import type { CommandCall, Reply } from './context.ts';

export const answerWith = (words: string, buttons: readonly Button[]): Reply => {
  const text = cut(words, SECTION_TEXT_MAX);
  return buttons.length === 0 ? { text } : { text, blocks: [section(text), actions(...buttons)] };
};

type Opening = { line: string; label: string };

/** What is written in the direct message opens no view by itself: there a button does, which says the same line. */
export const withTrigger = (
  { triggerId, reply }: CommandCall,
  { line, label }: Opening,
  open: (triggerId: string) => Promise<void>,
): Promise<void> => {
  if (triggerId !== null) return open(triggerId);
  const buttons = sayButtons([{ line, label, isFirst: true }]);
  const text =
    buttons.length > 0
      ? 'Slack opens a window from a button only: click it.'
      : 'That is too long to be opened from here. Shorten it.';
  return reply(answerWith(text, buttons));
};
