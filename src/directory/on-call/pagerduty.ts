/**
 * Who is on call, as PagerDuty says: `GET /oncalls` of its REST API v2, read only.
 * PagerDuty: developer.pagerduty.com, "List all of the on-calls"; docs/REST-API/ in github.com/PagerDuty/developer-docs
 * (02-Authentication, 04-Rate-Limits, 09-Pagination, 13-Includes, 14-Errors).
 */
import { z } from 'zod';
import type { Log } from '../../lib/log.ts';
import type { Waits } from '../../lib/waits.ts';
import type { OnCall, Shift } from '../../application/identity/on-call-ports.ts';
import { createOnCallClient, secondsIn } from './on-call-client.ts';
import type { OnCallClient } from './on-call-client.ts';

/** The most that one page may hold. */
const PAGE = 100;
const PAGES_MAX = 20;
/** PagerDuty may answer 429 without saying for how long. */
const LIMITED_MS = 5_000;

const oncall = z.object({
  escalation_level: z.int().min(1),
  schedule: z.object({ id: z.string() }).nullish(),
  user: z.object({ id: z.string(), email: z.string().nullish() }),
});
const page = z.object({ oncalls: z.array(oncall), more: z.boolean().nullish() });

export type PagerDutySettings = {
  token: string;
  /** Without a trailing slash. */
  apiUrl: string;
  timeoutMs?: number;
  waits?: Waits;
  log: Log;
};

const REFUSALS: Record<number, (schedule: string) => string> = {
  400: (schedule) =>
    `PagerDuty refuses the question; an admin of Latchkey can check the schedule ${schedule} in the policy.`,
  401: () => 'PagerDuty refuses the token; the operator of Latchkey must check PAGERDUTY_TOKEN.',
  402: () => 'The PagerDuty account may not use schedules; its owner can change that.',
  403: () => 'PagerDuty does not let this token see schedules; the operator of Latchkey must check PAGERDUTY_TOKEN.',
  404: (schedule) =>
    `PagerDuty has no schedule ${schedule}; it was deleted. An admin of Latchkey can name another one in the policy.`,
};

/** `since` and `until` default to now at PagerDuty's end, so overrides and hand-overs are its clock's, not ours. */
const pathOf = (schedule: string, offset: number): string => {
  const query = new URLSearchParams([
    ['schedule_ids[]', schedule],
    ['include[]', 'users'],
    ['limit', String(PAGE)],
    ['offset', String(offset)],
  ]);
  return `/oncalls?${query.toString()}`;
};

const shiftsOf = async (onCall: OnCallClient, schedule: string): Promise<Shift[]> => {
  const shifts: Shift[] = [];
  for (let index = 0; index < PAGES_MAX; index += 1) {
    const { oncalls, more } = await onCall.read(schedule, pathOf(schedule, index * PAGE), page);
    const ours = oncalls.filter((one) => one.schedule?.id === schedule);
    shifts.push(...ours.map(({ user, escalation_level: level }) => ({ email: user.email?.trim() || null, level })));
    if (more !== true) return shifts;
  }
  throw onCall.failed(
    schedule,
    'PagerDuty lists more people than a schedule can have; an admin of Latchkey can check the policy.',
  );
};

export const createPagerDuty = ({ token, apiUrl, timeoutMs, waits, log }: PagerDutySettings): OnCall => {
  const onCall = createOnCallClient({
    name: 'PagerDuty',
    apiUrl,
    headers: { authorization: `Token token=${token}`, accept: 'application/vnd.pagerduty+json;version=2' },
    limitedMs: (headers) => secondsIn(headers, 'retry-after') ?? secondsIn(headers, 'ratelimit-reset') ?? LIMITED_MS,
    refusals: REFUSALS,
    timeoutMs,
    waits,
    log,
  });
  return {
    shifts: async (schedule) => {
      const shifts = await shiftsOf(onCall, schedule);
      // A schedule that does not exist is answered with nobody; that must not pass for an empty one.
      if (shifts.length === 0) await onCall.read(schedule, `/schedules/${encodeURIComponent(schedule)}`, z.unknown());
      return shifts;
    },
  };
};
