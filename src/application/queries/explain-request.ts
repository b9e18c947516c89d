/** Which rule would decide a request and why, which were passed over, who could approve and who of them is here now. Nothing is stored. */
import { mappingNamed } from '../../domain/alerts/mapping.ts';
import { DomainError } from '../../domain/errors.ts';
import { conflictText } from '../../domain/principals/email-bindings.ts';
import { decide } from '../../domain/policy/decide.ts';
import { explain } from '../../domain/policy/explain.ts';
import { humansAmong } from '../../domain/principals/identity.ts';
import { reachability } from '../../domain/policy/reachability.ts';
import type { Reachability } from '../../domain/policy/reachability.ts';
import type { StatedAlert } from '../../domain/policy/policy-test.ts';
import type { Policy } from '../../domain/policy/types.ts';
import type { Verdict } from '../../domain/policy/verdict.ts';
import type { DecisionFacts } from '../../domain/policy/decision-facts.ts';
import type { Person } from '../../domain/principals/person.ts';
import type { Requirement } from '../../domain/requests/request.ts';
import type { EvaluatedAlert } from '../decisions/alert-facts.ts';
import { allowedBy } from '../decisions/pre-approvals.ts';
import { eligibleApproversOf, everyoneOf } from '../decisions/eligible-approvers.ts';
import type { EligibleApprovers } from '../decisions/eligible-approvers.ts';
import { remainsOf } from '../decisions/remains.ts';
import type { Remains } from '../decisions/remains.ts';
import { openIncidentOf } from '../decisions/incident-facts.ts';
import { defaultDurationMs, factsOfRequest, unreadGroups } from '../decisions/evaluate.ts';
import type { ConflictingEmail } from '../identity/email-binding-ports.ts';
import type { Deps } from '../deps.ts';
import type { PreviewInput } from '../requests/request-types.ts';

export const explainRequest = async (deps: Deps, input: ExplainRequestInput): Promise<ExplainRequestResult> => {
  const policy = deps.policy();
  // Read first, so that only people of this workspace are answered.
  const asker = input.caller.person;
  const person = input.forUserId === null ? asker : await deps.directory.person(input.forUserId);
  const { target, role, reason, ticket } = input;
  const durationMs = input.durationMs ?? defaultDurationMs(policy, target, role);
  const requested = { target, role, durationMs, reason: reason.trim(), ticket: ticket?.trim() || null };
  const incident = await openIncidentOf(deps, input.incidentChannelId);
  const alert = alertOf(policy, input.statedAlert ?? null);
  const facts = await factsOfRequest(deps, policy, {
    requester: person,
    requested,
    freshness: 'recent',
    incident,
    alert,
  });
  const verdict = decide(policy, requested, facts);
  const requirements = verdict.decision === 'ask' ? verdict.requirements : [];
  const eligibleApprovers = await eligibleApproversOf(deps, { requester: person, requirements, freshness: 'recent' });
  const reach = reachOf(person, requirements, eligibleApprovers);
  const { lines } = explain({ policy, requested, facts, reach, nameOf: namesOf(eligibleApprovers) });
  const unknown = [...unreadGroups(facts), ...eligibleApprovers.flatMap((one) => one.unknown)];
  const conflicts = [
    ...requesterConflicts(person, facts),
    ...eligibleApprovers.flatMap((one) => one.conflicts).map(textOf),
  ];
  const ahead = aheadLines(await allowedBy(deps, { requester: person, verdict, requested, startsAt: null }), person);
  const said = [...lines, ...ahead, ...unknownLines(deps, unknown), ...new Set(conflicts)];
  return { person, lines: said, verdict, ...remainsOf(deps, requested) };
};

const alertOf = (policy: Policy, stated: StatedAlert | null): EvaluatedAlert | null => {
  const mapping = stated && mappingNamed(policy, stated.name);
  if (stated && !mapping) throw new DomainError('alert_not_found', { id: stated.name });
  return mapping && { mapping: mapping.name, source: mapping.source, severity: stated.severity, state: 'firing' };
};

const unknownLines = ({ directory }: Pick<Deps, 'directory'>, groups: readonly string[]): string[] => {
  const names = [...new Set(groups)];
  const passing = names.filter((name) => directory.whyUnreadable(name) === null);
  const lasting = names.flatMap((name) => {
    const why = directory.whyUnreadable(name);
    return why === null ? [] : [`The group ${name} cannot be read: ${why}`];
  });
  return [...lasting, ...(passing.length > 0 ? [`Could not be looked up just now: ${passing.join(', ')}.`] : [])];
};

const aheadLines = (allowers: readonly Person[], { name }: Person): string[] => {
  const by = allowers.map((one) => one.name).join(' and ');
  return allowers.length > 0 ? [`Pre-approved by ${by}: ${name} gets access at once.`] : [];
};

const textOf = ({ address, conflict }: ConflictingEmail): string => `${conflictText(address, conflict)}.`;

/** Rules by address let nobody in whose address is not certain. */
const requesterConflicts = ({ email, name }: Person, { requester }: DecisionFacts): string[] =>
  email !== null && requester.email === null
    ? [`The address of ${name} (${email}) does not count for them until an admin confirms whose it is.`]
    : [];

const reachOf = (
  person: Person,
  requirements: readonly Requirement[],
  eligibleApprovers: readonly EligibleApprovers[],
): Reachability =>
  reachability({
    requirements,
    requester: [person.id],
    members: (index) => {
      const found = eligibleApprovers[index];
      const ids = (found?.members ?? []).map(({ id }) => id);
      return new Set(found?.isOnlyRequester ? [...ids, person.id] : ids);
    },
    humanOf: humansAmong([person, ...everyoneOf(eligibleApprovers)]),
  });

/** `Olga Berg (away, Omar Lind stands in)` */
const namesOf = (eligibleApprovers: readonly EligibleApprovers[]): ((personId: string) => string) => {
  const names = new Map(everyoneOf(eligibleApprovers).map(({ id, name }) => [id, name]));
  const away = new Map(eligibleApprovers.flatMap((one) => one.away.map((absence) => [absence.personId, absence])));
  return (id) => {
    const name = names.get(id) ?? id;
    const absence = away.get(id);
    if (!absence) return name;
    return absence.delegate ? `${name} (away, ${absence.delegate.name} stands in)` : `${name} (away)`;
  };
};

/** `forUserId` is for somebody else's case; null for one's own. Nothing is stored. */
/** `statedAlert`: as if this one fired now. Whether the person is on call for it is looked up as ever. */
export type ExplainRequestInput = PreviewInput & { forUserId: string | null; statedAlert?: StatedAlert | null };

/** `lines` are plain text; each channel escapes and dresses them. */
export type ExplainRequestResult = Remains & { person: Person; lines: string[]; verdict: Verdict };
