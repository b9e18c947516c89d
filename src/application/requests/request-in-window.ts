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

/** `allowedBy`: the approver, where no job requests. */
export type Wanted = { input: CreateRequestInput; caller: ClientCaller; window: string; allowedBy?: string };
type Opening = { span: Span; now: Date };

export const openingOf = async (deps: Deps, { window }: Pick<Wanted, 'window'>): Promise<Opening> => {
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

export const originOf = ({ window, allowedBy }: Wanted, span: Span, id: string): WindowOrigin => ({
  kind: 'window',
  id,
  isClaimed: false,
  window,
  from: span.from.toISOString(),
  to: span.to.toISOString(),
  ...(allowedBy !== undefined && { allowedBy }),
});

const request = (
  deps: Deps,
  wanted: Wanted,
  { span, now, number }: Opening & { number: number },
): Promise<CreateRequestResult> => {
  const { input, caller, window } = wanted;
  const from = span.from.toISOString();
  const key = JSON.stringify(['window', caller.client.name, input.target, input.role, window, from, number]);
  const origin = originOf(wanted, span, key);
  return createRequest(deps, {
    ...input,
    caller: callerFor(wanted, key),
    start: span.from > now ? { kind: 'at', at: span.from } : null,
    idempotencyKey: key,
    from: { origin, startedBy: [...caller.startedBy], accounts: [...(caller.accounts ?? [])] },
  });
};

const USED = {
  none: 'window_used',
  approver: 'approver_started_job',
  overrider: 'overrider_started_job',
  unlinked: 'starter_unlinked',
} as const;

/** What is open already is taken over at once. */
const claimed = async (deps: Deps, { caller, input, window }: Wanted): Promise<CreateRequestResult> => {
  const found = await claimPrepared(deps, caller, input);
  if ('requestId' in found) return sent(deps, found.requestId);
  throw new DomainError(USED[found.refusal], { window });
};

type Prepared = { known: Request | null; make(): Promise<CreateRequestResult>; isOpen: boolean };

/** What there is for the next opening, or how to request it. */
const prepare = async (deps: Deps, wanted: Wanted): Promise<Prepared> => {
  const { caller, input } = wanted;
  const opening = await openingOf(deps, wanted);
  const of = { clientId: caller.client.id, target: input.target, role: input.role };
  const prepared = await deps.store.read.prepared(of);
  const ofOpening = prepared.filter((one) => isOfOpening(one, wanted, opening));
  return {
    known: ofOpening.find((one) => isAnswerFor(caller, one)) ?? null,
    make: () => request(deps, wanted, { ...opening, number: ofOpening.length }),
    isOpen: opening.span.from <= opening.now,
  };
};

export const requestInWindow = async (deps: Deps, wanted: Wanted): Promise<CreateRequestResult> => {
  const { caller } = wanted;
  const { known, make, isOpen } = await prepare(deps, wanted);
  if (known?.origin?.isClaimed && known.job?.key === caller.job.key) return sent(deps, known.id);
  if (known) return isOpen ? claimed(deps, wanted) : sent(deps, known.id);
  const result = await make();
  return isOpen && result.outcome === 'sent' ? claimed(deps, wanted) : result;
};

/** For a person who allows it: it waits for a job, also while the window is open. @throws DomainError `window_used` where a job has it. */
export const prepareInWindow = async (deps: Deps, wanted: Wanted): Promise<CreateRequestResult> => {
  const { known, make } = await prepare(deps, wanted);
  if (known?.origin?.isClaimed) throw new DomainError('window_used', { window: wanted.window });
  return known ? sent(deps, known.id) : make();
};
