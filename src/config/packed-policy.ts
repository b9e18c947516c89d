/** A policy on its way between threads: functions cannot be sent, and objects arrive with a prototype that names could be mistaken for. */
import { conditionLater } from '../domain/policy/condition.ts';
import type { PackedCondition } from '../domain/policy/condition.ts';
import type { Condition, Policy, Rule, Target } from '../domain/policy/types.ts';
import type { PolicyInput } from './policy-file.ts';
import type { ConfigProblem } from './problem.ts';
import { record } from './record.ts';

/** `providersModule` is the address of the module that has `PROVIDERS`. */
export type AsideInput = Omit<PolicyInput, 'providers'> & { providersModule: string };

type PackedRule = Omit<Rule, 'when'> & { when: PackedCondition | null };
type PackedPolicy = Omit<Policy, 'rules'> & { rules: PackedRule[] };
export type PackedLoad = { policy: PackedPolicy; warnings: ConfigProblem[] } | { problems: ConfigProblem[] };

const packCondition = ({ source, groups, alerts, windows, freezes }: Condition): PackedCondition => ({
  source,
  groups,
  alerts,
  windows,
  freezes,
});

export const packPolicy = (policy: Policy): PackedPolicy => ({
  ...policy,
  rules: policy.rules.map(({ when, ...rule }) => ({
    ...rule,
    when: when && packCondition(when),
  })),
});

/** Targets of one list share their roles, before and after. */
const unpackTargets = (targets: Policy['targets']): Policy['targets'] => {
  const unpacked = new Map<Target['roles'], Target['roles']>();
  const rolesOf = ({ roles }: Target): Target['roles'] => {
    const made = unpacked.get(roles) ?? record(Object.entries(roles));
    unpacked.set(roles, made);
    return made;
  };
  return record(Object.entries(targets).map(([name, target]) => [name, { ...target, roles: rolesOf(target) }]));
};

export const unpackPolicy = (packed: PackedPolicy): Policy => ({
  ...packed,
  groups: record(Object.entries(packed.groups)),
  windows: record(Object.entries(packed.windows)),
  freezes: record(Object.entries(packed.freezes)),
  overrides: record(Object.entries(packed.overrides)),
  calendars: record(Object.entries(packed.calendars)),
  targets: unpackTargets(packed.targets),
  lists: record(Object.entries(packed.lists)),
  issuers: record(Object.entries(packed.issuers)),
  clients: record(
    Object.entries(packed.clients).map(([name, client]) => [
      name,
      { ...client, claims: record(Object.entries(client.claims)) },
    ]),
  ),
  accounts: record(Object.entries(packed.accounts).map(([name, ids]) => [name, record(Object.entries(ids))])),
  rules: packed.rules.map(({ when, ...rule }) => ({ ...rule, when: when && conditionLater(when) })),
});
