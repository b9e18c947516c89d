/** Which rules could decide a role of a target: found through an index, once per role, so that a decision looks at those only. */
import { isDeployment } from './deployments.ts';
import { compileGlob, compileRoleGlob, isLiteralGlob, literalPrefix } from './glob.ts';
import type { Policy, Rule } from './types.ts';

export type Candidate = { rule: Rule; index: number };
/** In the order of the file. A deny counts wherever it stands; of the others the first that matches. */
export type Candidates = { denies: Candidate[]; others: Candidate[] };

type Index = {
  /** In the order of the file. */
  rules: (Candidate & { covers: (target: string, role: string) => boolean })[];
  /** Positions of rules by a target they name in full, and by what the targets they match begin with; the rest are tried for every target. */
  byTarget: Map<string, number[]>;
  byPrefix: Map<string, number[]>;
  anyTarget: number[];
  found: Map<string, Candidates>;
  /** How many candidates `found` holds, all lists together. */
  foundSize: number;
  /** Equal lists are kept once: most roles of a large policy share theirs. */
  shared: Map<string, Candidates>;
};

/** Bounds what thousands of names that exist nowhere, or rules that cover everything, could make us remember. */
const REMEMBERED_MAX = 100_000;
const REMEMBERED_SIZE_MAX = 2_000_000;

/** A rule that names targets or roles is about access, and one that names gates about deployments; one that names neither is about both. */
const coverOf = ({ match }: Rule): ((target: string, role: string) => boolean) => {
  const gates = match.gates?.map(compileGlob) ?? null;
  const targets = match.targets?.map(compileGlob) ?? null;
  const roles = match.roles?.map(compileRoleGlob) ?? null;
  const isAccess = (target: string, role: string): boolean =>
    (targets === null || targets.some((isTarget) => isTarget(target))) &&
    (roles === null || roles.some((glob) => glob.isTarget(target) && glob.isRole(role)));
  const isForAccess = targets !== null || roles !== null;
  return (target, role) =>
    isDeployment(target)
      ? !isForAccess && (gates === null || gates.some((isGate) => isGate(role)))
      : gates === null && isAccess(target, role);
};

/** Patterns of which one must match the target; null where any target may do. */
const targetPatterns = ({ match }: Rule): string[] | null =>
  match.targets ?? match.roles?.map((role) => compileRoleGlob(role).target) ?? null;

const put = (map: Map<string, number[]>, key: string, at: number): void => {
  const known = map.get(key);
  if (known) known.push(at);
  else map.set(key, [at]);
};

const place = (index: Index, patterns: readonly string[] | null, at: number): void => {
  if (patterns === null || patterns.some((pattern) => literalPrefix(pattern) === '')) {
    index.anyTarget.push(at);
    return;
  }
  const literals = patterns.filter(isLiteralGlob);
  const prefixes = patterns.filter((pattern) => !isLiteralGlob(pattern)).map(literalPrefix);
  for (const target of new Set(literals)) put(index.byTarget, target, at);
  for (const prefix of new Set(prefixes)) put(index.byPrefix, prefix, at);
};

const buildIndex = (policy: Policy): Index => {
  const index: Index = {
    rules: policy.rules.map((rule, at) => ({ rule, index: at, covers: coverOf(rule) })),
    byTarget: new Map(),
    byPrefix: new Map(),
    anyTarget: [],
    found: new Map(),
    foundSize: 0,
    shared: new Map(),
  };
  for (const [at, rule] of policy.rules.entries()) place(index, targetPatterns(rule), at);
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

/** Positions of the rules worth trying for a target, in the order of the file and each once. */
const triedFor = ({ byTarget, byPrefix, anyTarget }: Index, target: string): number[] => {
  const named = [...(byTarget.get(target) ?? [])];
  if (byPrefix.size > 0)
    for (let length = 1; length <= target.length; length++)
      named.push(...(byPrefix.get(target.slice(0, length)) ?? []));
  if (named.length === 0) return anyTarget;
  return [...new Set([...named, ...anyTarget])].sort((a, b) => a - b);
};

const search = (index: Index, target: string, role: string): Candidates => {
  const covering = triedFor(index, target)
    .flatMap((at) => index.rules[at] ?? [])
    .filter((one) => one.covers(target, role));
  const key = covering.map((one) => one.index).join(',');
  const known = index.shared.get(key);
  if (known) return known;
  const candidates = {
    denies: covering.filter(({ rule }) => rule.effect.kind === 'deny'),
    others: covering.filter(({ rule }) => rule.effect.kind !== 'deny'),
  };
  index.shared.set(key, candidates);
  index.foundSize += covering.length;
  return candidates;
};

export const candidatesFor = (policy: Policy, target: string, role: string): Candidates => {
  const index = indexOf(policy);
  const key = `${target}/${role}`;
  const known = index.found.get(key);
  if (known) return known;
  if (index.found.size >= REMEMBERED_MAX || index.foundSize >= REMEMBERED_SIZE_MAX) {
    index.found.clear();
    index.shared.clear();
    index.foundSize = 0;
  }
  const found = search(index, target, role);
  index.found.set(key, found);
  return found;
};

/** Groups of which the requester's membership must be known before `decide` can judge this role. */
export const groupsToRead = (policy: Policy, requested: { target: string; role: string }): string[] => {
  const { denies, others } = candidatesFor(policy, requested.target, requested.role);
  const groups = new Set<string>();
  for (const { rule } of [...denies, ...others]) {
    for (const group of rule.match.groups ?? []) groups.add(group);
    if (rule.when && rule.when.groups === null) return Object.keys(policy.groups).sort();
    for (const group of rule.when?.groups ?? []) groups.add(group);
  }
  return [...groups].sort();
};
