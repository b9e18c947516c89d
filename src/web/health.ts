/** `/healthz` says that the process lives; `/readyz` says whether it can do its work, and what is wrong where it cannot. */
import { sendJson } from './server.ts';
import type { Handle } from './server.ts';

/** Each probe gives null when well, else a sentence. Targets are told but do not make the process unready. */
export type Probes = {
  postgres: () => Promise<string | null>;
  redis: () => Promise<string | null>;
  slack: () => Promise<string | null>;
  oldestOverdueMs: () => Promise<number>;
  targets: () => Record<string, string>;
};

const PROBE_TIMEOUT_MS = 3_000;
/** Promise 3: within 60 s of recovery nothing is overdue. Longer means that something is stuck. */
const OVERDUE_LIMIT_MS = 60_000;

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

export const healthz: Handle = (_request, response) => sendJson(response, 200, { status: 'ok' });

export const createReadyz =
  (probes: Probes): Handle =>
  async (_request, response) => {
    const [postgres, redis, slack, overdue] = await Promise.all([
      inTime(probes.postgres, 'Postgres'),
      inTime(probes.redis, 'Redis'),
      inTime(probes.slack, 'Slack'),
      inTime(overdueProbe(probes.oldestOverdueMs), 'The look for overdue grants'),
    ]);
    const checks = { postgres, redis, slack, overdue };
    const isReady = Object.values(checks).every((problem) => problem === null);
    const say = (problem: string | null): string => problem ?? 'ok';
    sendJson(response, isReady ? 200 : 503, {
      status: isReady ? 'ready' : 'not ready',
      checks: Object.fromEntries(Object.entries(checks).map(([name, problem]) => [name, say(problem)])),
      targets: probes.targets(),
    });
  };
