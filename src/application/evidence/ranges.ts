/** How far others can confirm the log: witnessed, published, neither. */
import type { PlaceHeads } from './held-heads.ts';

/** Numbers of events, both included; null where there are none. */
export type Range = { from: number; to: number } | null;
export type Ranges = { witnessed: Range; published: Range; neither: Range };

type Tree = { before: number; size: number };

/** `isGood`: whether this head is one of the tree. */
export const rangesOf = (
  { before, size }: Tree,
  places: readonly PlaceHeads[],
  isGood: (place: PlaceHeads) => boolean,
): Ranges => {
  const upTo = (kinds: readonly PlaceHeads['kind'][]): number =>
    Math.max(
      0,
      ...places
        .filter((place) => kinds.includes(place.kind) && isGood(place))
        .flatMap(({ heads }) => heads.map((head) => head.size)),
    );
  const witnessed = Math.min(size, upTo(['witness']));
  const published = Math.max(witnessed, Math.min(size, upTo(['file', 'slack', 's3', 'git'])));
  const range = (after: number, to: number): Range =>
    to > after ? { from: before + after + 1, to: before + to } : null;
  return {
    witnessed: range(0, witnessed),
    published: range(witnessed, published),
    neither: range(published, size),
  };
};
