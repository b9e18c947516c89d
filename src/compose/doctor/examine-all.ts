/** Everything that is looked at, beside each other, in the order in which it is reported. */
import type { Examined } from '../../domain/finding.ts';
import type { Target } from '../../domain/policy/types.ts';
import { createLanes } from '../../lib/limiter.ts';
import { examine } from './check.ts';
import type { Check, Look } from './check.ts';
import { clockFindings } from './clocks.ts';
import type { NamedClock } from './clocks.ts';
import { configuration } from './configuration.ts';
import type { Configured } from './configured.ts';
import { generalLooks } from './general-looks.ts';
import { targetLook } from './target-look.ts';

/** What is still looked at, for a terminal. */
export type Progress = { done(name: string): void; end(): void };

export type Surroundings = {
  /** One target and nothing else; null for all and everything. */
  only: Target | null;
  startProgress(names: readonly string[]): Progress;
};

/** Each opens a connection or two; a policy may have a thousand targets. */
const LOOKS_AT_ONCE = 20;

type Seen = { look: Look; examined: Examined };

const clocksOf = (seen: readonly Seen[]): NamedClock[] =>
  seen.flatMap(({ look, examined }) =>
    examined.clock ? [{ name: look.name, isSlack: look.area === 'slack', reading: examined.clock }] : [],
  );

const clockCheck = (seen: readonly Seen[], isHttpMode: boolean): Check[] => {
  const clocks = clocksOf(seen);
  if (clocks.length === 0) return [];
  const about = `this machine, ${clocks.map(({ name }) => name).join(', ')}`;
  return [{ area: 'clocks', name: 'clocks', about, findings: clockFindings(clocks, { isHttpMode }) }];
};

export const examineAll = async (configured: Configured, surroundings: Surroundings): Promise<Check[]> => {
  const { only, startProgress } = surroundings;
  const targets = only ? [only] : Object.values(configured.policy?.targets ?? {});
  const looks = [...(only ? [] : generalLooks(configured)), ...targets.map((target) => targetLook(target, configured))];
  const progress = startProgress(looks.map(({ name }) => name));
  const lanes = createLanes(LOOKS_AT_ONCE);
  const { signal } = new AbortController();
  const seen = await Promise.all(
    looks.map(async (look) => {
      const examined = await lanes(() => examine(look), signal);
      progress.done(look.name);
      return { look, examined };
    }),
  );
  progress.end();
  const isHttpMode = configured.environment.slack.mode === 'http';
  return [
    ...(only ? [] : [configuration(configured)]),
    ...seen.map(({ look: { area, name }, examined: { about, findings } }): Check => ({ area, name, about, findings })),
    ...clockCheck(seen, isHttpMode),
  ];
};
