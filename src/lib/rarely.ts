/** For lines that anybody outside can cause: the first of a kind is written, and those that follow soon are counted. */

export type Rarely = (kind: string, write: (leftOut: number) => void) => void;

const EVERY_MS = 60_000;

/** `kind` comes from a fixed set. At most one line of each kind a minute; the next one is given how many were left out. */
export const createRarely = (everyMs = EVERY_MS): Rarely => {
  const kinds = new Map<string, { writtenAt: number; leftOut: number }>();
  return (kind, write) => {
    const now = performance.now();
    const known = kinds.get(kind);
    if (known && now - known.writtenAt < everyMs) {
      known.leftOut += 1;
      return;
    }
    kinds.set(kind, { writtenAt: now, leftOut: 0 });
    write(known?.leftOut ?? 0);
  };
};
