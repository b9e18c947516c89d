/** Records which policy is in force: each change is an audit event, and so is each file that was refused. */
import { SYSTEM } from '../core/events.ts';
import type { Deps } from './ports.ts';

const entry = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;

export const adoptPolicy = async (deps: Deps, input: { source: string; warnings: string[] }): Promise<void> => {
  const { sha256, rules, targets } = deps.policy();
  const before = await deps.store.policies.lastSha256();
  if (before === sha256) return;
  await deps.store.policies.record({ sha256, source: input.source });
  const data = { sha256, before, rules: rules.length, targets: Object.keys(targets), warnings: input.warnings };
  await deps.store.transaction((tx) => tx.audit.append({ ...entry, type: 'policy.loaded', data }));
};

export const rejectPolicy = async (deps: Deps, input: { problems: string[] }): Promise<void> => {
  const data = { kept: deps.policy().sha256, problems: input.problems.slice(0, 50) };
  await deps.store.transaction((tx) => tx.audit.append({ ...entry, type: 'policy.rejected', data }));
};
