/** The name somebody who misspelt one probably meant. */

const distance = (a: string, b: string): number => {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};

const COMPARED_CHARS_MAX = 64;
const COMPARED_NAMES_MAX = 2000;

/** The name someone probably meant, or null. */
export const nearest = (word: string, names: Iterable<string>): string | null => {
  if (word.length > COMPARED_CHARS_MAX) return null;
  const limit = word.length <= 3 ? 1 : 2;
  let best: { name: string; steps: number } | null = null;
  let compared = 0;
  for (const name of names) {
    if (++compared > COMPARED_NAMES_MAX) break;
    if (Math.abs(name.length - word.length) > limit) continue;
    const steps = distance(word.toLowerCase(), name.toLowerCase());
    if (steps <= limit && (best === null || steps < best.steps)) best = { name, steps };
  }
  return best?.name ?? null;
};
