/** A job requests for a window of the policy: decided now, used once, by whichever job of the client comes first while it is open. */
import { DomainError } from '../../domain/errors.ts';
import { spanOf } from '../../domain/policy/calendar.ts';
import type { Span } from '../../domain/policy/calendar.ts';
import type { WindowOrigin } from '../../domain/requests/origin.ts';
import type { Request } from '../../domain/requests/request.ts';
import type { ClientCaller } from '../identity/caller.ts';
import { mustView } from '../record/must-find.ts';
import type { Deps } from '../deps.ts';
import { claimPrepared } from './claim-prepared.ts';
import { createRequest } from './create-request.ts';
import type { CreateRequestInput, CreateRequestResult } from './request-types.ts';

type Wanted = { input: CreateRequestInput; caller: ClientCaller; window: string };
type Opening = { span: Span; now: Date };

const openingOf = async (deps: Deps, { window }: Wanted): Promise<Opening> => {
  const { windows, timezone } = deps.policy();
  const entry = Object.hasOwn(windows, window) ? windows[window] : undefined;
  const now = await deps.store.read.now();
  const span = entry ? spanOf(entry, now, timezone) : null;
  if (!span) throw new DomainError('unknown_window', { window: window.slice(0, 100), windows: Object.keys(windows) });
  return { span, now };
};

const isOfOpening = ({ origin }: Request, { window }: Wanted, { span }: Opening): boolean =>
  origin?.kind === 'window' && origin.window === window && origin.from === span.from.toISOString();

/** Those that end without a use leave the window to another request. */
const isSpent = ({ state }: Request): boolean => state === 'denied' || state === 'cancelled' || state === 'lapsed';

/** The job that was denied is not to ask again and again. */
const isAnswerFor = ({ job }: ClientCaller, request: Request): boolean =>
  !isSpent(request) || (request.state === 'denied' && request.job?.key === job.key);

const sent = async (deps: Deps, requestId: string): Promise<CreateRequestResult> => {
  const view = await mustView(deps, requestId);
  const targetProblem = deps.access.problems()[view.request.target] ?? null;
  return { outcome: 'sent', view, isRepeat: true, targetProblem };
};

/** Until a job takes it over it is no job's own: what ends this job, ends nothing of the window. */
const callerFor = (wanted: Wanted, key: string): ClientCaller => ({
  ...wanted.caller,
  job: { ...wanted.caller.job, key, run: '', attempt: 0 },
});

const request = (
  deps: Deps,
  wanted: Wanted,
  { span, now, number }: Opening & { number: number },
): Promise<CreateRequestResult> => {
  const { input, caller, window } = wanted;
  const [from, to] = [span.from.toISOString(), span.to.toISOString()];
  const key = JSON.stringify(['window', caller.client.name, input.target, input.role, window, from, number]);
  const origin: WindowOrigin = { kind: 'window', id: key, isClaimed: false, window, from, to };
  return createRequest(deps, {
    ...input,
    caller: callerFor(wanted, key),
    start: span.from > now ? { kind: 'at', at: span.from } : null,
    idempotencyKey: key,
    from: { origin, startedBy: [...caller.startedBy], accounts: [...(caller.accounts ?? [])] },
  });
};

const USED = { none: 'window_used', approver: 'approver_started_job', unlinked: 'starter_unlinked' } as const;

/** What is open already is taken over at once. */
const claimed = async (deps: Deps, { caller, input, window }: Wanted): Promise<CreateRequestResult> => {
  const found = await claimPrepared(deps, caller, input);
  if ('requestId' in found) return sent(deps, found.requestId);
  throw new DomainError(USED[found.refusal], { window });
};

export const requestInWindow = async (deps: Deps, wanted: Wanted): Promise<CreateRequestResult> => {
  const { caller, input } = wanted;
  const opening = await openingOf(deps, wanted);
  const isOpen = opening.span.from <= opening.now;
  const of = { clientId: caller.client.id, target: input.target, role: input.role };
  const prepared = await deps.store.transaction((tx) => tx.github.prepared(of));
  const ofOpening = prepared.filter((one) => isOfOpening(one, wanted, opening));
  const known = ofOpening.find((one) => isAnswerFor(caller, one));
  if (known?.origin?.isClaimed && known.job?.key === caller.job.key) return sent(deps, known.id);
  if (known) return isOpen ? claimed(deps, wanted) : sent(deps, known.id);
  const result = await request(deps, wanted, { ...opening, number: ofOpening.length });
  return isOpen && result.outcome === 'sent' ? claimed(deps, wanted) : result;
};
