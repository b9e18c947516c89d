/** `gates` and `pull_requests` of the policy. */

/** A deployment of this client to this environment waits for a decision. Without a role only the deployment is decided. */
export type GateEntry = {
  client: string;
  environment: string;
  /** Null where the gate gives no access. */
  access: { target: string; role: string; durationMs: number | null } | null;
};

/** A pull request with this label requests access. */
export type PullRequestEntry = {
  issuer: string;
  repository: { id: string; name: string | null };
  label: string;
  /** The branch it must be for; null is any. */
  base: string | null;
  target: string;
  role: string;
  durationMs: number | null;
  /** Who gets the access: its author, or the job of this client that deploys it. */
  to: { kind: 'author' } | { kind: 'client'; client: string };
};
