/** One thing that is looked at, bounded in time, so that what hangs or fails is a finding like any other. */
import { errorFinding } from '../../domain/finding.ts';
import type { Examined, Finding } from '../../domain/finding.ts';
import { withinMs } from '../../lib/timeout.ts';
import { StartError } from '../../lib/start-error.ts';

export const AREAS = [
  'configuration',
  'slack',
  'database',
  'redis',
  'on_call',
  'address',
  'audit',
  'issuers',
  'github',
  'gitlab',
  'target',
  'clocks',
] as const;
export type Area = (typeof AREAS)[number];
/** What `--json` prints of each; `name` is for people, and the target's own for a target. */
export type Check = { area: Area; name: string; about: string | null; findings: Finding[] };

export type Look = { area: Area; name: string; limitMs: number; look: () => Promise<Examined> };

export const plain = (about: string | null, findings: Finding[]): Examined => ({ about, findings, clock: null });

/** Never rejects. */
export const examine = async ({ name, limitMs, look }: Look): Promise<Examined> => {
  try {
    const seen = await withinMs(look(), limitMs);
    if (seen.isThere) return seen.value;
    const message = `${name} did not answer within ${limitMs / 1000} s: look at the network between, and at its load.`;
    return plain(null, [errorFinding('timeout', message)]);
  } catch (error) {
    if (error instanceof StartError) return plain(null, [errorFinding('unreachable', error.message)]);
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return plain(null, [
      errorFinding('check_failed', `The look at ${name} failed in a way Latchkey does not know (${why}).`),
    ]);
  }
};
