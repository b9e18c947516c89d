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
  kind: 'never_used' | 'cap_above_need' | 'default_above_need' | 'approved_in_seconds' | 'one_approver';
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

const ofTimes = (role: Of['role'], history: RoleHistory | undefined): Advice[] => {
  if (!history?.usedMs || history.grants < ENOUGH_GRANTS) return [];
  const [max, usual] = [needOf(history.usedMs.p95), needOf(history.usedMs.median)];
  return [
    ...(role.maxMs > FAR_ABOVE * max
      ? [
          {
            kind: 'cap_above_need',
            field: 'max',
            to: formatDuration(max),
            text: `max: ${formatDuration(max)} would do: 95 % of ${history.grants} grants were over within ${formatDuration(history.usedMs.p95)}.`,
          } as const,
        ]
      : []),
    ...(role.defaultMs > FAR_ABOVE * usual
      ? [
          {
            kind: 'default_above_need',
            field: 'default',
            to: formatDuration(usual),
            text: `default: ${formatDuration(usual)} would do: half of ${history.grants} grants were over within ${formatDuration(history.usedMs.median)}.`,
          } as const,
        ]
      : []),
  ];
};
