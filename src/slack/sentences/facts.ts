/** What sentences take from the facts of an error: escaped, and short enough to be read. */
import type { Facts } from '../../domain/errors.ts';
import { formatDuration } from '../../domain/time/durations.ts';
import { inline } from '../messages/render/text.ts';

export const SHOWN_MAX = 200;
export const TRY_LATER = 'Nothing was changed; try again in a moment.';

export const words = (facts: Facts, key: string): string | null => {
  const value = facts[key];
  if (typeof value === 'string' && value) return inline(value, SHOWN_MAX);
  return typeof value === 'number' ? String(value) : null;
};

export const list = (facts: Facts, key: string): string[] => {
  const value = facts[key];
  return Array.isArray(value)
    ? value.filter((item) => typeof item === 'string').map((item) => inline(item, SHOWN_MAX))
    : [];
};

export const duration = (facts: Facts, key: string): string | null => {
  const value = facts[key];
  return typeof value === 'number' ? formatDuration(value) : null;
};

export const named = (facts: Facts, key: string, noun: string): string => {
  const name = words(facts, key);
  return name ? `${noun} \`${name.replace(/`/g, "'")}\`` : `that ${noun}`;
};

export const sentenceCase = (sentence: string): string => sentence.charAt(0).toUpperCase() + sentence.slice(1);
