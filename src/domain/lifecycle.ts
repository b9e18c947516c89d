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
  ending: ['ended'],
  ended: [],
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

export const isTerminalGrant = (state: GrantState): boolean => GRANT_MOVES[state].length === 0;

/** Kinds of a target's failure that do not pass by themselves (`providers/provider.ts`). */
export const HUMAN_KINDS = ['denied', 'misconfigured', 'unsupported'] as const;
