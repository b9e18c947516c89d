/** Checks what the rules mean together: rules that can never decide, roles nobody can get, approvals nobody can give. */
import { candidatesFor } from '../domain/policy/candidates.ts';
import type { Candidates } from '../domain/policy/candidates.ts';
import { normalEmail } from '../domain/principals/identity.ts';
import { compileRoleGlob, isLiteralGlob } from '../domain/policy/glob.ts';
import { requirementOf, sourceOf } from '../domain/policy/sources.ts';
import { tally } from '../domain/requests/tally.ts';
import type { Policy, Rule, Target } from '../domain/policy/types.ts';
import type { Requirement, Source } from '../domain/requests/request.ts';
import { formatDuration } from '../domain/time/durations.ts';
import { checkUncovered, deploymentRules } from './policy-deployments.ts';
import type { Check } from './policy-check.ts';
import { PERSON } from './policy-words.ts';

const personKey = (ref: string): string => normalEmail(ref) ?? ref;

/** Who is behind a source, as far as the file alone says; null when only Slack or an on-call service knows. */
const knownPeople = (policy: Policy, source: Source): string[] | null => {
  // A name that is no person was refused already, as an unknown group.
  if (source.kind === 'person') return PERSON.test(source.ref) ? [personKey(source.ref)] : null;
  if (source.kind === 'manager') return null;
  const group = policy.groups[source.name];
  return group?.kind === 'people' ? group.people.map(personKey) : null;
};

const membersOf = (policy: Policy, sources: readonly Source[]): Set<string> | null => {
  const all = sources.map((source) => knownPeople(policy, source));
  return all.includes(null) ? null : new Set(all.flatMap((people) => people ?? []));
};

/** A rule that matches every requester: what stands behind it for the same role is never reached. */
const isTotal = ({ when, match }: Rule): boolean =>
  when === null && match.people === null && match.groups === null && match.clients === null && match.alerts === null;

/** A rule that approves by itself is for clients only where it names them, so it stands before none of theirs. */
const isPastFor = ({ match }: Rule, blocker: Rule | undefined): boolean =>
  match.clients !== null && blocker?.effect.kind === 'approve';

type Covered = {
  reached: Set<number>;
  touched: Set<number>;
  blockers: Map<number, number>;
  uncovered: { target: string; role: string }[];
};

const walk = (policy: Policy, covered: Covered, { denies, others }: Candidates): void => {
  let blocker: number | null = null;
  for (const { rule, index } of [...denies, ...others]) {
    covered.touched.add(index);
    if (blocker === null || isPastFor(rule, policy.rules[blocker])) covered.reached.add(index);
    else if (!covered.blockers.has(index)) covered.blockers.set(index, blocker);
    if (blocker === null && isTotal(rule)) blocker = index;
  }
};

const cover = (policy: Policy): Covered => {
  const covered: Covered = { reached: new Set(), touched: new Set(), blockers: new Map(), uncovered: [] };
  for (const target of Object.values(policy.targets)) {
    for (const role of Object.keys(target.roles)) {
      const candidates = candidatesFor(policy, target.name, role);
      if (candidates.others.length === 0 && !candidates.denies.some(({ rule }) => isTotal(rule)))
        covered.uncovered.push({ target: target.name, role });
      walk(policy, covered, candidates);
    }
  }
  for (const { candidates } of deploymentRules(policy)) walk(policy, covered, candidates);
  return covered;
};

/** What a list gives must not keep the policy from being adopted: nobody gets in there. */
const sayOf = ({ report }: Check, target: Target | undefined): Check['report']['refuse'] =>
  target?.list === undefined ? report.refuse : report.warn;

const checkCoverage = (check: Check): void => {
  const { policy, report } = check;
  const { reached, touched, blockers, uncovered } = cover(policy);
  for (const { target, role } of uncovered) {
    sayOf(check, policy.targets[target])(
      'uncovered_role',
      ['targets', target, 'roles', role],
      `No rule covers ${target}/${role}, so nobody can ever get it; add a rule for it, or remove the role.`,
    );
  }
  checkUncovered(check);
  // Which targets a rule is for changes with the lists.
  const say = Object.keys(policy.lists).length > 0 ? report.warn : report.refuse;
  for (const [index, rule] of policy.rules.entries()) {
    if (!touched.has(index)) {
      say(
        'unreachable_rule',
        check.rulePath(index),
        `"${rule.name}" matches no role at all: its targets and its roles have nothing in common; correct its match.`,
      );
    } else if (!reached.has(index)) {
      const blocker = policy.rules[blockers.get(index) ?? -1]?.name ?? '';
      const remedy =
        policy.rules[blockers.get(index) ?? -1]?.effect.kind === 'deny'
          ? 'narrow that deny, or remove this rule'
          : 'move it before that rule, or remove it';
      say(
        'unreachable_rule',
        check.rulePath(index),
        `"${rule.name}" can never decide: "${blocker}" already decides every request it would match; ${remedy}.`,
      );
    }
  }
};

