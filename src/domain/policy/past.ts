/** A request as it is kept: enough of it to be judged again by another policy, long after. */
import type { Requirement } from '../requests/request.ts';
import { groupsToRead } from './candidates.ts';
import { isTheOneNamed, namedAddress } from '../principals/identity.ts';
import type { BoundEmail } from '../principals/identity.ts';
import { REASON_CHARS_MAX } from '../requests/reason.ts';
import { evaluationOf } from './replay.ts';
import type { Evaluation, PastRequest } from './replay.ts';
import type { Policy } from './types.ts';
import type { Verdict } from './verdict.ts';
import type { AlertFacts, RequestedAccess, DecisionFacts } from './decision-facts.ts';

/** `groupsRead` are those whose membership was looked at; of any other nothing is known. */
export type EvaluationRecord = {
  ask: RequestedAccess;
  /** `judgedFor`: ISO, where that was not the moment it was judged at. */
  facts: Omit<DecisionFacts, 'now' | 'clock'> & { judgedFor?: string };
  groupsRead: string[];
  judged: Evaluation;
};

const NAME_CHARS_MAX = 100;
/** Of a deployment it is an environment. */
const ROLE_CHARS_MAX = 255;

const kept = (text: string, max: number): string => text.slice(0, max).replaceAll('\0', '');

export const evaluationRecordOf = (
  policy: Policy,
  { requested, facts, verdict }: { requested: RequestedAccess; facts: DecisionFacts; verdict: Verdict },
): EvaluationRecord => {
  const { now, clock, ...known } = facts;
  return {
    ask: {
      target: kept(requested.target, NAME_CHARS_MAX),
      role: kept(requested.role, ROLE_CHARS_MAX),
      durationMs: requested.durationMs,
      // One more than is allowed, so that what was too long stays so.
      reason: kept(requested.reason, REASON_CHARS_MAX + 1),
      ticket: requested.ticket === null ? null : kept(requested.ticket, 2 * NAME_CHARS_MAX + 1),
    },
    facts: { ...known, ...(clock && { judgedFor: now.toISOString() }) },
    groupsRead: groupsToRead(policy, requested),
    judged: evaluationOf(verdict),
  };
};

/** One request from the database. `record` is null for those from before records were kept. */
export type PastEvaluation = {
  id: string;
  at: Date;
  /** `email`: the address as it was kept, then theirs. */
  requester: { personId: string; userId: string; name: string; email: BoundEmail | null };
  requested: RequestedAccess;
  rule: string | null;
  requirements: Requirement[];
  record: EvaluationRecord | null;
};

type Known = { person: PastEvaluation['requester']; inside: readonly string[]; read: readonly string[] };

/** Groups of people are as the new policy lists them; of the others it is known what was read then, by name. */
const groupsThen = (policy: Policy, { person, inside, read }: Known): { groups: string[]; unknownGroups: string[] } => {
  const found = { groups: [] as string[], unknownGroups: [] as string[] };
  const address = person.email === null ? null : namedAddress(person.email);
  const account = { id: person.personId, userId: person.userId, address };
  for (const [name, group] of Object.entries(policy.groups)) {
    if (group.kind === 'people') {
      if (group.people.some((ref) => isTheOneNamed(ref, account))) found.groups.push(name);
    } else if (inside.includes(name)) found.groups.push(name);
    else if (!read.includes(name)) found.unknownGroups.push(name);
  }
  return found;
};

const UNRECORDED = {
  incident: { open: false, channel: '', severity: '' },
  client: null,
  pullRequest: null,
} satisfies Partial<DecisionFacts>;

/** Records from before the source and the severity were kept have the name alone. */
const alertThen = (alert: DecisionFacts['alert']): AlertFacts | null =>
  alert ? { ...alert, source: alert.source ?? '', severity: alert.severity ?? '' } : null;

/** The request as `replay` takes it, with the requester's groups as far as they are known for then. */
export const pastRequestOf = (policy: Policy, past: PastEvaluation): PastRequest => {
  const { record, at } = past;
  const { personId, userId } = past.requester;
  const email = record ? record.facts.requester.email : past.requester.email;
  const unread = record?.facts.requester.unknownGroups ?? [];
  const groups = groupsThen(policy, {
    person: { ...past.requester, email },
    inside: record?.facts.requester.groups ?? [],
    read: record?.groupsRead.filter((name) => !unread.includes(name)) ?? [],
  });
  return {
    id: past.id,
    requester: past.requester.name,
    requested: record?.ask ?? past.requested,
    facts: {
      ...UNRECORDED,
      ...record?.facts,
      alert: alertThen(record?.facts.alert),
      now: record?.facts.judgedFor === undefined ? at : new Date(record.facts.judgedFor),
      requester: { personId, userId, email, ...groups },
    },
    before: record?.judged ?? {
      decision: past.requirements.length > 0 ? 'ask' : 'approve',
      rule: past.rule,
      requirements: past.requirements,
    },
    isRecorded: record !== null,
  };
};
