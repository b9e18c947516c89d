/** `latchkey policy check | explain | test | replay` as functions: facts for `--json`, text for people, and whether all is well for the exit code. */
import { decide } from '../domain/policy/decide.ts';
import { mappingNamed } from '../domain/alerts/mapping.ts';
import { clientOfDeployment, deploymentReason, isDeployment, targetNamed } from '../domain/policy/deployments.ts';
import { splitRole } from '../domain/policy/role-name.ts';
import { readTypedDuration } from '../domain/time/typed-duration.ts';
import { explain } from '../domain/policy/explain.ts';
import type { ExplainInput } from '../domain/policy/explain.ts';
import { evaluationOf, replay } from '../domain/policy/replay.ts';
import type { PastRequest, ReplayResult } from '../domain/policy/replay.ts';
import type { StatedAlert } from '../domain/policy/policy-test.ts';
import type { OnCallName, Policy } from '../domain/policy/types.ts';
import type { Verdict } from '../domain/policy/verdict.ts';
import type { DecisionFacts } from '../domain/policy/decision-facts.ts';
import type { Source } from '../domain/requests/request.ts';
import { loadPolicy } from './policy-file.ts';
import type { PolicyInput } from './policy-file.ts';
import { formatProblem } from './problem.ts';
import type { ConfigProblem } from './problem.ts';
import {
  alertStated,
  clientRequester,
  clientStated,
  groupsOfPerson,
  personFromRef,
  runPolicyTests,
} from './policy-tests.ts';
import type { PolicyTestResult } from './policy-tests.ts';
import { pluralize } from '../lib/pluralize.ts';

/** `isOk` false is exit code 1; `facts` is what `--json` prints; `text` has no newline at its end. */
export type CommandResult<Facts> = { isOk: boolean; facts: Facts; text: string };

export type Finding = ConfigProblem & { level: 'error' | 'warning' };

/** `targets` of `entries`: the others were left out. */
export type ListFacts = { list: string; entries: number; targets: number; sha256: string };

const listFacts = ({ lists, targets }: Policy): ListFacts[] =>
  Object.entries(lists).flatMap(([list, { rows: entries, sha256 }]) => {
    if (sha256 === null) return [];
    const given = Object.values(targets).filter((target) => target.list === list).length;
    return [{ list, entries, targets: given, sha256 }];
  });

type Checked = { findings: Finding[]; lists: ListFacts[] };

const checked = (input: PolicyInput): Checked => {
  const loaded = loadPolicy({ areVariablesOptional: true, ...input });
  if ('problems' in loaded)
    return { findings: loaded.problems.map((problem) => ({ level: 'error', ...problem })), lists: [] };
  const findings = loaded.warnings.map((warning): Finding => ({ level: 'warning', ...warning }));
  return { findings, lists: listFacts(loaded.policy) };
};

/** Errors make it fail; warnings are shown and do not. */
export const checkPolicy = (input: PolicyInput): CommandResult<Checked> => {
  const { findings, lists } = checked(input);
  const errors = findings.filter(({ level }) => level === 'error').length;
  const lines = [
    ...findings.map((finding) => `${finding.level}: ${formatProblem(finding)}`),
    ...lists.map(
      ({ list, entries, targets }) =>
        `list ${list}: ${pluralize(targets, 'target')} of ${pluralize(entries, 'entry', 'entries')}`,
    ),
  ];
  const summary =
    findings.length === 0
      ? `${input.path} is right.`
      : `${input.path}: ${pluralize(errors, 'error')}, ${pluralize(findings.length - errors, 'warning')}.`;
  return { isOk: errors === 0, facts: { findings, lists }, text: [...lines, summary].join('\n') };
};

export type TestFacts = {
  findings: Finding[];
  results: Pick<PolicyTestResult, 'name' | 'line' | 'isPassed' | 'message'>[];
};

