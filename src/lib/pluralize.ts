/** `1 grant`, `2 grants`: a number with its noun, for people. */
export const pluralize = (count: number, one: string, many = `${one}s`): string =>
  `${count} ${count === 1 ? one : many}`;
