/** What made a request where neither a person nor a job did: a deployment that waits on GitHub, a pull request with a label, a window that lies ahead, an alert, or a freeze that a person overrode. */
import type { PullRequestFacts } from './pull-request.ts';

/** `isClaimed`: a job has taken it over, and nobody else can. */
type Common = { id: string; isClaimed: boolean };
type OfRepository = Common & { repositoryId: string };

/** The approval belongs to this run, attempt, environment and commit of this repository, and to nothing else. */
export type GateOrigin = OfRepository & {
  kind: 'gate';
  run: string;
  attempt: number;
  environment: string;
  sha: string;
  /** What this deployment changes, or the commit; a link. */
  diffUrl: string;
};

export type PullRequestOrigin = OfRepository & {
  kind: 'pull_request';
  repository: string;
  title: string;
  url: string;
  labeller: string;
  files: number;
  facts: PullRequestFacts;
  /** How the checks of the commit stood when approvers were notified of it. */
  checks?: string;
  /** The commit that the merge made; null before. */
  mergeSha: string | null;
  /** From the commit that approvers looked at before to the one of now; null where there was no push. */
  diffUrl: string | null;
  /** What rules see of it changed since it was requested, at the same commit: its labels, or its base. */
  isRefreshed?: boolean;
};

/** One opening of a window of the policy, for whichever job of the client comes first. ISO; `to` is the first moment outside. */
export type WindowOrigin = Common & {
  kind: 'window';
  window: string;
  from: string;
  to: string;
  /** The approver who allowed it before any job requested it. */
  allowedBy?: string;
};

/** An alert that names the client: for whichever job of it comes first. `startedBy`: who clicked; null where a rule that names the alert did it. */
export type AlertOrigin = Common & {
  kind: 'alert';
  /** The entry of the policy. */
  alert: string;
  title: string;
  url: string | null;
  startedBy: string | null;
};

/** What an override is tied to. */
export type OverrideCause =
  | { kind: 'incident'; id: string; channelId: string; title: string }
  | { kind: 'alert'; id: string; title: string; url: string | null };

/**
 * Freezes denied it, and a person overrode that for this one request; for nothing else. A client's is for a job of the same repository,
 * run and commit; what its issuer does not say is empty in both.
 */
export type OverrideOrigin = OfRepository & {
  kind: 'override';
  freezes: string[];
  run: string;
  sha: string;
  by: { id: string; userId: string; name: string; email: string | null };
  reason: string;
  because: OverrideCause;
  /** Of the deployment that ran again and waits for the decision. */
  gate?: string;
};

export type RequestOrigin = GateOrigin | PullRequestOrigin | WindowOrigin | AlertOrigin | OverrideOrigin;

/** What of a job says whether a prepared request is its own. */
type JobPlace = { repositoryId: string; run: string; attempt: number; environment: string; sha: string };

const isWindowOpen = ({ from, to }: Pick<WindowOrigin, 'from' | 'to'>, now: Date): boolean =>
  new Date(from) <= now && now < new Date(to);

/** Exact in each part: a re-run, another commit and another environment are other requests. Jobs are of the client that it was made for. */
export const isForJob = (origin: RequestOrigin, job: JobPlace, now: Date): boolean => {
  if (origin.isClaimed) return false;
  if (origin.kind === 'alert') return true;
  if (origin.kind === 'window') return isWindowOpen(origin, now);
  if (origin.kind === 'override')
    return origin.repositoryId === job.repositoryId && origin.run === job.run && origin.sha === job.sha;
  if (job.repositoryId === '' || origin.repositoryId !== job.repositoryId) return false;
  if (origin.kind === 'pull_request')
    return job.sha !== '' && (job.sha === origin.facts.sha || job.sha === origin.mergeSha);
  const { run, attempt, environment, sha } = origin;
  return run === job.run && attempt === job.attempt && environment === job.environment && sha === job.sha;
};

/** The pull request as conditions see it. */
export const pullRequestIn = (origin: RequestOrigin | null | undefined): PullRequestFacts | null =>
  origin?.kind === 'pull_request' ? origin.facts : null;

/** When it is judged for: what is used in a window is judged by the freezes and windows of its opening. */
export const judgedFor = (origin: RequestOrigin | null | undefined, now: Date): Date => {
  const opens = origin?.kind === 'window' ? new Date(origin.from) : now;
  return opens > now ? opens : now;
};

/** Freezes that do not deny this request. */
export const overriddenIn = (origin: RequestOrigin | null | undefined): string[] =>
  origin?.kind === 'override' ? origin.freezes : [];
