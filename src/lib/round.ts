/** Goes through something long a batch at a time, and begins again at its end: what stands late waits behind nothing that stays. */

/** `read` gives up to `limit` of those after the one that came last, in one order; `null` from the beginning. */
export type Round<Item> = (read: (after: Item | null, limit: number) => Promise<Item[]>) => Promise<Item[]>;

export const createRound = <Item>(limit: number): Round<Item> => {
  let last: Item | null = null;
  return async (read) => {
    const rest = last === null ? [] : await read(last, limit);
    const found = rest.length > 0 ? rest : await read(null, limit);
    last = found.length < limit ? null : (found.at(-1) ?? null);
    return found;
  };
};
