/** One text for one value: keys sorted, no spaces. What is hashed must not depend on the order in which fields were written. */
import type { Json } from './json.ts';

const sorted = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
};

export const canonicalJson = (value: Json): string => JSON.stringify(sorted(value));
