/** From the document to the policy: durations, conditions, patterns and `${NAME}` become values; what cannot become one is a problem. */
import { compileCondition } from '../core/policy/condition.ts';
import { parseDuration } from '../core/durations.ts';
import { patternProblem } from '../core/policy/safe-pattern.ts';
import type {
  BreakGlass,
  GroupSource,
  Policy,
  PolicyTest,
  Role,
  Rule,
  RuleMatch,
  StatedAlert,
  Target,
} from '../core/policy/types.ts';
import type { Json } from '../core/types.ts';
import { OWN_SECRETS } from './environment.ts';
import { buildIncidents } from './policy-incidents.ts';
import { buildAlerts } from './policy-alerts.ts';
import type { PolicyDocument } from './policy-schema.ts';
import type { Path } from './problem.ts';
import { record } from './record.ts';
import type { Report } from './report.ts';
import { readVariable } from './variable.ts';
import type { Variables } from './variable.ts';

export type Build = {
  document: PolicyDocument;
  env: Variables;
  areVariablesOptional: boolean;
  sha256: string;
  ruleAt: number[];
  testAt: number[];
  report: Report;
};

const DEFAULTS = { pending: '4h', claim: '1h', remind: '15m', roleDefault: '30m' } as const;

const ms = (text: string): number => parseDuration(text);
const msOrNull = (text: string | undefined): number | null => (text === undefined ? null : ms(text));

type GroupShape = NonNullable<PolicyDocument['groups']>[string];

const buildGroup = (name: string, group: GroupShape, report: Report): GroupSource => {
  const path = ['groups', name];
  const { people, slack_usergroup: usergroup, pagerduty_schedule: pagerDuty, opsgenie_schedule: opsgenie } = group;
  if ([people, usergroup, pagerDuty, opsgenie].filter((kind) => kind !== undefined).length !== 1)
    report.refuse(
      'group_kind',
      path,
      `Group "${name}" must have exactly one of people, slack_usergroup, pagerduty_schedule and opsgenie_schedule.`,
    );
  if (group.levels && pagerDuty === undefined)
    report.refuse(
      'useless_key',
      [...path, 'levels'],
      `"levels" only means something with pagerduty_schedule${opsgenie === undefined ? '' : ': Opsgenie does not say in which tier somebody is on call'}; remove it.`,
    );
  if (pagerDuty !== undefined)
    return { kind: 'on_call_schedule', service: 'pagerduty', schedule: pagerDuty, levels: group.levels ?? null };
  if (opsgenie !== undefined)
    return { kind: 'on_call_schedule', service: 'opsgenie', schedule: opsgenie, levels: null };
  if (usergroup !== undefined) return { kind: 'slack_usergroup', handle: usergroup.replace(/^@/, '') };
  // Without a kind it was refused above; to call it empty as well would only start a second complaint.
  if (people === undefined) return { kind: 'slack_usergroup', handle: '' };
  return { kind: 'people', people: [...new Set(people)] };
};

const VARIABLE = /\$\$\{|\$\{([^}]*)\}/g;

type Fill = Pick<Build, 'env' | 'report' | 'areVariablesOptional'> & { isComplete: boolean };

type Unfilled = { code: 'bad_variable' | 'own_secret' | 'missing_variable'; message: string };

const readFill = (name: string, env: Variables): { value: string } | Unfilled => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const message = `\${${name.slice(0, 60)}} names no environment variable; write it as \${NAME}, or $\${ for the characters themselves.`;
    return { code: 'bad_variable', message };
  }
  const own: readonly string[] = OWN_SECRETS;
  if (own.includes(name) || own.includes(name.replace(/_FILE$/, ''))) {
    const message = `\${${name}} is a secret of Latchkey itself and is not given to targets; use a variable of the target's own.`;
    return { code: 'own_secret', message };
  }
  const found = readVariable(env, name);
  if ('problem' in found) return { code: 'missing_variable', message: found.problem };
  if (found.value !== null) return { value: found.value };
  const message = `The environment variable ${name} is not set; set it (or ${name}_FILE) where Latchkey starts.`;
  return { code: 'missing_variable', message };
};

const fillText = (text: string, path: Path, fill: Fill): string =>
  text.replace(VARIABLE, (_whole, name: string | undefined) => {
    if (name === undefined) return '${';
    const found = readFill(name, fill.env);
    if ('value' in found) return found.value;
    fill.isComplete = false;
    const isTolerated = fill.areVariablesOptional && found.code === 'missing_variable';
    fill.report[isTolerated ? 'warn' : 'refuse'](found.code, path, found.message);
    return '';
  });

const fillConfig = (value: Json, path: Path, fill: Fill): Json => {
  if (typeof value === 'string') return value.includes('${') ? fillText(value, path, fill) : value;
  if (Array.isArray(value)) return value.map((item, index) => fillConfig(item, [...path, index], fill));
  if (typeof value !== 'object' || value === null) return value;
  return record(Object.entries(value).map(([key, item]) => [key, fillConfig(item, [...path, key], fill)]));
};

