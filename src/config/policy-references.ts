/** Checks that every name in the policy means something: groups, people, targets, roles, providers, channels, time zone. */
import type { Rule } from '../domain/policy/types.ts';
import { isTimezone } from '../domain/time/zone.ts';
import { checkCalendar, warnUnused } from './policy-calendar-names.ts';
import { RESERVED, checkRef, checkRefs } from './policy-check.ts';
import type { Check } from './policy-check.ts';
import { checkPersonPattern, checkRolePattern, checkTargetPattern } from './policy-patterns.ts';
import { CHANNEL } from './policy-values.ts';
import { suggestion } from './problem.ts';
import type { Path } from './problem.ts';

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
      `The condition of "${rule.name}" names "${group}", which is no group of this policy${suggestion(group, [...check.groupNames], 'define it under groups.')}`,
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
  const { who, reviewers, notify, roles } = breakGlass;
  checkRefs(check, { refs: who, path: ['break_glass', 'who'] });
  checkRefs(check, { refs: reviewers, path: ['break_glass', 'reviewers'] });
  for (const [index, ref] of notify.entries()) {
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
