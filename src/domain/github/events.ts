/** What GitHub's webhooks say, as far as it is looked at. No address of a payload is kept: where to call is configured. */

export type Account = { id: string; login: string };

/** `installation`: by whose right it is called. */
export type Repository = { id: string; fullName: string; installation: string };

export type GithubEvent = { repository: Repository } & (
  | { kind: 'gate_requested'; run: string; environment: string; sha: string }
  | { kind: 'job_completed'; run: string; attempt: number; job: string }
  | { kind: 'run_completed'; run: string; attempt: number; isCancelled: boolean }
  | { kind: 'deployment_changed'; run: string; environment: string }
  | { kind: 'pull_request'; number: number; action: string; label: string | null; sender: Account; at?: string }
);
