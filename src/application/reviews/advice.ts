/** What the history of a role suggests. Advice changes nothing: it names the figures that it is made of, or says that there are too few. */
import type { Target } from '../../domain/policy/types.ts';
import { formatDuration } from '../../domain/time/durations.ts';
import type { RoleHistory } from './campaign-ports.ts';

/** With fewer grants nothing is advised. */
const ENOUGH_GRANTS = 20;
const ROOM = 1.25;
const QUARTER_HOUR_MS = 15 * 60_000;
/** A cap that is this much above need is advised upon. */
const FAR_ABOVE = 2;

export type Advice = {
  kind:
    | 'never_used'
    | 'cap_above_need'
    | 'default_above_need'
    | 'default_above_cap'
    | 'approved_in_seconds'
    | 'one_approver';
  text: string;
  /** What it changes of the role in the policy; 'role' takes the role away, null is for people to think about. */
  field: 'max' | 'default' | 'role' | null;
  to: string | null;
};

/** Sooner than somebody reads a reason. */
const SECONDS_MS = 30_000;

const ofDecisions = (history: RoleHistory | undefined): Advice[] => {
  const { approved, denied, p95Ms, approver } = history?.decided ?? NOTHING_DECIDED;
  if (approved + denied < ENOUGH_GRANTS) return [];
  const isUnread = denied === 0 && p95Ms < SECONDS_MS;
  const about = { field: null, to: null };
  return [
    isUnread && {
      kind: 'approved_in_seconds' as const,
      text: `All ${approved} requests were approved, 95 % within ${Math.ceil(p95Ms / 1000)} seconds: approve by a rule and review, or demand more of a reason.`,
      ...about,
    },
    approver.votes >= approved &&
      approved >= ENOUGH_GRANTS && {
        kind: 'one_approver' as const,
        text: `${approver.name} approved all ${approved} requests: while ${approver.name} is away, access may wait. Name more owners.`,
        ...about,
      },
  ].filter((advice) => advice !== false);
};

const NOTHING_DECIDED = { approved: 0, denied: 0, p95Ms: 0, approver: { name: '', votes: 0 } };

type Ended = { grants: number; usedMs: { median: number; p95: number } };
type Of = { target: Target; role: Target['roles'][string]; history: RoleHistory | undefined };

export const hasEnough = (history: RoleHistory | undefined): boolean => (history?.grants ?? 0) >= ENOUGH_GRANTS;

export const dataText = (history: RoleHistory | undefined): string => {
  const grants = history?.grants ?? 0;
  return !hasEnough(history) ? `INSUFFICIENT_DATA: ${grants} of ${ENOUGH_GRANTS} grants` : `${grants} grants`;
};

const needOf = (ms: number): number => Math.ceil((ms * ROOM) / QUARTER_HOUR_MS) * QUARTER_HOUR_MS;

export const adviceFor = ({ role, history }: Of): Advice[] => {
  if (history && history.requests >= ENOUGH_GRANTS && history.used === 0 && history.grants >= ENOUGH_GRANTS)
    return [{ kind: 'never_used', text: `None of ${history.grants} grants was seen in use.`, field: 'role', to: null }];
  return [...ofTimes(role, history), ...ofDecisions(history)];
};

/** null where the cap is not far above need. */
const ofCap = ({ maxMs }: Of['role'], { grants, usedMs }: Ended): Advice | null => {
  const max = needOf(usedMs.p95);
  if (maxMs <= FAR_ABOVE * max) return null;
  const to = formatDuration(max);
  const over = formatDuration(usedMs.p95);
  const text = `max: ${to} would do: 95 % of ${grants} grants were over within ${over}.`;
  return { kind: 'cap_above_need', field: 'max', to, text };
};

/** `max`: what the cap becomes. A policy whose default is above its cap is refused, so the two are lowered together. */
const ofDefault = ({ defaultMs }: Of['role'], { grants, usedMs }: Ended, max: string | null): Advice | null => {
  const usual = needOf(usedMs.median);
  const to = formatDuration(usual);
  if (defaultMs > FAR_ABOVE * usual) {
    const over = formatDuration(usedMs.median);
    const text = `default: ${to} would do: half of ${grants} grants were over within ${over}.`;
    return { kind: 'default_above_need', field: 'default', to, text };
  }
  if (max === null || defaultMs <= needOf(usedMs.p95)) return null;
  const text = `default: ${max} goes with it: a default may not be above max.`;
  return { kind: 'default_above_cap', field: 'default', to: max, text };
};

const ofTimes = (role: Of['role'], history: RoleHistory | undefined): Advice[] => {
  if (!history?.usedMs || history.grants < ENOUGH_GRANTS) return [];
  const ended = { grants: history.grants, usedMs: history.usedMs };
  const cap = ofCap(role, ended);
  return [cap, ofDefault(role, ended, cap?.to ?? null)].filter((advice) => advice !== null);
};
