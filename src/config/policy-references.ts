/** Checks that every name in the policy means something: groups, people, targets, roles, providers, channels, time zone. */
import { isTimezone } from '../domain/time/zone.ts';
import { compileGlob, compileRoleGlob, isLiteralGlob, literalPrefix } from '../domain/policy/glob.ts';
import type { IdentityRule, Policy, Rule } from '../domain/policy/types.ts';
import type { Json } from '../domain/json.ts';
import type { Report } from './report.ts';
import { checkCalendar, warnUnused } from './policy-calendar-names.ts';
import { CHANNEL } from './policy-values.ts';
import { PERSON } from './policy-words.ts';
import { suggestion } from './problem.ts';
import type { Path } from './problem.ts';

/** What the check needs of a provider; the registry is handed in, since configuration imports no provider. */
export type ProviderSchema = {
  id: string;
  configProblems(config: Json): { path: string; message: string }[];
  environmentProblems?(config: Json, allowed: { execPrograms: readonly string[] }): { path: string; message: string }[];
  configWarnings?(config: Json): { path: string; message: string }[];
  scopeProblems(scope: Json): { path: string; message: string }[];
  /** What is wrong with `only` of a list of targets; null where the provider has no such list. */
  listProblems?(only: Json): { path: string; message: string }[] | null;
  identityProblems?(
    identity: IdentityRule | undefined,
    scopes: Record<string, Json>,
  ): { path: string; message: string }[];
};

export type Check = {
  policy: Policy;
  report: Report;
  /** Every group name in the file, also of groups that were refused: naming one is not a second problem. */
  groupNames: ReadonlySet<string>;
  /** False when parts were refused and dropped: then what seems to match nothing may match those. */
  isComplete: boolean;
  unfilled: ReadonlySet<string>;
  /** LATCHKEY_PUBLIC_URL, the audience of clients that name none. */
  publicUrl: string | null;
  hasGithubApp: boolean;
  hasGitlabToken: boolean;
  /** What LATCHKEY_EXEC_PROGRAMS lets targets run. */
  execPrograms: readonly string[];
  /** True where the secrets are not at hand, as in CI. */
  areVariablesOptional: boolean;
  providers: readonly ProviderSchema[];
  /** Every target and its role names, by the names of the targets in order: thousands of patterns are tried against thousands of targets. */
  roles: readonly { target: string; roles: readonly string[] }[];
  rulePath: (index: number) => Path;
  testPath: (index: number) => Path;
};

const RESERVED = ['owners', 'manager'] as const;

type Reference = { ref: string; path: Path; allowed: readonly string[] };

export const checkRef = (check: Check, { ref, path, allowed }: Reference): void => {
  const { report, groupNames } = check;
  if (groupNames.has(ref) || PERSON.test(ref) || allowed.includes(ref)) return;
  const isReserved = RESERVED.some((word) => word === ref);
  if (isReserved)
    return report.refuse('bad_reference', path, `"${ref}" cannot stand here; name a group, an email or a Slack id.`);
  const names = [...groupNames, ...allowed];
  report.refuse(
    'unknown_group',
    path,
    `"${ref}" is no group of this policy${suggestion(ref, names, 'define it under groups, or name a person by email or Slack id.')}`,
  );
};

type References = { refs: readonly string[]; path: Path; allowed?: readonly string[] };

const checkRefs = (check: Check, { refs, path, allowed = [] }: References): void => {
  for (const [index, ref] of refs.entries()) checkRef(check, { ref, path: [...path, index], allowed });
};