type RoleShape = PolicyDocument['targets'][string]['roles'][string];

const buildRole = (role: RoleShape, path: Path, report: Report): Role => {
  const name = String(path.at(-1));
  const maxMs = ms(role.max);
  const defaultMs = role.default === undefined ? Math.min(maxMs, ms(DEFAULTS.roleDefault)) : ms(role.default);
  if (defaultMs > maxMs)
    report.refuse(
      'cap_under_default',
      [...path, 'max'],
      `The cap of "${name}" (max: ${role.max}) is under its default (${role.default}); raise max or lower default.`,
    );
  return {
    name,
    title: role.title ?? name,
    scope: role.scope ?? {},
    maxMs,
    defaultMs,
    isSensitive: role.sensitive ?? false,
  };
};

/** Targets whose `config` could not be filled; their provider is not asked about it. */
export type BuiltTargets = { targets: Record<string, Target>; unfilled: Set<string> };

const buildTargets = ({ document, env, areVariablesOptional, report }: Build): BuiltTargets => {
  const unfilled = new Set<string>();
  const entries = Object.entries(document.targets).map(([name, target]): [string, Target] => {
    const path = ['targets', name];
    const fill: Fill = { env, report, areVariablesOptional, isComplete: true };
    const config = fillConfig(target.config ?? {}, [...path, 'config'], fill);
    if (!fill.isComplete) unfilled.add(name);
    const roles = record(
      Object.entries(target.roles).map(([role, shape]) => [role, buildRole(shape, [...path, 'roles', role], report)]),
    );
    if (Object.keys(roles).length === 0)
      report.refuse(
        'no_roles',
        [...path, 'roles'],
        `Target "${name}" has no roles, so nobody can ask for it; add one.`,
      );
    const { title = name, provider, channel = null, warning = null } = target;
    return [name, { name, title, provider, config, owners: [...new Set(target.owners)], channel, warning, roles }];
  });
  return { targets: record(entries), unfilled };
};

type RuleShape = PolicyDocument['rules'][number];

const buildMatch = ({
  targets,
  roles,
  people,
  groups,
  clients,
  alerts,
}: NonNullable<RuleShape['match']>): RuleMatch => ({
  targets: targets ?? null,
  roles: roles ?? null,
  people: people ?? null,
  groups: groups ?? null,
  clients: clients ?? null,
  alerts: alerts ?? null,
});

const listOf = (refs: string | string[]): string[] => (typeof refs === 'string' ? [refs] : [...new Set(refs)]);

const buildEffect = (rule: RuleShape, path: Path, report: Report): Rule['effect'] => {
  const kinds = (['deny', 'approve', 'approvals'] as const).filter((kind) => rule[kind] !== undefined);
  if (kinds.length !== 1) {
    const found = kinds.length === 0 ? 'says nothing about the outcome' : `has ${kinds.join(' and ')}`;
    report.refuse(
      'rule_effect',
      path,
      `Rule "${rule.name}" ${found}; it must have exactly one of deny, approve: true and approvals.`,
    );
  }
  const useless =
    rule.deny !== undefined
      ? (['require', 'in_order', 'escalate', 'max', 'pending', 'claim', 'remind'] as const)
      : (['in_order', 'escalate', 'pending', 'remind'] as const);
  if (rule.approvals === undefined) {
    for (const key of useless)
      if (rule[key] !== undefined)
        report.refuse('useless_key', [...path, key], `"${key}" means nothing in a rule without approvals; remove it.`);
  }
  if (rule.deny !== undefined) return { kind: 'deny', message: rule.deny };
  if (!rule.approvals) return { kind: 'approve' };
  return {
    kind: 'ask',
    approvals: rule.approvals.map(({ from, also, count }) => ({
      from: listOf(from),
      ...(also === undefined ? {} : { also: listOf(also) }),
      count: count ?? 1,
    })),
  };
};

const buildCondition = (rule: RuleShape, path: Path, report: Report): Rule['when'] => {
  if (rule.when === undefined) return null;
  const compiled = compileCondition(rule.when);
  if ('condition' in compiled) return compiled.condition;
  for (const problem of compiled.problems)
    report.refuse('bad_condition', [...path, 'when'], `The condition of "${rule.name}" is refused: ${problem}.`);
  return null;
};

