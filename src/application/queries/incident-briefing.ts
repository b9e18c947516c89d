/** An incident as its prompt shows it: with who is on call, who may approve, and where somebody on call gets in at once. Looked up when it is rendered, from recent look-ups. */
import { decide } from '../../domain/policy/decide.ts';
import { isDomainError } from '../../domain/errors.ts';
import type { LikelyTarget } from '../../domain/incidents/likely-targets.ts';
import { sourceOf } from '../../domain/policy/sources.ts';
import type { Policy, Role } from '../../domain/policy/types.ts';
import type { Incident } from '../../domain/incidents/incident.ts';
import type { Person } from '../../domain/principals/person.ts';
import { potentialApprovers } from '../decisions/potential-approvers.ts';
import type {
  IncidentBriefing,
  IncidentRef,
  IncidentView,
  OnCallBriefing,
  RoleBriefing,
  TargetBriefing,
} from '../incidents/incident-types.ts';
import { incidentView } from './incident-view.ts';
import { factsOfRequest } from '../decisions/evaluate.ts';
import type { Deps } from '../deps.ts';
import { readMembers } from '../identity/members.ts';

/** A prompt has no room for more. */
const ROLES_MAX = 3;
/** Somebody on call, of many: rules speak of groups, and these are in them. */
const PEOPLE_TRIED = 3;

type BriefDeps = Pick<Deps, 'store' | 'policy' | 'directory' | 'log'>;

export const incidentBriefing = async (deps: BriefDeps, ref: IncidentRef): Promise<IncidentBriefing | null> => {
  const view = await incidentView(deps, ref);
  if (!view) return null;
  const policy = deps.policy();
  const onCall = await Promise.all(onCallGroups(policy).map((group) => lookUpGroup(deps, group)));
  const people = [...new Map(onCall.flatMap((one) => one.people ?? []).map((person) => [person.id, person])).values()];
  const briefed = await Promise.all(view.targets.map((likely) => briefTarget(deps, policy, { view, likely, people })));
  const unknown = [
    ...onCall.filter((one) => one.people === null).map(({ group }) => group),
    ...briefed.flatMap(({ roles }) => roles.flatMap(({ eligible }) => eligible.flatMap((one) => one.unknown))),
  ];
  return { view, targets: briefed, onCall, unknown: [...new Set(unknown)] };
};

/** As the policy names them; else every schedule of an on-call service, and groups that are called so. */
const onCallGroups = (policy: Policy): string[] =>
  policy.incidents?.onCall ??
  Object.entries(policy.groups)
    .filter(([name, { kind }]) => (kind !== 'people' && kind !== 'slack_usergroup') || /^on-?call/.test(name))
    .map(([name]) => name);

const lookUpGroup = async ({ directory, log }: BriefDeps, group: string): Promise<OnCallBriefing> => {
  try {
    return { group, people: await directory.recentMembers([{ kind: 'group', name: group }], null) };
  } catch (error) {
    if (!isDomainError(error)) throw error;
    log.warn({ err: error, group }, 'who is on call could not be looked up; the prompt says so');
    return { group, people: null };
  }
};

type Briefing = { view: IncidentView; likely: LikelyTarget; people: readonly Person[] };

const briefTarget = async (
  deps: BriefDeps,
  policy: Policy,
  { view, likely, people }: Briefing,
): Promise<TargetBriefing> => {
  const roles = Object.values(policy.targets[likely.target]?.roles ?? {}).slice(0, ROLES_MAX);
  const judged = await Promise.all(
    roles.map((role) => evaluateRole(deps, policy, { incident: view.incident, target: likely.target, role, people })),
  );
  const now = judged.find(({ role, isAtOnce }) => isAtOnce && !role.isSensitive);
  return {
    ...likely,
    roles: judged.map(({ briefing }) => briefing),
    readNow: now
      ? {
          role: now.role.name,
          durationMs: Math.min(now.role.defaultMs, now.capMs),
          rule: now.briefing.rule,
          reason: reasonFor(view.incident),
        }
      : null,
  };
};

type Judging = { incident: Incident; target: string; role: Role; people: readonly Person[] };
/** `isAtOnce`: with the reason of the button and nothing else. */
type Evaluated = { role: Role; briefing: RoleBriefing; capMs: number; isAtOnce: boolean };

/** The best that anyone on call is shown. */
const evaluateRole = async (deps: BriefDeps, policy: Policy, judging: Judging): Promise<Evaluated> => {
  const { role } = judging;
  let best: Evaluated | null = null;
  for (const person of judging.people.slice(0, PEOPLE_TRIED)) {
    const found = await evaluateFor(deps, policy, { ...judging, person });
    if (found.isAtOnce) return found;
    if (best === null || best.briefing.decision === 'deny') best = found;
  }
  const { name, title } = role;
  const eligible = best ? [] : await ownersOf(deps, policy, judging.target);
  return (
    best ?? {
      role,
      briefing: { role: name, title, decision: 'ask', rule: null, eligible },
      capMs: role.maxMs,
      isAtOnce: false,
    }
  );
};

const evaluateFor = async (
  deps: BriefDeps,
  policy: Policy,
  { incident, target, role, person }: Judging & { person: Person },
): Promise<Evaluated> => {
  const requested = { target, role: role.name, durationMs: role.defaultMs, reason: reasonFor(incident), ticket: null };
  const facts = await factsOfRequest(deps, policy, { requester: person, requested, freshness: 'recent', incident });
  const verdict = decide(policy, requested, facts);
  const { decision, rule, capMs } = verdict;
  const eligible = verdict.decision === 'ask' ? await potentialApprovers(deps, person, verdict.requirements) : [];
  const isAtOnce = decision === 'approve' && verdict.problems.every(({ code }) => code === 'duration_over_cap');
  return { role, briefing: { role: role.name, title: role.title, decision, rule, eligible }, capMs, isAtOnce };
};

/** Nobody on call is known, and what the rules would say to anybody else is not guessed: the owners are those to turn to. */
const ownersOf = async (
  { directory }: BriefDeps,
  policy: Policy,
  target: string,
): Promise<RoleBriefing['eligible']> => {
  const from = (policy.targets[target]?.owners ?? []).map((ref) => sourceOf(policy, ref));
  const { people, unknown, conflicts } = await readMembers(directory, null, { from, freshness: 'recent' });
  return [
    {
      label: 'owners',
      count: 1,
      people,
      quiet: [],
      isOnlyRequester: false,
      away: [],
      standIns: [],
      unknown,
      conflicts,
    },
  ];
};

/** What the button *read now* writes as the reason. */
export const reasonFor = ({ channelName }: Pick<Incident, 'channelName'>): string =>
  `On call, incident #${channelName}`;
