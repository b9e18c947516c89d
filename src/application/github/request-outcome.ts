/** What a deployment or a pull request leads to: a request, or the sentence by which it is refused where people wait for it. */
import { isDomainError } from '../../domain/errors.ts';
import { overrideTextOfRun } from '../../domain/policy/freeze-override.ts';
import type { ClientCaller } from '../identity/caller.ts';
import type { Deps } from '../deps.ts';
import { findOverridden } from '../requests/claim-prepared.ts';
import { createRequest } from '../requests/create-request.ts';
import type { CreateRequestInput, CreateRequestResult, Overridable } from '../requests/request-types.ts';
import { cutTo } from './words.ts';

export type RequestOutcome = { requestId: string } | { refusal: string };

/** What a rule says, and what can be done about a freeze. */
type DeniedText = (message: string, of: Overridable) => string;

/** GitLab keeps as much of a refusal: the command that overrides is in it. */
const DEPLOYMENT_REFUSAL_MAX = 255;

const deniedDeployment: DeniedText = (message, { override, overriders = [] }) => {
  if (override) {
    const how = overrideTextOfRun(override);
    return `${cutTo(message, DEPLOYMENT_REFUSAL_MAX - how.length - 1)} ${how}`;
  }
  if (overriders.length === 0) return message;
  return `${message} Run it again after that: a freeze is overridden only for a deployment whose gate in the policy names a role.`;
};

const SENTENCES: Record<string, string> = {
  nobody_can_approve: 'No one can approve this deployment by the rules.',
  open_requests_reached: 'This client has as many open requests as the policy allows.',
  live_grants_reached: 'This client has as much live access as the policy allows.',
};

/** What will not be otherwise in a moment is an answer; the rest is tried again. */
const refusalIn = (error: unknown): string => {
  if (!isDomainError(error) || error.code === 'lookup_failed' || error.code === 'conflict') throw error;
  return SENTENCES[error.code] ?? `The request was refused: ${error.code.replaceAll('_', ' ')}.`;
};

const refusalOf = (result: Exclude<CreateRequestResult, { outcome: 'sent' }>, denied: DeniedText): string =>
  result.outcome === 'denied'
    ? denied(result.verdict.message, result)
    : `The request is not complete: ${result.problems.map(({ code }) => code.replaceAll('_', ' ')).join(', ')}.`;

export const outcomeOf = async (
  request: () => Promise<CreateRequestResult>,
  denied: DeniedText,
): Promise<RequestOutcome> => {
  try {
    const result = await request();
    if (result.outcome === 'sent') return { requestId: result.view.request.id };
    return { refusal: refusalOf(result, denied) };
  } catch (error) {
    return { refusal: refusalIn(error) };
  }
};

const APPROVER_BEHIND = {
  approver: 'The person who approved this started the run, and never counts for it. Another person starts it again.',
  overrider:
    'The person who overrode the freeze for this run started it again, and an override is never for their own run. Another person starts it again.',
  unlinked:
    'It is not known whose the account is that started this run, so it may be the approver’s. Its owner links it in Slack with /prod-access link, then run it again.',
} as const;

type Deployment = CreateRequestInput & { caller: ClientCaller };

/** What a person overrode a freeze for when it was denied before; else a new request. */
export const requestDeployment = async (deps: Deps, gate: string, wanted: Deployment): Promise<RequestOutcome> => {
  if (Object.keys(deps.policy().overrides).length > 0) {
    const found = await findOverridden(deps, { caller: wanted.caller, gate }, wanted);
    if ('requestId' in found) return found;
    if (found.refusal !== 'none') return { refusal: APPROVER_BEHIND[found.refusal] };
  }
  return outcomeOf(() => createRequest(deps, wanted), deniedDeployment);
};
