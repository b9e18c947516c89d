/** Says to an update of an open view whether a newer one has begun meanwhile. Only for drawing: nothing is decided by it. */

export type Turns = {
  /** Begins a turn; the function says whether it is still the newest. */
  begin(viewId: string): () => boolean;
};

const VIEWS_MAX = 2_000;

export const createTurns = (): Turns => {
  const newest = new Map<string, number>();
  let count = 0;
  return {
    begin: (viewId) => {
      count += 1;
      const turn = count;
      newest.delete(viewId);
      newest.set(viewId, turn);
      const [oldest] = newest.keys();
      if (newest.size > VIEWS_MAX && oldest !== undefined) newest.delete(oldest);
      return () => newest.get(viewId) === turn;
    },
  };
};
