/** A private answer that Slack takes as a whole: many long entries together may be more than a message holds. */
import type { KnownBlock } from '@slack/types';
import { MESSAGE_TOTAL_MAX, SECTION_TEXT_MAX } from '../messages/render/limits.ts';
import { cut } from '../messages/render/text.ts';

/** Less of a text than this says nothing. */
const SHORTEST = 80;
const STEP = 0.8;

const shortened = (block: KnownBlock, max: number): KnownBlock =>
  block.type === 'section' && block.text
    ? { ...block, text: { ...block.text, text: cut(block.text.text, max) } }
    : block;

/** The longest texts are cut, and every button stays. */
export const fitted = (blocks: KnownBlock[]): KnownBlock[] => {
  let fits = blocks;
  for (let max = SECTION_TEXT_MAX; max > SHORTEST && JSON.stringify(fits).length > MESSAGE_TOTAL_MAX; max *= STEP)
    fits = blocks.map((block) => shortened(block, Math.floor(max)));
  return fits;
};
