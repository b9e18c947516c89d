/** The one table of moves. Anything not in it is an error; terminal states have no moves. */
import { DomainError } from './errors.ts';

export const REQUEST_MOVES = {
  pending: ['approved', 'denied', 'cancelled', 'lapsed'],
  approved: [],
  denied: [],
  cancelled: [],
  lapsed: [],
} as const satisfies Record<string, readonly string[]>;

export const GRANT_MOVES = {
  activating: ['active', 'ending', 'failed'],
  active: ['ending'],
  ending: ['closed'],
  closed: ['removed'],
  removed: [],
  failed: [],
} as const satisfies Record<string, readonly string[]>;

/** `moving`: decided, and the target has not confirmed it yet. */
export const EXTENSION_MOVES = {
  moving: ['moved', 'failed'],
  moved: [],
  failed: [],
} as const satisfies Record<string, readonly string[]>;

export type RequestState = keyof typeof REQUEST_MOVES;
export type GrantState = keyof typeof GRANT_MOVES;
export type ExtensionState = keyof typeof EXTENSION_MOVES;

const refuse = (noun: string, from: string, to: string): never => {
  throw new DomainError('bad_transition', { noun, from, to });
};

export const moveRequest = (from: RequestState, to: RequestState): RequestState =>
  (REQUEST_MOVES[from] as readonly RequestState[]).includes(to) ? to : refuse('request', from, to);

export const moveGrant = (from: GrantState, to: GrantState): GrantState =>
  (GRANT_MOVES[from] as readonly GrantState[]).includes(to) ? to : refuse('grant', from, to);

/** Nobody can get in any more: what its target still has of it gives no access. */
export const hasEnded = (state: GrantState): boolean => state === 'closed' || state === 'removed';

/** Ended, or never given. */
export const isOver = (state: GrantState): boolean => hasEnded(state) || state === 'failed';

/** Kinds of a target's failure that do not pass by themselves (`providers/provider.ts`). */
export const HUMAN_KINDS = ['denied', 'misconfigured', 'unsupported'] as const;