type Static = { requirements: Requirement[]; members: Set<string>[] };

const isFillable = ({ requirements, members }: Static, without: string | null): boolean =>
  tally({
    requirements,
    isInOrder: false,
    votes: [...new Set(members.flatMap((set) => [...set]))].map((personId) => ({ personId, kind: 'approve' })),
    requester: without === null ? [] : [without],
    members: (index) => members[index] ?? new Set(),
  }).isSatisfied;

/** Who can make the request at all, where the rule says so by name; null for anyone. */
const knownRequesters = (policy: Policy, { match }: Rule): string[] | null => {
  const byPeople = match.people?.every(isLiteralGlob) ? match.people.map(personKey) : null;
  const groups = match.groups?.map((group) => knownPeople(policy, { kind: 'group', name: group }));
  const byGroups = groups && !groups.includes(null) ? groups.flatMap((people) => people ?? []) : null;
  if (byPeople && byGroups) return byPeople.filter((person) => byGroups.includes(person));
  return byPeople ?? byGroups;
};

const showPeople = (requirements: readonly Requirement[]): string =>
  requirements.map(({ label, count }) => (count > 1 ? `${count} × ${label}` : label)).join(' + ');

const EACH_PERSON_MAX = 30;

/** The requirements whose people the file itself names; what only Slack or an on-call service knows is not judged here. */
const staticPart = (policy: Policy, rule: Rule, target: Target): Static => {
  const approvals = rule.effect.kind === 'ask' ? rule.effect.approvals : [];
  const part: Static = { requirements: [], members: [] };
  for (const approval of approvals) {
    const requirement = requirementOf(policy, target, approval);
    const members = membersOf(policy, [...requirement.from, ...(requirement.also ?? [])]);
    if (members === null) continue;
    part.requirements.push(requirement);
    part.members.push(members);
  }
  return part;
};

const checkRuleOnTarget = (check: Check, index: number, target: Target): void => {
  const { policy, report } = check;
  const rule = policy.rules[index];
  const part = rule ? staticPart(policy, rule, target) : null;
  if (!rule || !part || part.requirements.length === 0) return;
  const path = [...check.rulePath(index), 'approvals'];
  const needs = `"${rule.name}" needs ${showPeople(part.requirements)} for ${target.name}`;
  const requesters = knownRequesters(policy, rule);
  const isForNobody =
    requesters !== null && requesters.length > 0 && requesters.every((person) => !isFillable(part, person));
  if (isForNobody || !isFillable(part, null)) {
    const message = `${needs}, and nobody can give that: each person counts once and never for their own request. Add people to those groups or require fewer.`;
    return sayOf(check, target)('nobody_can_approve', path, message);
  }
  const everyone = [...new Set(part.members.flatMap((set) => [...set]))].slice(0, EACH_PERSON_MAX);
  const asking = everyone.filter((person) => requesters === null || requesters.includes(person));
  const stuck = asking.filter((person) => !isFillable(part, person)).slice(0, 3);
  if (stuck.length === 0) return;
  const message = `${needs}: a request by ${stuck.join(', ')} could be approved by nobody. Add another person to those groups.`;
  report.warn('sole_approver', path, message);
};

const ownersKey = (target: Target): string => target.owners.toSorted().join(',');

const checkApprovals = (check: Check): void => {
  const done = new Set<string>();
  for (const target of Object.values(check.policy.targets)) {
    const rules = new Map(
      Object.keys(target.roles).flatMap((role) =>
        candidatesFor(check.policy, target.name, role).others.map(({ rule, index }) => [index, rule] as const),
      ),
    );
    for (const [index, rule] of rules) {
      const isByOwners =
        rule.effect.kind === 'ask' &&
        rule.effect.approvals.some(({ from, also = [] }) => [...from, ...also].includes('owners'));
      const key = `${index}:${isByOwners ? ownersKey(target) : ''}`;
      if (!done.has(key)) checkRuleOnTarget(check, index, target);
      done.add(key);
    }
  }
};

