/** What this connection has seen of the cluster so far, and what that says of the end of an access. */
import type { EndGuarantee } from '../provider.ts';
import { restartedPods, type Scope } from './config.ts';
import type { Guard } from './guard.ts';
import { roleRefOf, type Rule } from './objects.ts';
import { enteredBy, followsLogs, watches } from './role-risks.ts';

export type Seen = { rules: Map<string, readonly Rule[]>; guard: Guard };

export const createSeen = (): Seen => ({ rules: new Map(), guard: 'none' });

const keyOf = (scope: Scope): string => JSON.stringify([roleRefOf(scope), scope.namespaces ?? null]);

export const noteRules = (seen: Seen, scope: Scope, rules: readonly Rule[]): void =>
  void seen.rules.set(keyOf(scope), rules);

const COMMANDS: Readonly<Record<string, string>> = {
  'pods/exec': 'kubectl exec',
  'pods/attach': 'attach',
  'pods/portforward': 'port-forward',
  'pods/ephemeralcontainers': 'debug',
};

const listed = (words: readonly string[]): string =>
  words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

/** The API server looks at rights when a stream is opened, and never again. Where the role is not known yet, the worst is said. */
const survivesOf = (scope: Scope, rules: readonly Rule[] | undefined): string | null => {
  const isRestarted = restartedPods(scope) !== null;
  const entered = (rules === undefined ? Object.keys(COMMANDS) : enteredBy(rules)).map((one) => COMMANDS[one] ?? one);
  const streams = [...entered, ...(rules === undefined || followsLogs(rules) ? ['logs -f'] : [])];
  const isWatching = rules === undefined || watches(rules);
  const partly = isRestarted && scope.on_end !== 'restart_pods' ? ' of other pods' : '';
  const isCut = isRestarted && scope.on_end === 'restart_pods';
  return (
    [
      ...(streams.length > 0 && !isCut
        ? [
            `${listed(streams)}${partly} that ${streams.length === 1 ? 'is open goes' : 'are open go'} on until the process or the pod ends.`,
          ]
        : []),
      ...(isWatching ? ['Watches that are open go on until the API server ends them, within an hour.'] : []),
    ].join(' ') || null
  );
};

export const guaranteeOf = (seen: Seen, scope: Scope): EndGuarantee => ({
  endsBy: seen.guard === 'alive' ? 'both' : 'revoke',
  survives: survivesOf(scope, seen.rules.get(keyOf(scope))),
});
