/** What may start a run of a client, and what may not unless the policy says that it is unsafe. */
import type { IssuerKind } from '../principals/client.ts';

/** The claim that says what started the run; null where a kind has none. */
export const EVENT_CLAIM: Record<IssuerKind, string | null> = {
  github: 'event_name',
  gitlab: 'pipeline_source',
  buildkite: 'build_source',
  circleci: null,
  kubernetes: null,
  oidc: null,
};

/** Where a client names no events. Null lets in whatever is not dangerous. */
export const DEFAULT_EVENTS: Record<IssuerKind, readonly string[] | null> = {
  github: ['push', 'workflow_dispatch', 'schedule'],
  gitlab: null,
  buildkite: null,
  circleci: null,
  kubernetes: null,
  oidc: null,
};

/** Started by people who cannot push, with their text or their code, on the default branch and with its rights. */
const DANGEROUS: Record<IssuerKind, readonly string[]> = {
  github: [
    'pull_request_target',
    'issue_comment',
    'workflow_run',
    'issues',
    'discussion',
    'discussion_comment',
    'pull_request_review',
    'pull_request_review_comment',
    'fork',
    'watch',
    'gollum',
  ],
  gitlab: ['merge_request_event', 'external_pull_request_event'],
  buildkite: [],
  circleci: [],
  kubernetes: [],
  oidc: [],
};

export const isDangerousEvent = (kind: IssuerKind, event: string): boolean => DANGEROUS[kind].includes(event);
