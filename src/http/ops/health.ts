/**
 * `/healthz` says that the process lives. `/readyz` is for load balancers: 503 only for what a restart or another process would fix. What else
 * is wrong is in its body, in the metrics and in the messages to admins, and takes no process out of service.
 */
import type { Log } from '../../lib/log.ts';
import { oneAtATime } from '../../lib/serializer.ts';
import { withinMs } from '../../lib/timeout.ts';
import { sendJson } from '../routes.ts';
import type { Handle } from '../routes.ts';

/** Each probe gives null when well, else a sentence. */
export type Probes = {
  postgres: () => Promise<string | null>;
  redis: () => Promise<string | null>;
  slack: () => Promise<string | null>;
  oldestOverdueMs: () => Promise<number>;
  oldestClosedMs: () => Promise<number>;
  targets: () => Record<string, string>;
  /** Messages that wait for a rate limit of Slack. */
  messages: () => Promise<Waiting>;
};

export type Waiting = { slackWaiting: number; slackLagMs: number };

export const CHECKS = ['postgres', 'redis', 'slack', 'overdue', 'removal'] as const;
export type Check = (typeof CHECKS)[number];
export type Checked = Record<Check, string | null>;

export const NOTHING_CHECKED: Checked = { postgres: null, redis: null, slack: null, overdue: null, removal: null };

/**
 * Without Postgres a process can do nothing, and a process that lost its way to Slack hears no click. Redis is not among them: without it the
 * process that writes work does it, and taking every process out of service would lose the clicks as well.
 */
const NEEDED: readonly Check[] = ['postgres', 'slack'];

const PROBE_TIMEOUT_MS = 3_000;
/** Promise 3: within 60 s of recovery nothing is overdue. Longer means that something is stuck. */
const OVERDUE_LIMIT_MS = 60_000;
/** Ten thousand that are closed together are removed within a minute. */
const REMOVAL_LIMIT_MS = 5 * 60_000;

/** On the port that is open to all: no address, no name, nothing that a server said. */
const PUBLIC_SENTENCES: Record<Check, string> = {
  postgres: 'Postgres cannot be used.',
  redis: 'Redis cannot be used. Access works without it.',
  slack: 'Slack cannot be reached.',
  overdue: 'A grant has not ended on time.',
  removal: 'A grant is closed, and its login is not removed yet.',
};

const inTime = async (probe: () => Promise<string | null>, name: string): Promise<string | null> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(`${name} did not answer within ${PROBE_TIMEOUT_MS / 1000} s.`), PROBE_TIMEOUT_MS);
  });
  try {
    return await Promise.race([probe(), late]);
  } catch (error) {
    return `${name} failed (${error instanceof Error ? error.message : String(error)}).`;
  } finally {
    clearTimeout(timer);
  }
};

const overdueProbe = (oldestOverdueMs: () => Promise<number>) => async (): Promise<string | null> => {
  const ms = await oldestOverdueMs();
  return ms > OVERDUE_LIMIT_MS ? `A grant is overdue by ${Math.round(ms / 1000)} s and has not ended.` : null;
};

const removalProbe = (oldestClosedMs: () => Promise<number>) => async (): Promise<string | null> => {
  const ms = await oldestClosedMs();
  return ms > REMOVAL_LIMIT_MS
    ? `A grant has been closed for ${Math.round(ms / 1000)} s and its login is not removed; nobody has access by it.`
    : null;
};

const look = async (probes: Probes): Promise<Checked> => {
  const [postgres, redis, slack, overdue, removal] = await Promise.all([
    inTime(probes.postgres, 'Postgres'),
    inTime(probes.redis, 'Redis'),
    inTime(probes.slack, 'Slack'),
    inTime(overdueProbe(probes.oldestOverdueMs), 'The look for overdue grants'),
    inTime(removalProbe(probes.oldestClosedMs), 'The look for grants that are not removed'),
  ]);
  return { postgres, redis, slack, overdue, removal };
};

/** Writes a line when a check begins to fail and when it passes again. */
const createChangeLog = (log: Log): ((checked: Checked) => void) => {
  const failing = new Set<Check>();
  return (checked) => {
    for (const check of CHECKS) {
      const problem = checked[check];
      if (problem !== null && !failing.has(check)) log.warn({ check, problem }, 'a check of /readyz fails');
      if (problem === null && failing.has(check)) log.info({ check }, 'a check of /readyz passes again');
      if (problem === null) failing.delete(check);
      else failing.add(check);
    }
  };
};

const answerWith =
  (check: () => Promise<Checked>, bodyOf: (checked: Checked) => object | Promise<object>): Handle =>
  async (_request, response) => {
    const checked = await check();
    const body = await bodyOf(checked);
    const isReady = NEEDED.every((needed) => checked[needed] === null);
    sendJson(response, isReady ? 200 : 503, { status: isReady ? 'ready' : 'not ready', ...body });
  };

/** Null while Postgres does not say. */
const shownWaiting = async ({ messages }: Probes): Promise<{ waiting: number; lagSeconds: number } | null> => {
  try {
    const found = await withinMs(messages(), PROBE_TIMEOUT_MS);
    if (!found.isThere) return null;
    const { slackWaiting: waiting, slackLagMs: lagMs } = found.value;
    return { waiting, lagSeconds: Math.round(lagMs / 1000) };
  } catch {
    // The check of Postgres says what is wrong.
    return null;
  }
};

const checksAs = (checked: Checked, sentenceOf: (check: Check, problem: string) => string): Record<string, string> =>
  Object.fromEntries(
    CHECKS.map((check) => {
      const problem = checked[check];
      return [check, problem === null ? 'ok' : sentenceOf(check, problem)];
    }),
  );

export type Health = {
  /** Names no target and no address. */
  public: Handle;
  full: Handle;
  check(): Promise<Checked>;
};

/** However many ask at once, each thing is looked at once. */
export const createHealth = (probes: Probes, log: Log): Health => {
  const note = createChangeLog(log);
  const shared = oneAtATime(async () => {
    const checked = await look(probes);
    note(checked);
    return checked;
  });
  const check = (): Promise<Checked> => shared('checks');
  return {
    check,
    public: answerWith(check, async (checked) => ({
      checks: checksAs(checked, (name) => PUBLIC_SENTENCES[name]),
      slackMessages: await shownWaiting(probes),
    })),
    full: answerWith(check, async (checked) => ({
      checks: checksAs(checked, (_name, problem) => problem),
      slackMessages: await shownWaiting(probes),
      targets: probes.targets(),
    })),
  };
};

export const healthz: Handle = (_request, response) => sendJson(response, 200, { status: 'ok' });
