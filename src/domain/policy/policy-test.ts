/** What a test of the policy states and expects. */
import type { Claims } from '../clients/claims.ts';
import type { Verdict } from './verdict.ts';
import type { ConditionFacts } from './decision-facts.ts';
import type { PullRequestFacts } from '../requests/pull-request.ts';

/** An alert as a test or a question states it. */
export type StatedAlert = { name: string; severity: string };

/** A client as a test or a question states it. */
export type StatedClient = { name: string; claims: Claims };

export type PolicyTest = {
  name: string;
  /** `by` is empty where a client requests. */
  request: { by: string; role: string; forMs: number; reason: string; ticket: string | null; at: Date | null };
  facts: {
    groups: Record<string, string[]>;
    incident: Partial<ConditionFacts['incident']>;
    /** The alert it is for, requested by who is on call for it. */
    alert: StatedAlert | null;
    /** The client that requests, with claims of its token beside those that its entry demands. */
    client: StatedClient | null;
    /** The pull request that it comes from. */
    pullRequest: PullRequestFacts | null;
  };
  expect: { decision: Verdict['decision'] | 'refuse'; rule: string | null; from: string[] | null; code: string | null };
  line: number | null;
};
