/** The HTTP servers of a process: one for Slack, webhooks and load balancers, and where it is set one for metrics and readiness in full. */
import type { ApiDoor } from './api.ts';
import type { Environment } from '../config/environment.ts';
import type { Log } from '../lib/log.ts';
import { createWebhookHandler } from '../http/hooks/webhook-handler.ts';
import type { AlertTrigger } from '../http/hooks/source.ts';
import type { Replays } from '../application/record/replay-ports.ts';
import type { UseCases } from '../application/verbs.ts';
import { healthz } from '../http/ops/health.ts';
import type { Health } from '../http/ops/health.ts';
import type { Metrics } from '../http/ops/metrics.ts';
import { sendJson } from '../http/routes.ts';
import type { Handle, Routes } from '../http/routes.ts';
import { startWebServer } from '../http/server.ts';

export type WebParts = {
  environment: Pick<Environment, 'port' | 'host' | 'metricsPort'>;
  health: Health;
  metrics: Metrics;
  /** Null in Socket Mode. */
  slack: Handle | null;
  hooks: Routes;
  /** Null in a worker. */
  api: Pick<ApiDoor, 'handle' | 'release'> | null;
  log: Log;
};

type HookParts = {
  environment: Pick<Environment, 'alertSecrets'>;
  only: 'web' | 'worker' | null;
  useCases: Pick<UseCases, 'receiveAlerts'>;
  replays: Replays;
  metrics: Metrics;
  log: Log;
};

/** All of them, so that what is not known is answered as the API answers. */
const API_METHODS = ['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS'];

export type Web = { port: number; metricsPort: number | null; stop(): Promise<void> };

const apiRoutes = (api: WebParts['api']): Routes =>
  api === null ? {} : Object.fromEntries(API_METHODS.map((method) => [`${method} /api/v1/*`, api.handle]));

const mainRoutes = ({ environment, health, metrics, slack, hooks, api }: WebParts): Routes => ({
  'GET /healthz': healthz,
  'GET /readyz': health.public,
  ...(environment.metricsPort === null && { 'GET /metrics': metrics.handle }),
  ...(slack && { 'POST /slack/events': slack }),
  ...hooks,
  ...apiRoutes(api),
});

const metricsRoutes = ({ health, metrics }: WebParts): Routes => ({
  'GET /healthz': healthz,
  'GET /readyz': health.full,
  'GET /metrics': metrics.handle,
});

export const startWeb = async (parts: WebParts): Promise<Web> => {
  const { environment, metrics, log } = parts;
  const { port, host, metricsPort } = environment;
  const common = { host, log, onAnswered: metrics.onAnswered };
  const main = await startWebServer({ ...common, port, variable: 'PORT', routes: mainRoutes(parts) });
  const stopMain = async (): Promise<void> => {
    parts.api?.release();
    await main.stop();
  };
  if (metricsPort === null) return { port: main.port, metricsPort: null, stop: stopMain };
  const variable = 'LATCHKEY_METRICS_PORT';
  const side = await startWebServer({ ...common, port: metricsPort, variable, routes: metricsRoutes(parts) }).catch(
    async (error: unknown) => {
      await main.stop();
      throw error;
    },
  );
  return {
    port: main.port,
    metricsPort: side.port,
    stop: async () => void (await Promise.all([stopMain(), side.stop()])),
  };
};

/** A source without a secret has no door: nothing could be believed that comes through it. */
export const hooksOf = (triggers: readonly AlertTrigger[], parts: HookParts): Routes => {
  const { environment, only, log, useCases, replays, metrics } = parts;
  const routes: Routes = {};
  const closed: string[] = [];
  for (const trigger of only === 'worker' ? [] : triggers) {
    const { path, title, variable } = trigger;
    const secrets = environment.alertSecrets[trigger.id];
    if (secrets.length === 0) {
      closed.push(`/hooks/${path} (${title}, set ${variable})`);
      continue;
    }
    const door = createWebhookHandler({
      trigger,
      secrets,
      receive: useCases.receiveAlerts,
      replays,
      onAlert: metrics.onAlert,
      log: log.child({ part: 'hooks' }),
    });
    routes[`POST /hooks/${path}`] = async (request, response) => {
      const { status, body } = await door(request);
      sendJson(response, status, body);
    };
  }
  if (closed.length > 0) log.info({}, `Webhooks that are not configured answer 404: ${closed.join('; ')}`);
  return routes;
};
