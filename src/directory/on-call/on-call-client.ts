/** Asks the service that keeps a schedule: soon or not at all, one second try, limits obeyed, and every failure a sentence for the one who clicked. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { DomainError } from '../../domain/errors.ts';
import { boundedText } from '../../lib/bounded-text.ts';
import type { Log } from '../../lib/log.ts';
import { createWaits } from '../../lib/waits.ts';
import type { Waits } from '../../lib/waits.ts';

/** Somebody waits in front of the screen: fail soon, and say so. */
const TIMEOUT_MS = 5_000;
/** All waits of one look-up together; a longer one is reported, not waited for. Who clicked is notified that it waits. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 250;
/** A page of a hundred people is some hundred kB. */
const ANSWER_MAX_BYTES = 4 * 1024 * 1024;
const TOO_MANY_REQUESTS = 429;
/** Their limits are of a minute. What names a longer time is a mistake, or means harm: nobody on call could approve meanwhile. */
const BELIEVED_MS = 60_000;

const RETRY = 'Nothing was changed; try again in a moment.';

export type OnCallService = {
  /** As people know it. */
  name: string;
  /** Without a trailing slash. */
  apiUrl: string;
  headers: Record<string, string>;
  /** How long a 429 asks to be left alone, in milliseconds. */
  limitedMs(headers: Headers): number;
  /** Answers that another try does not change, by HTTP status: what is wrong and what to do. */
  refusals: Record<number, (schedule: string) => string>;
  /** How long one answer is waited for; five seconds where it is not said. */
  timeoutMs: number | undefined;
  /** Called for what waits for a limit. */
  waits: Waits | undefined;
  log: Log;
};

/** Rejects with `lookup_failed`, whose facts name the schedule and say why. */
export type OnCallClient = {
  read<T>(schedule: string, path: string, schema: z.ZodType<T>): Promise<T>;
  failed(schedule: string, why: string): DomainError;
};

type Client = Omit<OnCallService, 'waits'> & {
  waits: Waits;
  /** `performance.now()` before which the service asked not to be asked again. */
  limitedUntil: number;
};

/** `why` is for the person who clicked; `status` for the log. `isLasting`: it stays so until somebody fixes it, and admins are notified. */
const failed = (
  { name }: Pick<OnCallService, 'name'>,
  schedule: string,
  { why, status, cause, isLasting = false }: { why: string; status?: number; cause?: unknown; isLasting?: boolean },
): DomainError =>
  new DomainError(
    'lookup_failed',
    {
      what: `${name} schedule ${schedule}`,
      why,
      ...(status === undefined ? {} : { status }),
      ...(isLasting && { lasting: [why], isNotified: true }),
    },
    { cause },
  );

/** A header that holds whole seconds, in milliseconds; null when it is missing or no number. */
export const secondsIn = (headers: Headers, name: string): number | null => {
  const text = headers.get(name);
  return text !== null && /^\d{1,5}$/.test(text.trim()) ? Number(text) * 1000 : null;
};

const send = async ({ apiUrl, headers, timeoutMs = TIMEOUT_MS }: Client, path: string): Promise<Response | Error> => {
  try {
    return await fetch(`${apiUrl}${path}`, { headers, redirect: 'error', signal: AbortSignal.timeout(timeoutMs) });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
};

const limited = (client: Client, schedule: string): DomainError => {
  const inS = Math.max(1, Math.ceil((client.limitedUntil - performance.now()) / 1000));
  const why = `${client.name} is called too often. Nothing was changed; try again in ${inS} s.`;
  return failed(client, schedule, { why, status: 429 });
};

/** Waits until the service may be asked again, as long as there is patience; what asks meanwhile waits too. */
const untilAllowed = async (client: Client, schedule: string, untilMs: number): Promise<void> => {
  const leftMs = client.limitedUntil - performance.now();
  if (leftMs <= 0) return;
  if (performance.now() + leftMs > untilMs) throw limited(client, schedule);
  await client.waits.wait(leftMs);
};

const hiccup = (client: Client, schedule: string, answer: Response | Error): DomainError =>
  answer instanceof Error
    ? failed(client, schedule, { why: `${client.name} does not answer. ${RETRY}`, cause: answer })
    : failed(client, schedule, {
        why: `${client.name} fails (HTTP ${answer.status}). ${RETRY}`,
        status: answer.status,
      });

const isFinal = (answer: Response | Error): boolean =>
  // A time-out has cost the person enough already.
  answer instanceof Error ? answer.name === 'TimeoutError' : false;

/** A second try after a hiccup, as many as there is patience for after a limit; a wrong token or schedule is reported at once. */
const ask = async (client: Client, schedule: string, path: string): Promise<Response> => {
  const untilMs = performance.now() + PATIENCE_MS;
  for (let hiccups = 0; ;) {
    await untilAllowed(client, schedule, untilMs);
    const answer = await send(client, path);
    if (!(answer instanceof Error) && answer.status === TOO_MANY_REQUESTS) {
      client.limitedUntil = performance.now() + Math.min(client.limitedMs(answer.headers), BELIEVED_MS);
      await answer.body?.cancel();
      continue;
    }
    if (!(answer instanceof Error) && answer.status < 500 && answer.status !== 408) return answer;
    if (!(answer instanceof Error)) await answer.body?.cancel();
    hiccups += 1;
    if (hiccups === 2 || isFinal(answer)) throw hiccup(client, schedule, answer);
    await sleep(RETRY_MS);
  }
};

const readJson = async (client: Client, schedule: string, path: string): Promise<unknown> => {
  const answer = await ask(client, schedule, path);
  const { status } = answer;
  if (!answer.ok) {
    await answer.body?.cancel();
    const refusal = client.refusals[status]?.(schedule);
    const why = refusal ?? `${client.name} answers HTTP ${status}. ${RETRY}`;
    client.log.warn({ schedule, status }, `${client.name} refuses a look-up`);
    throw failed(client, schedule, { why, status, isLasting: refusal !== undefined });
  }
  try {
    return JSON.parse(await boundedText(answer.body, ANSWER_MAX_BYTES)) as unknown;
  } catch (cause) {
    throw unreadable(client, schedule, cause);
  }
};

const unreadable = (client: Client, schedule: string, cause: unknown): DomainError =>
  failed(client, schedule, { why: `${client.name} answers something that cannot be read. ${RETRY}`, cause });

export const createOnCallClient = (service: OnCallService): OnCallClient => {
  const client: Client = { ...service, waits: service.waits ?? createWaits(), limitedUntil: 0 };
  return {
    read: async (schedule, path, schema) => {
      const parsed = schema.safeParse(await readJson(client, schedule, path));
      if (parsed.success) return parsed.data;
      throw unreadable(client, schedule, parsed.error);
    },
    failed: (schedule, why) => failed(client, schedule, { why, isLasting: true }),
  };
};
