/** Asks the service that keeps a schedule: soon or not at all, one second try, limits obeyed, and every failure a sentence for whoever clicked. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from 'zod';
import { DomainError } from '../../domain/errors.ts';
import type { Log } from '../../lib/log.ts';

/** Somebody waits in front of the screen: fail soon, and say so. */
const TIMEOUT_MS = 5_000;
/** A longer wait than this is told, not waited for. */
const PATIENCE_MS = 1_500;
const RETRY_MS = 250;

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
  log: Log;
};

/** Rejects with `lookup_failed`, whose facts name the schedule and say why. */
export type Asking = {
  read<T>(schedule: string, path: string, schema: z.ZodType<T>): Promise<T>;
  failed(schedule: string, why: string): DomainError;
};

type Client = OnCallService & {
  /** `performance.now()` before which the service asked not to be asked again. */
  limitedUntil: number;
};

/** `why` is for the person who clicked; `status` for the log. `isLasting`: it stays so until somebody fixes it, and admins are notified. */
const failed = (
  { name }: OnCallService,
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
  const why = `${client.name} is asked too often. Nothing was changed; try again in ${inS} s.`;
  return failed(client, schedule, { why, status: 429 });
};

/** A second try after a hiccup or a short limit; a wrong token or schedule is told at once. */
const ask = async (client: Client, schedule: string, path: string): Promise<Response> => {
  for (let attempt = 1; ; attempt += 1) {
    if (performance.now() < client.limitedUntil) throw limited(client, schedule);
    const answer = await send(client, path);
    const isLast = attempt === 2;
    if (answer instanceof Error) {
      // A time-out has cost the person enough already.
      if (isLast || answer.name === 'TimeoutError')
        throw failed(client, schedule, { why: `${client.name} does not answer. ${RETRY}`, cause: answer });
    } else if (answer.status === 429) {
      const waitMs = client.limitedMs(answer.headers);
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
      const { status } = answer;
      await answer.body?.cancel();
      if (isLast) throw failed(client, schedule, { why: `${client.name} fails (HTTP ${status}). ${RETRY}`, status });
    }
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
    return await answer.json();
  } catch (cause) {
    throw unreadable(client, schedule, cause);
  }
};

const unreadable = (client: Client, schedule: string, cause: unknown): DomainError =>
  failed(client, schedule, { why: `${client.name} answers something that cannot be read. ${RETRY}`, cause });

export const createAsking = (service: OnCallService): Asking => {
  const client: Client = { ...service, limitedUntil: 0 };
  return {
    read: async (schedule, path, schema) => {
      const parsed = schema.safeParse(await readJson(client, schedule, path));
      if (parsed.success) return parsed.data;
      throw unreadable(client, schedule, parsed.error);
    },
    failed: (schedule, why) => failed(client, schedule, { why, isLasting: true }),
  };
};
