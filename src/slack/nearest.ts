/** Finds the names somebody probably meant. */

const SUGGESTIONS_MAX = 3;
/** Longer words are cut before they are compared; the distance costs their product. */
const COMPARED_MAX = 60;

/** Edits (insert, delete, replace, swap of neighbours) from one word to the other. */
const editDistance = (a: string, b: string): number => {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, index) => index)];
  const at = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY;
      row.push(Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + cost, swapped));
    }
  }
  return at(a.length, b.length);
};

/** Best first; only names that share a beginning or differ in about a third of their letters. */
export const nearest = (typed: string, names: readonly string[]): string[] => {
  const word = typed.toLowerCase().slice(0, COMPARED_MAX);
  return names
    .map((name) => {
      const other = name.toLowerCase().slice(0, COMPARED_MAX);
      const isPart = word.length > 1 && (other.startsWith(word) || other.includes(word));
      return {
        name,
        distance: isPart ? 0.5 : editDistance(word, other),
        allowed: Math.max(1, Math.ceil(other.length / 3)),
      };
    })
    .filter(({ distance, allowed }) => distance <= allowed)
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .slice(0, SUGGESTIONS_MAX)
    .map(({ name }) => name);
};
