/**
 * The sample of a report: the grants whose SHA-256, taken with the root of the checkpoint, is the lowest. No one could choose it before the
 * checkpoint was signed, and anyone can draw it again.
 */
import { hash } from 'node:crypto';
import type { RegisterRow } from './register.ts';

/** Up to this many grants of a period, so many are in the sample. The last is for all larger populations. */
const SIZES = [
  [4, 2],
  [12, 5],
  [52, 15],
  [Number.POSITIVE_INFINITY, 25],
] as const;
const LARGEST = 25;

export type Sampled = { digest: string; row: RegisterRow };

export const SAMPLE_METHOD =
  'For each grant that became active in the period: SHA-256 of the root of the checkpoint (base64, as in the checkpoint), a newline, and the id of the grant. The grants with the lowest digests are the sample, lowest first. To draw it again: printf \'%s\\n%s\' "$ROOT" "$GRANT" | sha256sum';

export const sampleSize = (population: number): number => {
  const [, size] = SIZES.find(([upTo]) => population <= upTo) ?? [0, LARGEST];
  return Math.min(size, population);
};

const digestOf = (root: string, grant: string): string => hash('sha256', `${root}\n${grant}`, 'hex');

/** Keeps the lowest while rows go by. */
export const createDraw = (root: string) => {
  let kept: Sampled[] = [];
  let population = 0;
  return {
    see: (row: RegisterRow): void => {
      if (row.grant === null) return;
      population += 1;
      const digest = digestOf(root, row.grant);
      const last = kept[LARGEST - 1];
      if (last && digest >= last.digest) return;
      kept = [...kept, { digest, row }].sort((a, b) => (a.digest < b.digest ? -1 : 1)).slice(0, LARGEST);
    },
    sampled: (): { population: number; drawn: Sampled[] } => ({
      population,
      drawn: kept.slice(0, sampleSize(population)),
    }),
  };
};
