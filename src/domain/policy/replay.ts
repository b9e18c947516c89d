/** Runs past requests through another policy and says what would have come out differently. Pure; the caller brings the past. */
import { groupsToRead } from './candidates.ts';
import { decide } from './decide.ts';
import { problemSentence } from './explain.ts';
import { sourceKey } from './sources.ts';
import type { Policy } from './types.ts';
import type { Verdict } from './verdict.ts';
import type { RequestedAccess, DecisionFacts } from './decision-facts.ts';
import type { Requirement, Source } from '../requests/request.ts';

/** What a policy said, or says, about one request. */
export type Evaluation = { decision: Verdict['decision'] | 'refuse'; rule: string | null; requirements: Requirement[] };

export type PastRequest = {
  id: string;
  /** For people: a name or an email. */
  requester: string;
  requested: RequestedAccess;
  /** As they were when it was requested, as far as they are known. */
  facts: DecisionFacts;
  /** What the policy of that time said. */
  before: Evaluation;
  /** False where the facts of that time were not kept, so that they are guessed from what is. */
  isRecorded: boolean;
};

export type ReplayChange = {
  id: string;
  at: Date;
  requester: string;
  target: string;
  role: string;
  /** `wider` lets more through than before, `narrower` less, `other` differs in who decides. */
  kind: 'wider' | 'narrower' | 'other';
  before: Evaluation;
  after: Evaluation;
  /** Groups the new policy looks at, of which it is not known whether the requester was in them then. */
  unknownGroups: string[];
  isRecorded: boolean;
  message: string;
};

/** `unrecorded` counts requests whose facts were not kept. */
export type ReplayResult = { requests: number; unrecorded: number; changes: ReplayChange[] };

export const evaluationOf = (verdict: Verdict): Evaluation => ({
  decision: verdict.decision !== 'deny' && verdict.problems.length > 0 ? 'refuse' : verdict.decision,
  rule: verdict.rule,
  requirements: verdict.decision === 'ask' ? verdict.requirements : [],
});

/** How far a judgement lets one: a refusal can be fixed by the requester, so it lies between a denial and a request that waits. */
const OPENNESS = { deny: 0, refuse: 1, ask: 2, approve: 3 } as const;

const needed = ({ requirements }: Evaluation): number => requirements.reduce((sum, { count }) => sum + count, 0);

const keysOf = (sources: readonly Source[]): string => sources.map(sourceKey).sort().join('|');

const requirementsText = ({ requirements }: Evaluation): string =>
  requirements
    .map(({ from, also = [], count }) => `${count}:${keysOf(from)}${also.length > 0 ? `~${keysOf(also)}` : ''}`)
    .join(' ');

const kindOf = (before: Evaluation, after: Evaluation): ReplayChange['kind'] | null => {
  const step = OPENNESS[after.decision] - OPENNESS[before.decision];
  if (step !== 0) return step > 0 ? 'wider' : 'narrower';
  if (after.decision !== 'ask' || requirementsText(before) === requirementsText(after)) return null;
  const votes = needed(after) - needed(before);
  return votes === 0 ? 'other' : votes < 0 ? 'wider' : 'narrower';
};

const words = (judgement: Evaluation): string => {
  const by = judgement.rule === null ? 'no rule' : `"${judgement.rule}"`;
  if (judgement.decision !== 'ask') return `${judgement.decision} by ${by}`;
  const from = judgement.requirements
    .map(({ label, count }) => (count > 1 ? `${count} × ${label}` : label))
    .join(' + ');
  return `ask ${from || 'nobody'} by ${by}`;
};

const changeOf = (policy: Policy, past: PastRequest): ReplayChange | null => {
  const verdict = decide(policy, past.requested, past.facts);
  const after = evaluationOf(verdict);
  const kind = kindOf(past.before, after);
  if (kind === null) return null;
  const { id, requester, before } = past;
  const { target, role } = past.requested;
  const { isRecorded } = past;
  const looked = groupsToRead(policy, past.requested);
  const unknownGroups = (past.facts.requester.unknownGroups ?? []).filter((name) => looked.includes(name));
  const uncertainty = unknownGroups.length > 0 ? `; not known: were they in ${unknownGroups.join(', ')} then` : '';
  const why = after.decision === 'refuse' ? `: ${verdict.problems.map(problemSentence).join(' ')}` : '';
  const message = `${past.facts.now.toISOString()} ${requester} ${target}/${role}: ${words(before)} -> ${words(after)} (${kind}${uncertainty})${why}`;
  const what = { id, at: past.facts.now, requester, target, role, kind, before, after };
  return { ...what, unknownGroups, isRecorded, message };
};

/** Reads the past one by one, so that years of it need no memory but for what would change. */
export const replay = async (
  policy: Policy,
  past: Iterable<PastRequest> | AsyncIterable<PastRequest>,
): Promise<ReplayResult> => {
  const result: ReplayResult = { requests: 0, unrecorded: 0, changes: [] };
  for await (const request of past) {
    result.requests++;
    if (!request.isRecorded) result.unrecorded++;
    const change = changeOf(policy, request);
    if (change) result.changes.push(change);
  }
  return result;
};