/** Targets that begin with what the pattern begins with; of thousands usually a few. */
const targetsBeginning = ({ roles }: Check, pattern: string): Check['roles'] => {
  const prefix = literalPrefix(pattern);
  let [low, high] = [0, roles.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((roles[middle]?.target ?? '') < prefix) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (roles[end]?.target.startsWith(prefix)) end++;
  return roles.slice(low, end);
};

const isSomeTarget = (check: Check, pattern: string): boolean => {
  if (isLiteralGlob(pattern)) return Object.hasOwn(check.policy.targets, pattern);
  const isTarget = compileGlob(pattern);
  return targetsBeginning(check, pattern).some(({ target }) => isTarget(target));
};

/** A list may give it tomorrow, and a target that left its list must not keep the policy from being adopted. */
const sayUnknown = ({ policy, report }: Check): Report['refuse'] =>
  Object.keys(policy.lists).length > 0 ? report.warn : report.refuse;

const checkTargetPattern = (check: Check, pattern: string, path: Path): void => {
  if (!check.isComplete || isSomeTarget(check, pattern)) return;
  const names = check.roles.map(({ target }) => target);
  const word = isLiteralGlob(pattern) ? 'is no target' : 'matches no target';
  sayUnknown(check)(
    'unknown_target',
    path,
    `"${pattern}" ${word} of this policy${suggestion(pattern, names, 'correct the name.')}`,
  );
};

const isSomeRole = (check: Check, pattern: string): boolean => {
  const { policy } = check;
  const glob = compileRoleGlob(pattern);
  const named = isLiteralGlob(glob.target) ? policy.targets[glob.target] : null;
  if (named !== null) return named !== undefined && Object.keys(named.roles).some(glob.isRole);
  return targetsBeginning(check, glob.target).some(
    (each) => glob.isTarget(each.target) && each.roles.some(glob.isRole),
  );
};

const checkRolePattern = (check: Check, pattern: string, path: Path): void => {
  if (pattern.split('/').length !== 2 || pattern.startsWith('/') || pattern.endsWith('/')) {
    const role = pattern.replaceAll('/', '') || 'read';
    const message = `"${pattern}" is no role; write target/role, such as "*/${role}" for that role of every target.`;
    return check.report.refuse('bad_role_pattern', path, message);
  }
  if (!check.isComplete || isSomeRole(check, pattern)) return;
  const names = check.roles.flatMap(({ target, roles }) => roles.map((role) => `${target}/${role}`));
  const message = `"${pattern}" matches no role of any target${suggestion(pattern, names, 'correct the name.')}`;
  sayUnknown(check)('unknown_role', path, message);
};

const checkPersonPattern = (check: Check, pattern: string, path: Path): void => {
  if (PERSON.test(pattern) || (/[*?]/.test(pattern) && /@[^@*?]*[^@*?.]/.test(pattern))) return;
  check.report.refuse(
    'bad_person',
    path,
    `"${pattern}" is no email, no Slack user id and no pattern with a domain, such as "*@acme.test".`,
  );
};

const checkMatch = (check: Check, rule: Rule, path: Path): void => {
  const { targets, roles, people, groups } = rule.match;
  for (const [index, pattern] of (targets ?? []).entries())
    checkTargetPattern(check, pattern, [...path, 'targets', index]);
  for (const [index, pattern] of (roles ?? []).entries()) checkRolePattern(check, pattern, [...path, 'roles', index]);
  for (const [index, pattern] of (people ?? []).entries())
    checkPersonPattern(check, pattern, [...path, 'people', index]);
  for (const [index, group] of (groups ?? []).entries()) {
    if (!check.groupNames.has(group))
      check.report.refuse(
        'unknown_group',
        [...path, 'groups', index],
        `"${group}" is no group of this policy${suggestion(group, [...check.groupNames], 'define it under groups.')}`,
      );
  }
};

const checkRule = (check: Check, rule: Rule, path: Path): void => {
  checkMatch(check, rule, [...path, 'match']);
  for (const group of rule.when?.groups ?? []) {
    if (check.groupNames.has(group)) continue;
    check.report.refuse(
      'unknown_group',
      [...path, 'when'],
      `The condition of "${rule.name}" asks for "${group}", which is no group of this policy${suggestion(group, [...check.groupNames], 'define it under groups.')}`,
    );
  }
  checkCalendar(check, rule, path);
  if (rule.escalate)
    checkRef(check, { ref: rule.escalate.to, path: [...path, 'escalate', 'to'], allowed: ['manager'] });
  if (rule.effect.kind !== 'ask') return;
  for (const [index, approval] of rule.effect.approvals.entries())
    for (const key of ['from', 'also'] as const)
      checkRefs(check, { refs: approval[key] ?? [], path: [...path, 'approvals', index, key], allowed: RESERVED });
  const isManager =
    rule.effect.approvals.some(({ from, also = [] }) => [...from, ...also].includes('manager')) ||
    rule.escalate?.to === 'manager';
  if (isManager && check.policy.managerField === null) {
    check.report.refuse(
      'missing_manager_field',
      path,
      `"${rule.name}" asks the manager, but the policy does not say where managers are found; add manager_field: with the label or id of that Slack profile field.`,
    );
  }
  if (rule.escalate && rule.pendingMs !== null && rule.escalate.afterMs >= rule.pendingMs) {
    check.report.refuse(
      'escalate_too_late',
      [...path, 'escalate', 'after'],
      `"${rule.name}" escalates after the request has lapsed (pending); make escalate.after shorter.`,
    );
  }
};

const checkProvider = (check: Check, name: string): void => {
  const target = check.policy.targets[name];
  if (!target) return;
  const path = ['targets', name];
  const provider = check.providers.find(({ id }) => id === target.provider);
  if (!provider) {
    const ids = check.providers.map(({ id }) => id);
    return check.report.refuse(
      'unknown_provider',
      [...path, 'provider'],
      `"${target.provider}" is no provider${suggestion(target.provider, ids, `known are: ${ids.join(', ')}.`)}`,
    );
  }
  const inside = (base: Path, found: string): Path => [...base, ...found.split('.').filter(Boolean)];
  if (!check.unfilled.has(name)) {
    for (const problem of provider.configProblems(target.config))
      check.report.refuse('provider_config', inside([...path, 'config'], problem.path), problem.message);
    for (const { path: at, message } of provider.environmentProblems?.(target.config, check) ?? [])
      check.report[check.areVariablesOptional ? 'warn' : 'refuse'](
        'not_switched_on',
        inside([...path, 'config'], at),
        message,
      );
    for (const warning of provider.configWarnings?.(target.config) ?? [])
      check.report.warn('unwise_config', inside([...path, 'config'], warning.path), warning.message);
  }
  const scopes = Object.fromEntries(Object.values(target.roles).map(({ name: role, scope }) => [role, scope]));
  for (const problem of provider.identityProblems?.(target.identity, scopes) ?? [])
    check.report.refuse('identity', inside([...path, 'identity'], problem.path), problem.message);
  for (const role of Object.values(target.roles)) {
    for (const problem of provider.scopeProblems(role.scope))
      check.report.refuse(
        'provider_scope',
        inside([...path, 'roles', role.name, 'scope'], problem.path),
        problem.message,
      );
  }
};

const checkIncidents = (check: Check): void => {
  const { incidents } = check.policy;
  if (!incidents) return;
  for (const [index, pattern] of incidents.targets.entries())
    checkTargetPattern(check, pattern, ['incidents', 'targets', index]);
  for (const [at, { targets }] of incidents.concerns.entries()) {
    for (const [index, pattern] of targets.entries())
      checkTargetPattern(check, pattern, ['incidents', 'concerns', at, 'targets', index]);
  }
  checkRefs(check, { refs: incidents.openBy ?? [], path: ['incidents', 'open_by'] });
  checkRefs(check, { refs: incidents.keepBy ?? [], path: ['incidents', 'keep_by'] });
  checkRefs(check, { refs: incidents.onCall ?? [], path: ['incidents', 'on_call'] });
};

const checkRuleNames = ({ policy, report, rulePath }: Check): void => {
  const seen = new Set<string>();
  for (const [index, { name }] of policy.rules.entries()) {
    const key = name.trim().toLowerCase();
    const message = `Two rules are called "${name}"; decisions are recorded by name, so rename one.`;
    if (seen.has(key)) report.refuse('duplicate_rule', [...rulePath(index), 'name'], message);
    seen.add(key);
  }
};

const checkGeneral = ({ policy, report }: Check): void => {
  if (!isTimezone(policy.timezone)) {
    const message = `"${policy.timezone.slice(0, 60)}" is no time zone; write one like Europe/Berlin.`;
    report.refuse('bad_timezone', ['timezone'], message);
  }
  for (const name of RESERVED) {
    const message = `"${name}" has a meaning of its own and cannot name a group; rename it.`;
    if (Object.hasOwn(policy.groups, name)) report.refuse('reserved_name', ['groups', name], message);
  }
};

const checkBreakGlass = (check: Check): void => {
  const { breakGlass } = check.policy;
  if (!breakGlass) return;
  const { who, reviewers, tell, roles } = breakGlass;
  checkRefs(check, { refs: who, path: ['break_glass', 'who'] });
  checkRefs(check, { refs: reviewers, path: ['break_glass', 'reviewers'] });
  for (const [index, ref] of tell.entries()) {
    if (!CHANNEL.test(ref)) checkRef(check, { ref, path: ['break_glass', 'tell', index], allowed: [] });
  }
  for (const [index, pattern] of roles.entries()) checkRolePattern(check, pattern, ['break_glass', 'roles', index]);
};

const checkReports = (check: Check): void => {
  for (const [at, { to }] of (check.policy.audit?.reports ?? []).entries())
    for (const [index, ref] of to.entries()) {
      const path = ['audit', 'reports', at, 'to', index];
      if (!CHANNEL.test(ref)) checkRef(check, { ref, path, allowed: ['auditors', 'admins'] });
    }
};

/** Every name that means nothing, wherever it stands. */
export const checkReferences = (check: Check): void => {
  const { policy } = check;
  checkGeneral(check);
  for (const target of Object.values(policy.targets)) {
    // What a list gave was checked when it was made.
    if (target.list !== undefined) continue;
    checkRefs(check, { refs: target.owners, path: ['targets', target.name, 'owners'] });
    checkProvider(check, target.name);
  }
  for (const [index, rule] of policy.rules.entries()) checkRule(check, rule, check.rulePath(index));
  warnUnused(check);
  checkRuleNames(check);
  checkRefs(check, { refs: policy.admins, path: ['admins'] });
  for (const [index, { by }] of policy.reviews.entries())
    checkRefs(check, { refs: by, path: ['reviews', index, 'by'], allowed: ['owners', 'admins'] });
  checkRefs(check, { refs: policy.auditors, path: ['auditors'] });
  checkReports(check);
  checkBreakGlass(check);
  checkIncidents(check);
  for (const [freeze, refs] of Object.entries(policy.overrides))
    checkRefs(check, { refs, path: ['freezes', freeze, 'override'] });
};