const buildRule = (rule: RuleShape, index: number, report: Report): Rule => {
  const path = ['rules', index];
  const ticket = rule.require?.ticket ?? null;
  const problem = ticket === null ? null : patternProblem(ticket);
  if (problem !== null) report.refuse('bad_pattern', [...path, 'require', 'ticket'], `The ticket pattern ${problem}.`);
  return {
    name: rule.name,
    match: buildMatch(rule.match ?? {}),
    when: buildCondition(rule, path, report),
    effect: buildEffect(rule, path, report),
    isInOrder: rule.in_order ?? false,
    require: { ticket, reasonChars: rule.require?.reason ?? 0 },
    escalate: rule.escalate ? { afterMs: ms(rule.escalate.after), to: rule.escalate.to } : null,
    maxMs: msOrNull(rule.max),
    pendingMs: msOrNull(rule.pending),
    claimMs: msOrNull(rule.claim),
    remindMs: msOrNull(rule.remind),
    line: report.lineOf(path),
  };
};

const stated = (name: string | undefined): StatedAlert | null => (name === undefined ? null : { name, severity: '' });

const buildTest = (test: NonNullable<PolicyDocument['tests']>[number], line: number | null): PolicyTest => {
  const { request, expect, client, pull_request: pull } = test;
  return {
    name: test.name,
    request: {
      by: request.by,
      role: request.role,
      forMs: ms(request.for),
      reason: request.reason ?? '',
      ticket: request.ticket ?? null,
      at: request.at === undefined ? null : new Date(request.at),
    },
    facts: {
      groups: record(Object.entries(test.groups ?? {})),
      incident: test.incident ?? {},
      alert: typeof test.alert === 'object' ? { severity: '', ...test.alert } : stated(test.alert),
      client: client
        ? {
            issuer: client.issuer,
            repository: client.repository,
            ref: client.ref ?? '',
            environment: client.environment ?? '',
            workflow: client.workflow ?? '',
          }
        : null,
      pullRequest: pull
        ? { number: pull.number, labels: pull.labels ?? [], author: pull.author ?? '', base: pull.base ?? '' }
        : null,
    },
    expect: {
      decision: expect.decision,
      rule: expect.rule ?? null,
      from: expect.from ?? null,
      code: expect.code ?? null,
    },
    line,
  };
};

const buildBreakGlass = ({ break_glass: shape }: PolicyDocument): BreakGlass | null =>
  shape
    ? {
        who: shape.who,
        roles: shape.roles,
        maxMs: ms(shape.max),
        tell: shape.tell,
        reviewWithinMs: ms(shape.review_within),
        reviewers: shape.reviewers,
      }
    : null;

type Keyed = { code: string; service: string; variable: string; isIts: (group: GroupShape) => boolean };

const KEYED: readonly Keyed[] = [
  {
    code: 'missing_pagerduty_token',
    service: 'PagerDuty',
    variable: 'PAGERDUTY_TOKEN',
    isIts: (group) => group.pagerduty_schedule !== undefined,
  },
  {
    code: 'missing_opsgenie_key',
    service: 'Opsgenie',
    variable: 'OPSGENIE_API_KEY',
    isIts: (group) => group.opsgenie_schedule !== undefined,
  },
];

/** Without its key every look-up of such a group would fail, first noticed at 3 a.m. */
const demandOnCallKeys = ({ document, env, areVariablesOptional, report }: Build): void => {
  for (const { code, service, variable, isIts } of KEYED) {
    const name = Object.entries(document.groups ?? {}).find(([, group]) => isIts(group))?.[0];
    if (name === undefined) continue;
    const found = readVariable(env, variable);
    if ('value' in found && found.value !== null) continue;
    const missing = `Group "${name}" is a schedule of ${service} and ${variable} is not set; set it to a read-only API key of ${service}.`;
    const message = 'problem' in found ? found.problem : missing;
    report[areVariablesOptional ? 'warn' : 'refuse'](code, ['groups', name], message);
  }
};

export const buildPolicy = (build: Build): { policy: Policy; unfilled: Set<string> } => {
  const { document, report, sha256, ruleAt, testAt } = build;
  const { targets, unfilled } = buildTargets(build);
  demandOnCallKeys(build);
  const policy: Policy = {
    sha256,
    timezone: document.timezone ?? 'UTC',
    groups: record(
      Object.entries(document.groups ?? {}).map(([name, group]) => [name, buildGroup(name, group, report)]),
    ),
    targets,
    rules: document.rules.map((rule, index) => buildRule(rule, ruleAt[index] ?? index, report)),
    pendingMs: ms(document.pending ?? DEFAULTS.pending),
    claimMs: ms(document.claim ?? DEFAULTS.claim),
    remindMs: ms(document.remind ?? DEFAULTS.remind),
    breakGlass: buildBreakGlass(document),
    incidents: buildIncidents(document, report),
    alerts: buildAlerts(document),
    admins: document.admins ?? [],
    auditors: document.auditors ?? [],
    managerField: document.manager_field ?? null,
    tests: (document.tests ?? []).map((test, index) =>
      buildTest(test, report.lineOf(['tests', testAt[index] ?? index])),
    ),
  };
  return { policy, unfilled };
};
