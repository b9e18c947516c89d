/** The `alerts` of the policy: built, and checked for names that mean nothing and asks that nobody could make. */
import { parseDuration, formatDuration } from '../domain/time/durations.ts';
import { candidatesFor } from '../domain/policy/candidates.ts';
import type { AlertMapping, Rule } from '../domain/policy/types.ts';
import { checkRef } from './policy-check.ts';
import type { Check } from './policy-check.ts';
import type { PolicyDocument } from './policy-schema.ts';
import { suggestion } from './problem.ts';
import { record } from './record.ts';

export const buildAlerts = ({ alerts = [] }: PolicyDocument): AlertMapping[] =>
  alerts.map(({ name, source, match, role, for: length, client = null, to, channel = 'dm' }) => {
    const [target = '', part = ''] = role.split('/');
    const { service = null, title = null, severity = null, labels = {} } = match;
    const durationMs = length === undefined ? null : parseDuration(length);
    const found = { service, title, severity, labels: record(Object.entries(labels)) };
    return { name, source, match: found, target, role: part, durationMs, client, to, channel };
  });

type At = { check: Check; mapping: AlertMapping; index: number };

const checkRole = ({ check, mapping, index }: At): void => {
  const { report, policy, roles } = check;
  const role = policy.targets[mapping.target]?.roles[mapping.role];
  if (!role) {
    if (!check.isComplete) return;
    const names = roles.flatMap((each) => each.roles.map((one) => `${each.target}/${one}`));
    const named = `${mapping.target}/${mapping.role}`;
    const message = `"${named}" is no role of any target${suggestion(named, names, 'write target/role.')}`;
    return report.refuse('unknown_role', ['alerts', index, 'role'], message);
  }
  if (mapping.durationMs === null || mapping.durationMs <= role.maxMs) return;
  const cap = formatDuration(role.maxMs);
  const message = `"${mapping.name}" requests more time than ${mapping.target}/${mapping.role} allows (${cap}); make "for" shorter.`;
  report.refuse('alert_too_long', ['alerts', index, 'for'], message);
};

const checkClient = ({ check, mapping: { client, name }, index }: At): void => {
  const names = Object.keys(check.policy.clients);
  if (client === null || names.includes(client) || !check.isComplete) return;
  const message = `"${name}" is for the client "${client}", which is no client of this policy${suggestion(client, names, 'define it under clients.')}`;
  check.report.refuse('unknown_client', ['alerts', index, 'client'], message);
};

/** Without any it would turn every alert of the source into a request. */
const checkMatch = ({ check, mapping, index }: At): void => {
  const { service, title, severity, labels } = mapping.match;
  const patterns = [service, title, severity, ...Object.values(labels)];
  if (patterns.some((pattern) => pattern !== null && /[\p{L}\p{N}]/u.test(pattern))) return;
  const message = `"${mapping.name}" would take every alert of its source; say which by service, title, severity or labels.`;
  check.report.refuse('alert_too_wide', ['alerts', index, 'match'], message);
};

const coversRole = ({ policy }: Check, rule: Rule, { target, role }: AlertMapping): boolean => {
  const { denies, others } = candidatesFor(policy, target, role);
  return [...denies, ...others].some((one) => one.rule === rule);
};

const nameProblem = (check: Check, name: string): string | null => {
  const names = check.policy.alerts.map((mapping) => mapping.name);
  if (names.includes(name) || !check.isComplete) return null;
  return `"${name}" is no alert of this policy${suggestion(name, names, 'define it under alerts.')}`;
};

/** Nothing is given by an alert alone unless a rule says so by name: a condition that any alert can meet names none. */
const checkConditions = (check: Check): void => {
  for (const [at, { name, match, when, effect }] of check.policy.rules.entries()) {
    if (!when?.alerts) continue;
    const path = [...check.rulePath(at), 'when'];
    for (const compared of when.alerts) {
      const problem = nameProblem(check, compared);
      if (problem !== null) check.report.refuse('unknown_alert', path, problem);
    }
    if (effect.kind !== 'approve' || match.alerts !== null) continue;
    const message = `"${name}" approves by itself and looks at the alert without naming it; add match: { alerts: [...] } with the names it is for.`;
    check.report.refuse('alert_unnamed', path, message);
  }
};

const checkTests = (check: Check): void => {
  for (const [at, { facts }] of check.policy.tests.entries()) {
    const problem = facts.alert && nameProblem(check, facts.alert.name);
    if (problem) check.report.refuse('unknown_alert', [...check.testPath(at), 'alert'], problem);
  }
};

const checkRuleAlerts = (check: Check): void => {
  const { policy, report } = check;
  const byName = new Map(policy.alerts.map((mapping) => [mapping.name, mapping]));
  for (const [at, rule] of policy.rules.entries()) {
    for (const [index, name] of (rule.match.alerts ?? []).entries()) {
      const path = [...check.rulePath(at), 'match', 'alerts', index];
      const mapping = byName.get(name);
      const problem = nameProblem(check, name);
      if (problem !== null) report.refuse('unknown_alert', path, problem);
      if (!mapping || coversRole(check, rule, mapping)) continue;
      const message = `"${rule.name}" names the alert "${name}", which requests ${mapping.target}/${mapping.role}, a role that the rule is not for; correct its targets or roles.`;
      report.refuse('alert_role_mismatch', path, message);
    }
  }
};

export const checkAlerts = (check: Check): void => {
  const seen = new Set<string>();
  for (const [index, mapping] of check.policy.alerts.entries()) {
    const at = { check, mapping, index };
    const message = `Two alerts are called "${mapping.name}"; rules name them, so rename one.`;
    if (seen.has(mapping.name)) check.report.refuse('duplicate_alert', ['alerts', index, 'name'], message);
    seen.add(mapping.name);
    checkMatch(at);
    checkRole(at);
    checkClient(at);
    checkRef(check, { ref: mapping.to, path: ['alerts', index, 'to'], allowed: [] });
  }
  checkRuleAlerts(check);
  checkConditions(check);
  checkTests(check);
};
