/** What failures of Slack's Web API mean. */
import { WebAPIHTTPError, WebAPIPlatformError, WebAPIRateLimitedError, WebAPIRequestError } from '@slack/web-api';

/** `permanent`: trying again changes nothing; `code` is Slack's word for it. */
export type SlackFailure =
  | { kind: 'rate_limited'; code: 'ratelimited'; retryInMs: number }
  | { kind: 'passing'; code: string }
  | { kind: 'permanent'; code: string };

/** Slack: docs.slack.dev/reference/methods/chat.postMessage, "Errors": these say "try again" in their description. */
const PASSING_CODES = new Set([
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
  'ratelimited',
  'rate_limited',
]);

const RATE_LIMIT_FALLBACK_MS = 5_000;

/** null when the error is not Slack's. */
export const slackFailureOf = (error: unknown): SlackFailure | null => {
  if (error instanceof WebAPIRateLimitedError) {
    return { kind: 'rate_limited', code: 'ratelimited', retryInMs: error.retryAfter * 1000 };
  }
  if (error instanceof WebAPIPlatformError) {
    const code = error.data.error;
    if (!PASSING_CODES.has(code)) return { kind: 'permanent', code };
    const retryAfter = error.data.response_metadata?.retryAfter;
    if (!code.startsWith('rate')) return { kind: 'passing', code };
    return {
      kind: 'rate_limited',
      code: 'ratelimited',
      retryInMs: retryAfter ? retryAfter * 1000 : RATE_LIMIT_FALLBACK_MS,
    };
  }
  if (error instanceof WebAPIHTTPError) return { kind: 'passing', code: `http_${error.statusCode}` };
  if (error instanceof WebAPIRequestError) return { kind: 'passing', code: 'unreachable' };
  return null;
};
