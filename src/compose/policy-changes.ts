/** What another policy changes: for the record, for the looks at targets, and for targets that leave it while access in them is live. */
import { splitFound } from '../config/found-text.ts';
import { loadPolicy } from '../config/policy-file.ts';
import { policyDifferences } from '../domain/policy/differences.ts';
import { listChanges } from '../domain/policy/list-changes.ts';
import type { Policy, Target } from '../domain/policy/types.ts';
import type { PolicyChanges } from '../application/policy/adopt-policy.ts';
import type { Store } from '../application/deps.ts';
import type { Log } from '../lib/log.ts';
import type { OpenAccess } from '../providers/connections.ts';
import { policyInput } from './policy-input.ts';
import type { AppOptions } from './options.ts';

type Stored = { sha256: string; source: string };

const loadStored = ({ environment, env }: Pick<AppOptions, 'environment' | 'env'>, source: string): Policy | null => {
  const input = policyInput(source, environment.policyPath, env);
  const loaded = loadPolicy({ ...input, areVariablesOptional: true, runsTests: false });
  return 'policy' in loaded ? loaded.policy : null;
};

export type Changing = { source: string; previous: Policy | null; current: Policy };

/** `previous` is the one that was in force here; where the store had another, that is loaded. */
export const changesFrom =
  (options: Pick<AppOptions, 'environment' | 'env'>, { source, previous, current }: Changing) =>
  (stored: Stored | null): PolicyChanges => {
    const before =
      stored === null ? null : previous?.sha256 === stored.sha256 ? previous : loadStored(options, stored.source);
    return {
      differences: before && policyDifferences(before, current),
      lists: listChanges(before, current),
      isListsOnly: stored !== null && splitFound(stored.source).typed === splitFound(source).typed,
    };
  };

/** Targets of the one before that are not in this one. */
export const departedFrom = (before: Policy, { targets }: Policy): Target[] =>
  Object.values(before.targets).filter(({ name }) => !Object.hasOwn(targets, name));

/** Only what a list gave anew need be looked at, where nothing else changed. */
export const newlyFound = (before: Policy, after: Policy): Set<string> =>
  new Set(listChanges(before, after).flatMap(({ added, changed }) => [...added, ...changed]));

type Keeping = {
  options: Pick<AppOptions, 'environment' | 'env'> & { log: Log };
  store: Pick<Store, 'read'>;
  access: Pick<OpenAccess, 'keepDeparted'>;
  policy: () => Policy;
};

/** At a start: access may be live in a target that left the policy while no process ran. It is as the policy had it that decided. */
export const keepLiveTargets = async ({ options, store, access, policy }: Keeping): Promise<void> => {
  const gone = (await store.read.liveTargets()).filter(({ target }) => !Object.hasOwn(policy().targets, target));
  for (const sha256 of new Set(gone.map((each) => each.policy))) {
    const source = await store.read.policySource(sha256);
    const before = source === null ? null : loadStored(options, source);
    const names = gone.filter((each) => each.policy === sha256).map(({ target }) => target);
    if (before) access.keepDeparted(names.flatMap((name) => before.targets[name] ?? []));
    else
      options.log.warn(
        { targets: names, policy: sha256 },
        'targets with live access left the policy, and cannot be reached',
      );
  }
};
