/**
 * Who is on call, as PagerDuty says: `GET /oncalls` of its REST API v2, read only.
 * PagerDuty: developer.pagerduty.com, "List all of the on-calls"; docs/REST-API/ in github.com/PagerDuty/developer-docs
 * (02-Authentication, 04-Rate-Limits, 09-Pagination, 13-Includes, 14-Errors).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DomainError } from '../core/errors.ts';
import type { Log } from '../lib/log.ts';
import type { OnCall, Shift } from '../usecases/ports.ts';

/** Somebody waits in front of the screen: fail soon, and say so. */
const TIMEOUT_MS = 5_000;
/** The most that one page may hold. */
const PAGE = 100;
const PAGES_MAX = 20;
/** A longer wait than this is told, not waited for. */
const PATIENCE_MS = 1_500;
/** PagerDuty may answer 429 without saying for how long. */
const LIMITED_MS = 5_000;
const RETRY_MS = 250;

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
  log: Log;
};

type Client = PagerDutySettings & {
  /** `performance.now()` before which PagerDuty asked not to be asked again. */
  limitedUntil: number;
};

/** `why` is for whoever clicked; `status` for the log. */
const failed = (schedule: string, why: string, more: { status?: number; cause?: unknown } = {}): DomainError =>
  new DomainError(
    'lookup_failed',
    { what: `PagerDuty schedule ${schedule}`, why, ...(more.status === undefined ? {} : { status: more.status }) },
    { cause: more.cause },
  );

const RETRY = 'Nothing was changed; try again in a moment.';

const seconds = (headers: Headers, name: string): number | null => {
  const text = headers.get(name);
  return text !== null && /^\d{1,5}$/.test(text.trim()) ? Number(text) * 1000 : null;
};

const waitOf = (headers: Headers): number =>
  seconds(headers, 'retry-after') ?? seconds(headers, 'ratelimit-reset') ?? LIMITED_MS;

const send = async (client: Client, path: string): Promise<Response | Error> => {
  try {
    return await fetch(`${client.apiUrl}${path}`, {
      headers: {
        authorization: `Token token=${client.token}`,
        accept: 'application/vnd.pagerduty+json;version=2',
      },
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

const limited = (client: Client, schedule: string): DomainError => {
  const inS = Math.max(1, Math.ceil((client.limitedUntil - performance.now()) / 1000));
  return failed(schedule, `PagerDuty is asked too often. Nothing was changed; try again in ${inS} s.`, { status: 429 });
};

/** A second try after a hiccup or a short limit; a wrong token or schedule is told at once. */
const ask = async (client: Client, schedule: string, path: string): Promise<Response> => {
  for (let attempt = 1; ; attempt += 1) {
    if (performance.now() < client.limitedUntil) throw limited(client, schedule);
    const answer = await send(client, path);
    const isLast = attempt === 2;
    if (answer instanceof Error) {
      // A time-out has cost the person five seconds already.
      if (isLast || answer.name === 'TimeoutError')
        throw failed(schedule, `PagerDuty does not answer. ${RETRY}`, { cause: answer });
    } else if (answer.status === 429) {
      const waitMs = waitOf(answer.headers);
      await answer.body?.cancel();
      if (isLast || waitMs > PATIENCE_MS) {
        client.limitedUntil = performance.now() + waitMs;
        throw limited(client, schedule);
      }
      await sleep(waitMs);
      continue;
    } else if (answer.status < 500 && answer.status !== 408) {
      return answer;
    } else {
      await answer.body?.cancel();
      if (isLast)
        throw failed(schedule, `PagerDuty fails (HTTP ${answer.status}). ${RETRY}`, { status: answer.status });
    }
    await sleep(RETRY_MS);
  }
};

const REFUSALS: Record<number, string> = {
  400: 'PagerDuty refuses the question; ask an admin to check the schedule in the policy.',
  401: 'PagerDuty refuses the token; ask whoever runs Latchkey to check PAGERDUTY_TOKEN.',
  402: 'The PagerDuty account may not use schedules; ask an admin.',
  403: 'PagerDuty does not let this token see schedules; ask whoever runs Latchkey to check PAGERDUTY_TOKEN.',
  404: 'PagerDuty has no such schedule; ask an admin to mend the policy.',
};

const readJson = async (client: Client, schedule: string, path: string): Promise<unknown> => {
  const answer = await ask(client, schedule, path);
  if (!answer.ok) {
    await answer.body?.cancel();
    const why = REFUSALS[answer.status] ?? `PagerDuty answers HTTP ${answer.status}. ${RETRY}`;
    client.log.warn({ schedule, status: answer.status }, 'PagerDuty refuses a look-up');
    throw failed(schedule, why, { status: answer.status });
  }
  try {
    return await answer.json();
  } catch (cause) {
    throw failed(schedule, `PagerDuty answers something that cannot be read. ${RETRY}`, { cause });
  }
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

const readPage = async (client: Client, schedule: string, offset: number): Promise<z.infer<typeof page>> => {
  const parsed = page.safeParse(await readJson(client, schedule, pathOf(schedule, offset)));
  if (parsed.success) return parsed.data;
  throw failed(schedule, `PagerDuty answers something that cannot be read. ${RETRY}`, { cause: parsed.error });
};

const shiftsOf = async (client: Client, schedule: string): Promise<Shift[]> => {
  const shifts: Shift[] = [];
  for (let index = 0; index < PAGES_MAX; index += 1) {
    const { oncalls, more } = await readPage(client, schedule, index * PAGE);
    const ours = oncalls.filter((one) => one.schedule?.id === schedule);
    shifts.push(...ours.map(({ user, escalation_level: level }) => ({ email: user.email?.trim() || null, level })));
    if (more !== true) return shifts;
  }
  throw failed(schedule, 'PagerDuty lists more people than a schedule can have; ask an admin to check the policy.');
};

export const createPagerDuty = (settings: PagerDutySettings): OnCall => {
  const client: Client = { ...settings, limitedUntil: 0 };
  return {
    shifts: async (schedule) => {
      const shifts = await shiftsOf(client, schedule);
      // A schedule that does not exist is answered with nobody; that must not pass for an empty one.
      if (shifts.length === 0) await readJson(client, schedule, `/schedules/${encodeURIComponent(schedule)}`);
      return shifts;
    },
  };
};
