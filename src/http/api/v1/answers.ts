/** A request as the API says it. */
import type { z } from 'zod';
import { formatDuration } from '../../../domain/time/durations.ts';
import type { RequestView } from '../../../application/record/request-view.ts';
import type { REQUEST_STATES, requestAnswer } from './schemas.ts';

type State = (typeof REQUEST_STATES)[number];
export type RequestAnswer = z.infer<typeof requestAnswer>;

const stateOf = ({ request, grant }: RequestView): State => {
  if (request.state !== 'approved') return request.state;
  if (!grant || grant.state === 'activating') return 'approved';
  return grant.state === 'active' ? 'active' : 'ended';
};

const denierOf = ({ votes }: RequestView): { name: string; reason: string | null } | null => {
  const denial = votes.find(({ kind }) => kind === 'deny');
  return denial ? { name: denial.voter.name, reason: denial.reason } : null;
};

const whyOf = (view: RequestView): string | null => {
  const { request, decision, grant } = view;
  if (request.state === 'denied') return decision?.reason ?? denierOf(view)?.reason ?? null;
  if (grant && (grant.state === 'ended' || grant.state === 'ending' || grant.state === 'failed'))
    return grant.endReason ?? grant.endCause ?? grant.lastError;
  return request.cancelReason;
};

export const requestAnswerOf = (view: RequestView, waitingFor: string[]): RequestAnswer => {
  const { request, grant, decidedBy } = view;
  return {
    id: request.id,
    version: request.version,
    state: stateOf(view),
    role: `${request.target}/${request.role}`,
    for: formatDuration(request.durationMs),
    rule: request.rule,
    waiting_for: request.state === 'pending' ? waitingFor : [],
    by: decidedBy?.name ?? denierOf(view)?.name ?? null,
    why: whyOf(view),
    grant: grant?.id ?? null,
    expires_at: (grant?.expiresAt ?? request.lapsesAt).toISOString(),
    message_url: null,
  };
};
