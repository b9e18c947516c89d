/** A machine as the policy describes it: which tokens of which issuer are its own. */
import type { Scalar } from './claims.ts';

/** `id` decides; a name that is given must fit as well. */
export type Named = { id: string | null; name: string | null };

export type ClientEntry = {
  name: string;
  /** Name of an entry of `issuers`. */
  issuer: string;
  /** Null is LATCHKEY_PUBLIC_URL. */
  audience: string | null;
  /** GitHub. */
  repository: Named | null;
  /** GitLab and CircleCI. */
  project: Named | null;
  /** Buildkite. */
  organization: Named | null;
  pipeline: Named | null;
  /** Kubernetes. */
  serviceAccount: { namespace: string; name: string } | null;
  workflow: string | null;
  environment: string | null;
  /** Full refs; `*` does not cross `/`. */
  refs: string[] | null;
  /** What may have started the run. Null is what the kind of its issuer allows. */
  events: string[] | null;
  runners: 'github-hosted' | 'self-hosted' | null;
  /** Claims that must be equal. */
  claims: Record<string, Scalar>;
  /** Lets in what is refused otherwise: events that anyone can start, and a person's shell in the job. */
  isUnsafe: boolean;
  channel: string | null;
};