export const testPolicy = (input: PolicyInput): CommandResult<TestFacts> => {
  const loaded = loadPolicy({ areVariablesOptional: true, ...input, runsTests: false });
  if ('problems' in loaded) {
    const findings = loaded.problems.map((problem): Finding => ({ level: 'error', ...problem }));
    const text = [...loaded.problems.map(formatProblem), 'No test was run: correct the policy first.'].join('\n');
    return { isOk: false, facts: { findings, results: [] }, text };
  }
  const results = runPolicyTests(loaded.policy).map(({ name, line, isPassed, message }) => ({
    name,
    line,
    isPassed,
    message,
  }));
  const lines = results.map(({ name, line, isPassed, message }) =>
    isPassed ? `ok      ${name}` : `FAILED  ${name} (line ${line ?? '?'}): ${message}`,
  );
  const failed = results.filter(({ isPassed }) => !isPassed).length;
  const summary =
    results.length === 0
      ? 'The policy has no tests; add some under tests:.'
      : `${results.length - failed} passed, ${failed} failed`;
  return { isOk: failed === 0, facts: { findings: [], results }, text: [...lines, summary].join('\n') };
};

const ON_CALL = { pagerduty: 'PagerDuty', opsgenie: 'Opsgenie' } satisfies Record<OnCallName, string>;

/** Who is in a source by the policy file alone; the requester, whom no rule counts, is left out. */
const listedPeople = ({ policy, facts }: ExplainInput, sources: readonly Source[]): string => {
  const { email, userId } = facts.requester;
  const isRequester = (ref: string): boolean => ref.toLowerCase() === email?.toLowerCase() || ref === userId;
  const each = sources.flatMap((source): string[] => {
    if (source.kind !== 'group') return source.kind === 'person' && sources.length > 1 ? [source.ref] : [];
    const group = policy.groups[source.name];
    if (group?.kind === 'people') return group.people.filter((ref) => !isRequester(ref));
    if (group?.kind === 'slack_usergroup') return [`the Slack user group ${group.handle}`];
    return group ? [`who is on call by the ${ON_CALL[group.service]} schedule ${group.schedule}`] : [];
  });
  return [...new Set(each)].join(', ');
};

export const explainPolicy = (input: ExplainInput): CommandResult<{ verdict: Verdict; lines: string[] }> => {
  const listed = (sources: readonly Source[]): string => listedPeople(input, sources);
  const { verdict, lines: said } = explain({ listed, ...input });
  const list = input.policy.targets[input.requested.target]?.list;
  const lines =
    list === undefined ? said : [`${input.requested.target} is a target by the list ${list} of targets_from.`, ...said];
  return { isOk: true, facts: { verdict, lines }, text: lines.join('\n') };
};

/** As typed on the command line; groups that only Slack or an on-call service knows are named with `inGroups`. */
export type ExplainOptions = {
  /** A person; left out where a client requests. */
  by?: string;
  client?: string;
  /** Claims of its token, as `name=value`. */
  claim?: readonly string[];
  /** `target/role`. */
  role: string;
  for?: string;
  reason?: string;
  ticket?: string;
  inGroups?: readonly string[];
  /** As in the open incident of this channel, with this severity; either may be left out. */
  isIncidentOpen?: boolean;
  channel?: string;
  severity?: string;
  /** As requested for this alert of the policy, by who is on call for it. */
  alert?: string;
  alertSeverity?: string;
  now: Date;
};

/** Naming its channel or its severity says that there is one. */
const incidentOf = ({
  isIncidentOpen = false,
  channel = '',
  severity = '',
}: ExplainOptions): DecisionFacts['incident'] => ({
  open: isIncidentOpen || channel !== '' || severity !== '',
  channel,
  severity,
});

const alertOf = ({ alert, alertSeverity = '' }: ExplainOptions): StatedAlert | null =>
  alert === undefined ? null : { name: alert, severity: alertSeverity };

const alertProblem = (policy: Policy, { alert, alertSeverity, role }: ExplainOptions): string | null => {
  if (alert === undefined) return alertSeverity === undefined ? null : 'Name the alert too, with --alert.';
  const mapping = mappingNamed(policy, alert);
  const names = policy.alerts.map(({ name }) => name).join(', ') || 'none';
  if (!mapping) return `"${alert}" is no alert of the policy; known are: ${names}.`;
  const its = `${mapping.target}/${mapping.role}`;
  return its === role ? null : `The alert "${alert}" requests ${its}, and says nothing about ${role}.`;
};

type Who = Pick<DecisionFacts, 'requester' | 'client'>;

const personIn = (policy: Policy, by: string, inGroups: readonly string[]): Who => {
  const { id, userId, email } = personFromRef(by);
  const groups = [...new Set([...groupsOfPerson(policy, by, {}), ...inGroups])];
  return { requester: { personId: id, userId, email, groups }, client: null };
};

