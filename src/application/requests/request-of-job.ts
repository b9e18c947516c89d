/** `createRequest` for jobs: what this job has already, what was prepared for it, or a new request. */
import type { Policy } from '../../domain/policy/types.ts';
import { diffUrlOf } from '../../domain/clients/diff-url.ts';
import { DomainError } from '../../domain/errors.ts';
import { callerFromSession } from '../identity/caller.ts';
import type { ClientCaller } from '../identity/caller.ts';
import { mustView } from '../record/must-find.ts';
import type { Deps } from '../deps.ts';
import { claimPrepared } from './claim-prepared.ts';
import { createRequest } from './create-request.ts';
import { requestInWindow } from './request-in-window.ts';
import type { CreateRequestInput, CreateRequestResult } from './request-types.ts';

/** `window`: for its next opening. `clientKey`: a call that is sent again gives what it made, whatever became of that. */
export type JobRequestInput = Omit<CreateRequestInput, 'idempotencyKey'> & {
  caller: ClientCaller;
  window: string | null;
  /** What the job says that it will run. */
  plan: string | null;
  clientKey: string | null;
};

const mayBePrepared = ({ gates, pullRequests, windows, alerts, overrides }: Policy): boolean =>
  gates.length + pullRequests.length + Object.keys(windows).length + Object.keys(overrides).length > 0 ||
  alerts.some(({ client }) => client !== null);

const given = async (deps: Deps, requestId: string): Promise<CreateRequestResult> => {
  const view = await mustView(deps, requestId);
  const targetProblem = deps.access.problems()[view.request.target] ?? null;
  return { outcome: 'sent', view, isRepeat: true, targetProblem };
};

/** The first has the key without a number: rows from before there could be another have it. */
const keyOf = ({ caller, target, role }: JobRequestInput, number: number): string => {
  const key = `client:${JSON.stringify([caller.client.name, caller.job.key, `${target}/${role}`])}`;
  return number === 0 ? key : `${key}#${number + 1}`;
};

/** With what is for people alone: what it will run, and where to read what it changes. */
const withWords = async (deps: Deps, { caller, target, role, plan }: JobRequestInput): Promise<ClientCaller> => {
  const { client, job } = caller;
  const before = await deps.store.read.lastCommitOf({ clientId: client.id, target, role });
  const diffUrl = diffUrlOf(client.issuerKind, job, before);
  const words = { ...(plan !== null && { plan }), ...(diffUrl !== null && { diffUrl }) };
  return callerFromSession({ ...caller, job: { ...job, ...words } });
};

/** What was prepared is given as it was requested: its duration, reason and decision stand. */
export const requestOfJob = async (deps: Deps, input: JobRequestInput): Promise<CreateRequestResult> => {
  const { target, role, window, clientKey } = input;
  const caller = await withWords(deps, input);
  const wanted = { ...input, caller, idempotencyKey: null };
  if (window !== null) return requestInWindow(deps, { input: wanted, caller, window });
  const own = await deps.store.read.requestsOfJob({ clientId: caller.client.id, jobKey: caller.job.key, target, role });
  const known =
    own.find((one) => clientKey !== null && one.clientKey === clientKey) ?? own.find(({ isOver }) => !isOver);
  if (known) return given(deps, known.id);
  const make = () => createRequest(deps, { ...wanted, clientKey, idempotencyKey: keyOf(input, own.length) });
  if (mayBePrepared(deps.policy())) {
    const claimed = await claimPrepared(deps, caller, input);
    if ('requestId' in claimed) return given(deps, claimed.requestId);
    const result = await make();
    // Its freeze denies it as before, and the override is for a job that another person starts.
    if (claimed.refusal === 'overrider' && result.outcome === 'denied') throw new DomainError('overrider_started_job');
    return result;
  }
  return make();
};
