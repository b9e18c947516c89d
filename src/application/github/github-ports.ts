/** GitHub as the verbs see it, and what the store keeps of it. */
import type { Account, GithubEvent, Repository } from '../../domain/github/events.ts';
import type { CommitCheck } from '../../domain/github/checks.ts';
import type { RunFacts } from '../../domain/github/run.ts';
import type { GrantState, RequestState } from '../../domain/lifecycle.ts';

export type PullFacts = {
  number: number;
  title: string;
  url: string;
  isOpen: boolean;
  isMerged: boolean;
  isDraft: boolean;
  /** Also where the fork is gone. */
  isFork: boolean;
  author: Account;
  labels: string[];
  base: string;
  head: string;
  sha: string;
  mergeSha: string | null;
  files: number;
  commits: number;
};

/** `isVerified`: the commit is signed, so the address is one that GitHub has verified as the account's. */
export type CommitAuthor = { account: Account | null; email: string | null; isVerified: boolean };

/** `coAuthors`: what the messages of commits say, which nobody checks. `unlisted`: commits whose authors GitHub does not list. */
export type Commits = { authors: CommitAuthor[]; coAuthors: string[]; unlisted: number };

export type CheckShown = {
  /** Of the check that is there already; null makes one. */
  id: string | null;
  sha: string;
  name: string;
  url: string | null;
  title: string;
  summary: string;
  /** Null while nothing is decided. */
  conclusion: 'success' | 'failure' | 'cancelled' | 'neutral' | null;
};

export type FailedDelivery = { id: string; guid: string; event: string };

type Review = { run: string; environment: string; state: 'approved' | 'rejected' | null; comment: string };

/** Throws where GitHub cannot be asked now; `null` and `gone` are its answers. */
export type Github = {
  run(repository: Repository, run: string): Promise<RunFacts | null>;
  /** Of this commit; null where the App may not see checks. */
  checks(repository: Repository, sha: string): Promise<CommitCheck[] | null>;
  /** Whether the branch has this commit, or the tag is of it; null where the App may not see that. `ref` in full. */
  isOfRef(repository: Repository, ref: string, sha: string): Promise<boolean | null>;
  /** `state` null is a report. `gone`: nothing waits there for this answer. */
  review(repository: Repository, review: Review): Promise<'done' | 'gone'>;
  pull(repository: Repository, number: number): Promise<PullFacts | null>;
  commits(repository: Repository, pull: Pick<PullFacts, 'number' | 'commits'>): Promise<Commits>;
  comment(repository: Repository, number: number, text: string): Promise<void>;
  /** Gives the id of the check. */
  putCheck(repository: Repository, check: CheckShown): Promise<string>;
  /** Deliveries of the newest ones that were not taken in, by no attempt. */
  failedDeliveries(): Promise<FailedDelivery[]>;
  /** What a delivery said, by the App's own right. */
  payloadOf(deliveryId: string): Promise<unknown>;
};

export type Gate = {
  id: string;
  repository: Repository;
  run: string;
  attempt: number;
  environment: string;
  sha: string;
  requestId: string | null;
  refusal: string | null;
  isReported: boolean;
  settledAt: Date | null;
};

export type Pull = {
  id: string;
  repository: Repository;
  number: number;
  label: string;
  requestId: string | null;
  labeller: Account | null;
  said: string | null;
  checkId: string | null;
  checkSha: string | null;
};

/** Of a job or a run: what waits or lives. */
export type OfJob = { requestId: string; state: RequestState; grantId: string | null; grantState: GrantState | null };

export type WatchedRun = { repository: string; repositoryId: string; run: string; attempt: number };

export type GithubWrites = {
  /** False where it was kept before. */
  keep(delivery: { id: string; event: GithubEvent }): Promise<boolean>;
  delivery(id: string): Promise<GithubEvent | null>;
  /** Of these, those that were kept. */
  keptOf(ids: string[]): Promise<string[]>;
  forgetDeliveries(olderThanMs: number): Promise<void>;
  /** The one of this run, attempt and environment; made where there is none. Locked. */
  openGate(gate: Pick<Gate, 'id' | 'repository' | 'run' | 'attempt' | 'environment' | 'sha'>): Promise<Gate>;
  /** Locked. */
  gate(id: string): Promise<Gate | null>;
  setGate(
    id: string,
    set: Partial<Pick<Gate, 'requestId' | 'refusal' | 'isReported'>> & { isSettled?: true },
  ): Promise<void>;
  /** Those that GitHub has no answer for, after that one in the order of their ids. */
  openGates(after: Pick<Gate, 'id'> | null, limit: number): Promise<Gate[]>;
  /** Those of this run and environment that GitHub has no answer for. */
  waitingGates(of: { repositoryId: string; run: string; environment: string }): Promise<Gate[]>;
  /** The sha that was approved last for this environment. */
  lastDeployed(of: { repositoryId: string; environment: string }): Promise<string | null>;
  /** Made where there is none. Locked. */
  openPull(pull: Pick<Pull, 'id' | 'repository' | 'number' | 'label'>): Promise<Pull>;
  pull(id: string): Promise<Pull | null>;
  pullsOf(of: { repositoryId: string; number: number }): Promise<Pull[]>;
  setPull(
    id: string,
    set: Partial<Pick<Pull, 'requestId' | 'labeller' | 'said' | 'checkId' | 'checkSha'>>,
  ): Promise<void>;
  /** Where those who decide it see it. */
  messageOf(requestId: string): Promise<{ channel: string; ts: string } | null>;
  ofJobs(keys: string[]): Promise<OfJob[]>;
  ofRun(of: { repositoryId: string; run: string; attempt: number }): Promise<OfJob[]>;
  /** Runs of GitHub with something that waits or lives, after that one in the order of their ids. */
  runsToWatch(clientIds: string[], after: WatchedRun | null, limit: number): Promise<WatchedRun[]>;
};
