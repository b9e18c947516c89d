/** Which rule would decide an ask and why, which were passed over, who would be asked and who of them is here now. Nothing is stored. */
import { mappingNamed } from '../core/alerts/mapping.ts';
import { DomainError } from '../core/errors.ts';
import { doubtText } from '../core/policy/address-book.ts';
import { decide } from '../core/policy/decide.ts';
import { explain } from '../core/policy/explain.ts';
import { humansAmong } from '../core/policy/identity.ts';
import { reachability } from '../core/policy/reachability.ts';
import type { Reachability } from '../core/policy/reachability.ts';
import type { AskFacts, Policy, StatedAlert } from '../core/policy/types.ts';
import type { Person, Requirement } from '../core/types.ts';
import type { JudgedAlert } from './alert-facts.ts';
import { allowedBy } from './ahead.ts';
import { electorateOf, everyoneOf } from './electorate.ts';
import type { Electors } from './electorate.ts';
import { openIncidentOf } from './incident-facts.ts';
import { defaultDurationMs, factsOfAsk, unreadGroups } from './judge.ts';
import type { DoubtedAddress } from './ports-addresses.ts';
import type { Deps } from './ports.ts';
import type { ExplainAskInput, ExplainAskResult } from './types.ts';

export const explainAsk = async (deps: Deps, input: ExplainAskInput): Promise<ExplainAskResult> => {
  const policy = deps.policy();
  // Read first, so that only people of this workspace are answered.
  const asker = await deps.directory.person(input.userId);
  const person = input.forUserId === null ? asker : await deps.directory.person(input.forUserId);
  const { target, role, reason, ticket } = input;
  const durationMs = input.durationMs ?? defaultDurationMs(policy, target, role);
  const ask = { target, role, durationMs, reason: reason.trim(), ticket: ticket?.trim() || null };
  const incident = await openIncidentOf(deps, input.incidentChannelId);
  const alert = alertOf(policy, input.statedAlert ?? null);
  const facts = await factsOfAsk(deps, policy, { person, ask, freshness: 'recent', incident, alert });
  const verdict = decide(policy, ask, facts);
  const requirements = verdict.decision === 'ask' ? verdict.requirements : [];
  const electors = await electorateOf(deps, { requester: person, requirements, freshness: 'recent' });
  const reach = reachOf(person, requirements, electors);
  const { lines } = explain({ policy, ask, facts, reach, nameOf: namesOf(electors) });
  const unknown = [...unreadGroups(facts), ...electors.flatMap((one) => one.unknown)];
  const doubts = [...requesterDoubts(person, facts), ...electors.flatMap((one) => one.doubts).map(textOf)];
  const ahead = aheadLines(await allowedBy(deps, { person, verdict, ask }), person);
  return { person, lines: [...lines, ...ahead, ...unknownLines(unknown), ...new Set(doubts)], verdict };
};

const alertOf = (policy: Policy, stated: StatedAlert | null): JudgedAlert | null => {
  const mapping = stated && mappingNamed(policy, stated.name);
  if (stated && !mapping) throw new DomainError('alert_not_found', { id: stated.name });
  return mapping && { mapping: mapping.name, source: mapping.source, severity: stated.severity, state: 'firing' };
};

const unknownLines = (groups: readonly string[]): string[] =>
  groups.length > 0 ? [`Could not be looked up just now: ${[...new Set(groups)].join(', ')}.`] : [];

const aheadLines = (allowers: readonly Person[], { name }: Person): string[] => {
  const by = allowers.map((one) => one.name).join(' and ');
  return allowers.length > 0 ? [`Allowed ahead of time by ${by}: nobody is asked, ${name} is let in at once.`] : [];
};

const textOf = ({ address, doubt }: DoubtedAddress): string => `${doubtText(address, doubt)}.`;

/** Rules by address let nobody in whose address is not certain. */
const requesterDoubts = ({ email, name }: Person, { requester }: AskFacts): string[] =>
  email !== null && requester.email === null
    ? [`The address of ${name} (${email}) does not count for them until an admin confirms whose it is.`]
    : [];

const reachOf = (person: Person, requirements: readonly Requirement[], electors: readonly Electors[]): Reachability =>
  reachability({
    requirements,
    requester: [person.id],
    members: (index) => {
      const found = electors[index];
      const ids = (found?.members ?? []).map(({ id }) => id);
      return new Set(found?.isOnlyRequester ? [...ids, person.id] : ids);
    },
    humanOf: humansAmong([person, ...everyoneOf(electors)]),
  });

/** `Olga Berg (away, Omar Lind stands in)` */
const namesOf = (electors: readonly Electors[]): ((personId: string) => string) => {
  const names = new Map(everyoneOf(electors).map(({ id, name }) => [id, name]));
  const away = new Map(electors.flatMap((one) => one.away.map((absence) => [absence.personId, absence])));
  return (id) => {
    const name = names.get(id) ?? id;
    const absence = away.get(id);
    if (!absence) return name;
    return absence.delegate ? `${name} (away, ${absence.delegate.name} stands in)` : `${name} (away)`;
  };
};