/** Of the rules for a deployment, those that may decide it: what stands behind one that always does is not looked at. */
const checkDeployments = (check: Check): void => {
  for (const { target, candidates } of deploymentRules(check.policy)) {
    const always = candidates.others.findIndex(({ rule }) => rule.when === null);
    const deciding = always < 0 ? candidates.others : candidates.others.slice(0, always + 1);
    for (const { index } of deciding) checkRuleOnTarget(check, index, target);
  }
};

const checkGroups = ({ policy, report }: Check): void => {
  for (const [name, group] of Object.entries(policy.groups)) {
    if (group.kind === 'people' && group.people.length === 0)
      report.warn(
        'empty_group',
        ['groups', name],
        `Group "${name}" has nobody in it, so it can approve nothing; add people or remove it.`,
      );
  }
};

const checkBreakGlass = ({ policy, report }: Check): void => {
  const { breakGlass } = policy;
  if (!breakGlass) return;
  const globs = breakGlass.roles.map(compileRoleGlob);
  for (const target of Object.values(policy.targets)) {
    for (const role of Object.values(target.roles)) {
      if (
        !globs.some(({ isTarget, isRole }) => isTarget(target.name) && isRole(role.name)) ||
        breakGlass.maxMs <= role.maxMs
      )
        continue;
      report.warn(
        'break_glass_wider',
        ['break_glass', 'max'],
        `Break-glass allows ${formatDuration(breakGlass.maxMs)}, longer than ${target.name}/${role.name} allows with approval (${formatDuration(role.maxMs)}); the shorter counts. Lower break_glass.max.`,
      );
      return;
    }
  }
};

const checkReviewers = ({ policy, report }: Check): void => {
  if (!policy.breakGlass) return;
  const reviewers = membersOf(
    policy,
    policy.breakGlass.reviewers.map((ref) => sourceOf(policy, ref)),
  );
  const who = membersOf(
    policy,
    policy.breakGlass.who.map((ref) => sourceOf(policy, ref)),
  );
  const path = ['break_glass', 'reviewers'];
  if (reviewers?.size === 0)
    report.refuse('nobody_can_review', path, 'Break-glass has no reviewers: the groups named are empty. Add people.');
  if (reviewers?.size === 1 && who?.has([...reviewers][0] ?? ''))
    report.warn(
      'sole_reviewer',
      path,
      'The only reviewer may use break-glass too, and nobody reviews their own. Add another reviewer.',
    );
};

/** Anyone who sees a channel can ask in it: a rule that looks at the incident and at nobody lets all of them in. */
const checkIncidentRules = ({ policy, report, rulePath }: Check): void => {
  for (const [index, { name, match, when, effect }] of policy.rules.entries()) {
    if (effect.kind !== 'approve' || match.people || match.groups || match.clients) continue;
    if (!when || !/\bincident\b/.test(when.source) || /\b(requester|client)\b/.test(when.source)) continue;
    report.warn(
      'incident_for_anyone',
      [...rulePath(index), 'when'],
      `"${name}" lets in everybody who makes a request in an open incident's channel; say who, such as: "on-call" in requester.groups && ${when.source.slice(0, 60)}`,
    );
  }
};

const asksManager = ({ effect, escalate }: Rule): boolean =>
  escalate?.to === 'manager' ||
  (effect.kind === 'ask' && effect.approvals.some(({ from, also = [] }) => [...from, ...also].includes('manager')));

/** The requester's own profile says who their manager is; where members may edit it, they choose their own approver. */
const checkManagers = ({ policy, report }: Check): void => {
  const rule = policy.rules.find(asksManager);
  if (!rule || policy.managerField === null) return;
  report.warn(
    'manager_from_profile',
    ['manager_field'],
    `"${rule.name}" asks the manager, whom Latchkey reads from the requester's own Slack profile. Lock the field "${policy.managerField}", so that only Slack admins can edit it.`,
  );
};

/** Runs after the references were checked: a rule that was misread would shadow others that it does not. */
export const checkReach = (check: Check): void => {
  const areRulesSound = !check.report.problems.some(({ path }) => path.startsWith('rules['));
  if (check.isComplete && areRulesSound) checkCoverage(check);
  checkApprovals(check);
  checkDeployments(check);
  checkGroups(check);
  checkBreakGlass(check);
  checkReviewers(check);
  checkIncidentRules(check);
  checkManagers(check);
  if (check.policy.admins.length === 0)
    check.report.warn(
      'no_admins',
      ['admins'],
      'The policy names no admins, so nobody hears of failures; add admins: [group].',
    );
};