const claimsIn = (claims: readonly string[]): Record<string, string> | null => {
  const pairs = claims.map((text) => /^([^=]+)=(.*)$/s.exec(text));
  return pairs.includes(null) ? null : Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? '']));
};

const clientIn = (policy: Policy, name: string, claim: readonly string[]): Who | { problem: string } => {
  const claims = claimsIn(claim);
  if (claims === null) return { problem: 'Write --claim as name=value, such as --claim ref=refs/heads/main.' };
  const names = Object.keys(policy.clients).join(', ') || 'none';
  const stated = clientStated(policy, { name, claims });
  if (!stated) return { problem: `"${name}" is no client of the policy; known are: ${names}.` };
  const { misfit, facts } = stated;
  if (misfit === null) return { requester: clientRequester, client: facts };
  return {
    problem: `Such a token is not ${name}: its ${misfit.claim} is ${misfit.found}, and the policy demands ${misfit.expected}.`,
  };
};

const requesterIn = (
  policy: Policy,
  { by, client, claim, inGroups = [] }: ExplainOptions,
): Who | { problem: string } => {
  if ((by === undefined) === (client === undefined))
    return { problem: 'Say who requests: a person with --by, or a client with --client.' };
  if (claim !== undefined && client === undefined) return { problem: 'Name the client too, with --client.' };
  return client === undefined ? personIn(policy, by ?? '', inGroups) : clientIn(policy, client, claim ?? []);
};

const presetReason = (target: string, role: string): string =>
  isDeployment(target) ? deploymentReason(clientOfDeployment(target), role) : '';

/** The question of `latchkey policy explain`, or a sentence about what was typed wrongly (exit code 2). */
export const explainInput = (policy: Policy, options: ExplainOptions): ExplainInput | { problem: string } => {
  const [target, role] = splitRole(options.role);
  const isOneRole = isDeployment(target) || !role.includes('/');
  if (!target || !role || !isOneRole)
    return { problem: `"${options.role}" is no role; write target/role, such as orders-db/read.` };
  const found = targetNamed(policy, target)?.roles;
  const preset = found && Object.hasOwn(found, role) ? found[role]?.defaultMs : undefined;
  const durationMs = options.for === undefined ? (preset ?? 1_800_000) : readTypedDuration(options.for);
  if (durationMs === null) return { problem: `"${options.for}" is no duration; write one such as 30m or 1h30m.` };
  const unknown = options.inGroups?.find((group) => !Object.hasOwn(policy.groups, group));
  if (unknown !== undefined)
    return { problem: `"${unknown}" is no group of the policy; known are: ${Object.keys(policy.groups).join(', ')}.` };
  const wrongAlert = alertProblem(policy, options);
  if (wrongAlert !== null) return { problem: wrongAlert };
  const who = requesterIn(policy, options);
  if ('problem' in who) return who;
  const facts: DecisionFacts = {
    now: options.now,
    ...who,
    incident: incidentOf(options),
    pullRequest: null,
    alert: alertStated(policy, alertOf(options), { role: options.role, client: options.client ?? null }),
  };
  return {
    policy,
    requested: {
      target,
      role,
      durationMs,
      reason: options.reason ?? presetReason(target, role),
      ticket: options.ticket ?? null,
    },
    facts,
  };
};

export const replayPolicy = async (
  policy: Policy,
  past: Iterable<PastRequest> | AsyncIterable<PastRequest>,
): Promise<CommandResult<ReplayResult>> => {
  const result = await replay(policy, past);
  const { requests, unrecorded, changes } = result;
  const guessed =
    unrecorded > 0
      ? ` Of ${unrecorded} the facts of their time were not kept: groups are as the policy file lists them.`
      : '';
  const summary = `${pluralize(requests, 'request')} replayed, ${changes.length} would come out differently.${guessed}`;
  return {
    isOk: changes.length === 0,
    facts: result,
    text: [...changes.map(({ message }) => printable(message)), summary].join('\n'),
  };
};

/** Names come from people, and a terminal obeys control characters. */
const printable = (text: string): string => text.replaceAll(/\p{Cc}/gu, ' ');

/** What another policy says now about a request whose judgement was not kept. */
export const evaluate = (policy: Policy, past: Pick<PastRequest, 'requested' | 'facts'>): PastRequest['before'] =>
  evaluationOf(decide(policy, past.requested, past.facts));
