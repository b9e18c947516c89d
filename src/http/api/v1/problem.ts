/** Every error of the API: RFC 9457, with a code that stays the same. */
import { DomainError } from '../../../domain/errors.ts';
import type { ErrorCode } from '../../../domain/errors.ts';
import type { RequestProblem } from '../../../domain/policy/verdict.ts';

export type Problem = {
  type: 'about:blank';
  title: string;
  status: number;
  code: string;
  detail: string;
  /** What is wrong with which field. */
  problems?: { field: string; code: string; facts: RequestProblem['facts'] }[];
  rule?: string | null;
  /** Where only freezes deny a request: by which a person may override them for it. */
  override?: string | null;
};

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  413: 'Content Too Large',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

export const problemOf = (status: number, code: string, detail: string): Problem => ({
  type: 'about:blank',
  title: TITLES[status] ?? 'Error',
  status,
  code,
  detail,
});

/** The same to the byte for whatever was wrong: the log and `latchkey client explain` say which claim. */
export const UNAUTHORIZED = problemOf(401, 'unauthorized', 'The token or session is not accepted.');

/** A failure that the caller is answered. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly problem: Problem;
  readonly headers: Record<string, string>;
  constructor(problem: Problem, headers: Record<string, string> = {}) {
    super(problem.detail);
    this.problem = problem;
    this.headers = headers;
  }
}

export const fail = (status: number, code: string, detail: string): ApiError =>
  new ApiError(problemOf(status, code, detail));

type Known = { status: number; detail: string; code?: string };

const NOT_FOUND: Known = { status: 404, code: 'not_found', detail: 'There is no such request of this job.' };

/** What belongs to others does not exist for the one who calls. */
const KNOWN: Partial<Record<ErrorCode, Known>> = {
  request_not_found: NOT_FOUND,
  not_your_request: NOT_FOUND,
  grant_not_found: { ...NOT_FOUND, detail: 'There is no such grant of this job.' },
  not_your_grant: { ...NOT_FOUND, detail: 'There is no such grant of this job.' },
  grant_not_live: { status: 409, code: 'not_active', detail: 'The access is not active.' },
  credentials_gone: { status: 409, detail: 'The credentials of this access are no longer kept.' },
  public_key_missing: {
    status: 409,
    detail: 'This access is for an SSH key: send public_key, the line of a file that ends in .pub.',
  },
  bad_public_key: { status: 422, detail: 'The public_key cannot be read: send the line of a file that ends in .pub.' },
  already_started: { status: 409, detail: 'The access has begun; give it back instead.' },
  open_requests_reached: { status: 429, detail: 'This client has as many open requests as it may have.' },
  live_grants_reached: { status: 429, detail: 'This client has as much live access as it may have.' },
  unknown_window: { status: 422, detail: 'The policy has no window of that name.' },
  window_used: {
    status: 409,
    detail: 'The access of this window was used, or a person ended it. Each opening of a window is for one use.',
  },
  approver_started_job: {
    status: 409,
    detail: 'The person who approved this started the job, and never counts for it.',
  },
  overrider_started_job: {
    status: 409,
    detail:
      'The person who overrode the freeze for this run started this job, and an override is never for their own run. Another person runs it again.',
  },
  starter_unlinked: {
    status: 409,
    detail:
      'It is not known whose the account is that started this job, so it may be the approver’s. Its owner links it in Slack with /prod-access link, or an admin lists it under accounts in the policy.',
  },
  identity_unknown: { status: 409, detail: 'This client has no account of its own in the target.' },
  nobody_can_approve: { status: 409, detail: 'No one can approve this request.' },
  lookup_failed: { status: 503, detail: 'The people or groups of a rule could not be read; try again.' },
  target_unavailable: { status: 503, detail: 'The target cannot be reached; try again.' },
};

/** Null for what nobody foresaw. */
export const problemFor = (error: unknown): Problem | null => {
  if (error instanceof ApiError) return error.problem;
  if (!(error instanceof DomainError)) return null;
  const known = KNOWN[error.code];
  if (known) return problemOf(known.status, known.code ?? error.code, known.detail);
  return problemOf(409, error.code, `This is not possible: ${error.code.replaceAll('_', ' ')}.`);
};
