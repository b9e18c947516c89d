/** Slack refused us or could not be reached when we started. */
import { StartError as StartProblem } from '../../lib/start-error.ts';
import { slackFailureOf } from './failures.ts';

export class StartError extends StartProblem {
  /** true: Slack was not reached, and starting again later may do; false: a token or setting is wrong. */
  readonly isPassing: boolean;
  constructor(sentence: string, isPassing: boolean, options?: ErrorOptions) {
    super(sentence, options);
    this.isPassing = isPassing;
  }
}

const WHERE = {
  SLACK_BOT_TOKEN: 'the bot token (xoxb-…) is under "OAuth & Permissions" of the Slack app',
  SLACK_CLIENT_ID:
    'the client id and the client secret are under "Basic Information", "App Credentials", of the Slack app',
  SLACK_APP_TOKEN: 'an app token (xapp-…) with connections:write is made under "Basic Information" of the Slack app',
} as const;

const WRONG_TOKEN = new Set([
  'invalid_auth',
  'not_authed',
  'account_inactive',
  'token_revoked',
  'token_expired',
  'not_allowed_token_type',
  'no_permission',
  'missing_scope',
  'ekm_access_denied',
  'org_login_required',
]);

/** One sentence for the operator: what Slack said about which variable, and where the right value is. */
export const startErrorOf = (variable: keyof typeof WHERE, error: unknown): StartError => {
  const failure = slackFailureOf(error);
  if (failure?.kind === 'permanent' && WRONG_TOKEN.has(failure.code)) {
    return new StartError(`Slack refuses ${variable} (${failure.code}): ${WHERE[variable]}.`, false, { cause: error });
  }
  if (failure?.kind === 'permanent') {
    return new StartError(`Slack answered ${failure.code} when it was shown ${variable}; ${WHERE[variable]}.`, false, {
      cause: error,
    });
  }
  const what = failure ? failure.code : error instanceof Error ? error.message : 'no answer';
  return new StartError(`Slack cannot be reached (${what}); no one can request or approve until it can.`, true, {
    cause: error,
  });
};
