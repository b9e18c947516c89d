/** A request as the API says it. */
import { isOver } from '../../../domain/lifecycle.ts';
import type { z } from 'zod';
import type { Request } from '../../../domain/requests/request.ts';
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
  if (grant && (grant.state === 'ending' || isOver(grant.state)))
    return grant.endReason ?? grant.endCause ?? grant.lastError;
  return request.cancelReason;
};

const windowOf = ({ origin }: Request): RequestAnswer['window'] =>
  origin?.kind === 'window'
    ? { name: origin.window, opens_at: origin.from, closes_at: origin.to, taken: origin.isClaimed }
    : null;

export const requestAnswerOf = (
  view: RequestView,
  { waitingFor, messageUrl }: { waitingFor: string[]; messageUrl: string | null },
): RequestAnswer => {
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
    window: windowOf(request),
    expires_at: (grant?.expiresAt ?? request.lapsesAt).toISOString(),
    message_url: messageUrl,
  };
};
