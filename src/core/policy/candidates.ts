/** Which rules could decide a role of a target: found once per role and remembered, so that a decision looks at those only. */
import { compileGlob, compileRoleGlob, isLiteralGlob } from './glob.ts';
import type { Policy, Rule } from './types.ts';

export type Candidate = { rule: Rule; index: number };
/** In the order of the file. A deny counts wherever it stands; of the others the first that matches. */
export type Candidates = { denies: Candidate[]; others: Candidate[] };

type Index = {
  /** Rules that name their targets in full, by target; the rest are tried for every target. */
  byTarget: Map<string, number[]>;
  anyTarget: number[];
  covers: ((target: string, role: string) => boolean)[];
  found: Map<string, Candidates>;
  /** Equal lists are kept once: most roles of a large policy share theirs. */
  shared: Map<string, Candidates>;
};

/** Bounds what thousands of names that exist nowhere could make us remember. */
const REMEMBERED_MAX = 100_000;

const coverOf = ({ match }: Rule): ((target: string, role: string) => boolean) => {
  const targets = match.targets?.map(compileGlob) ?? null;
  const roles = match.roles?.map(compileRoleGlob) ?? null;
  return (target, role) =>
    (targets === null || targets.some((isTarget) => isTarget(target))) &&
    (roles === null || roles.some((glob) => glob.isTarget(target) && glob.isRole(role)));
};

const namedTargets = ({ match }: Rule): string[] | null => {
  if (match.targets?.every(isLiteralGlob)) return match.targets;
  const targets = match.roles?.map((role) => compileRoleGlob(role).target);
  return targets?.every(isLiteralGlob) ? targets : null;
};

const buildIndex = (policy: Policy): Index => {
  const index: Index = { byTarget: new Map(), anyTarget: [], covers: [], found: new Map(), shared: new Map() };
  for (const [at, rule] of policy.rules.entries()) {
    index.covers.push(coverOf(rule));
    const targets = namedTargets(rule);
    if (targets === null) index.anyTarget.push(at);
    for (const target of new Set(targets ?? [])) {
      const known = index.byTarget.get(target);
      if (known) known.push(at);
      else index.byTarget.set(target, [at]);
    }
  }
  return index;
};

const indexes = new WeakMap<Policy, Index>();

const indexOf = (policy: Policy): Index => {
  const known = indexes.get(policy);
  if (known) return known;
  const built = buildIndex(policy);
  indexes.set(policy, built);
  return built;
};

const search = (policy: Policy, target: string, role: string): Candidates => {
  const index = indexOf(policy);
  const named = index.byTarget.get(target) ?? [];
  const tried = named.length === 0 ? index.anyTarget : [...named, ...index.anyTarget].sort((a, b) => a - b);
  const covering = tried.filter((at) => index.covers[at]?.(target, role));
  const key = covering.join(',');
  const known = index.shared.get(key);
  if (known) return known;
  const all = covering.flatMap((at) => (policy.rules[at] ? [{ rule: policy.rules[at], index: at }] : []));
  const candidates = {
    denies: all.filter(({ rule }) => rule.effect.kind === 'deny'),
    others: all.filter(({ rule }) => rule.effect.kind !== 'deny'),
  };
  index.shared.set(key, candidates);
  return candidates;
};

export const candidatesFor = (policy: Policy, target: string, role: string): Candidates => {
  const index = indexOf(policy);
  const key = `${target}/${role}`;
  const known = index.found.get(key);
  if (known) return known;
  if (index.found.size >= REMEMBERED_MAX) index.found.clear();
  const found = search(policy, target, role);
  index.found.set(key, found);
  return found;
};

/** Groups of which the requester's membership must be known before `decide` can judge this role. */
export const groupsToRead = (policy: Policy, ask: { target: string; role: string }): string[] => {
  const { denies, others } = candidatesFor(policy, ask.target, ask.role);
  const groups = new Set<string>();
  for (const { rule } of [...denies, ...others]) {
    for (const group of rule.match.groups ?? []) groups.add(group);
    if (rule.when && rule.when.groups === null) return Object.keys(policy.groups).sort();
    for (const group of rule.when?.groups ?? []) groups.add(group);
  }
  return [...groups].sort();
};
