/** Records whose names come from a file: without a prototype, they have no member that the file did not write. */

export const record = <Value>(entries: Iterable<readonly [string, Value]>): Record<string, Value> => {
  const made: unknown = Object.create(null);
  const values = made as Record<string, Value>;
  for (const [key, value] of entries) values[key] = value;
  return values;
};
