import type { AccountBehind } from '../../domain/principals/ci-account.ts';
import type { Caller, PersonCaller } from '../identity/caller.ts';
import type { Grant } from '../../domain/grants/grant.ts';
import type { RequestOrigin } from '../../domain/requests/origin.ts';
import type { RequestProblem, Verdict } from '../../domain/policy/verdict.ts';
import type { StartWish } from '../../domain/time/start.ts';
import type { OpenRequest } from '../decisions/limit-ports.ts';
import type { RequestView } from '../record/request-view.ts';

/** `durationMs` null means the role's default. */
export type CreateRequestInput = {
  caller: Caller;
  target: string;
  role: string;
  durationMs: number | null;
  reason: string;
  ticket: string | null;
  /** When it should begin, on the person's own clock; left out or null is at once. */
  start?: StartWish | null;
  /** The channel it comes from: tied to the incident that is open there, and to none otherwise. */
  incidentChannelId?: string | null;
  /** `view:<id>` or `trigger:<id>`: the same ask delivered twice is stored once. */
  idempotencyKey: string | null;
  /** What a client sent with the call, to know it again. */
  clientKey?: string | null;
  /** The alert it is for. `isAutomatic`: nobody clicked, so only a rule that names the alert may decide. */
  alert?: { id: string; isAutomatic: boolean } | null;
  /** What made it, where neither a person nor a job did, and who is behind it. */
  from?: { origin: RequestOrigin; startedBy: string[]; accounts?: AccountBehind[] };
};

/** Live access of the same person to the same role: a second is possible, and more time on the first may be meant. */
export type AlreadyHas = Pick<Grant, 'id' | 'expiresAt'>;

/** `id`: by which those who may override find this request; `by`: who they are, as the policy names them. */
export type FreezeOverride = { id: string; by: string[] };

export type Overridable = {
  /** Where only freezes deny it, and some people may override them for it. */
  override?: FreezeOverride | null;
  /** Where they may not for what made this request, and may for what a person or a job requests. */
  overriders?: string[];
};

/** `refused`: the requester can fix it, nothing was stored but the refusal. `denied`: a rule or the lack of one said no. */
export type CreateRequestResult =
  | {
      outcome: 'sent';
      view: RequestView;
      isRepeat: boolean;
      targetProblem: string | null;
      alreadyHas?: AlreadyHas | null;
      /** Of the same person for the same role, and not decided yet. */
      alreadyRequested?: OpenRequest | null;
      /** How many live grants the person has, where this waits and they have as many as one may. */
      liveFull?: number | null;
    }
  | { outcome: 'refused'; problems: RequestProblem[] }
  | ({ outcome: 'denied'; verdict: Extract<Verdict, { decision: 'deny' }> } & Overridable);

/** The dry run of what a person would send. */
export type PreviewInput = Omit<CreateRequestInput, 'idempotencyKey' | 'caller'> & { caller: PersonCaller };
