import { Writable } from 'node:stream';
import { afterEach, expect, test } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { createReadyz, healthz } from '../../src/web/health.ts';
import type { Probes } from '../../src/web/health.ts';
import { createMetrics } from '../../src/web/metrics.ts';
import { startWebServer } from '../../src/web/server.ts';
import type { Routes, WebServer } from '../../src/web/server.ts';

const log = createLog('info', new Writable({ write: (_chunk, _encoding, done) => done() }));
let server: WebServer | null = null;
afterEach(async () => server?.stop());

const serve = async (routes: Routes): Promise<string> => {
  server = await startWebServer({ port: 0, routes, log });
  return `http://127.0.0.1:${server.port}`;
};

const well: Probes = {
  postgres: async () => null,
  redis: async () => null,
  slack: async () => null,
  oldestOverdueMs: async () => 0,
  targets: () => ({}),
};

test('ready means that everything answered; a target with a problem is told and changes nothing', async () => {
  const url = await serve({
    'GET /readyz': createReadyz({ ...well, targets: () => ({ 'orders-db': 'It is down.' }) }),
  });
  const answer = await fetch(`${url}/readyz`);
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ status: 'ready', targets: { 'orders-db': 'It is down.' } });
});

test.each([
  ['postgres', { postgres: () => Promise.reject(new Error('connection refused')) }, 'connection refused'],
  ['redis', { redis: async () => 'Redis cannot be reached.' }, 'Redis cannot be reached.'],
  ['slack', { slack: async () => 'The connection to Slack is down.' }, 'The connection to Slack is down.'],
  ['overdue', { oldestOverdueMs: async () => 61_000 }, 'overdue by 61 s'],
] as [string, Partial<Probes>, string][])(
  'not ready because of %s is said in a sentence',
  async (name, broken, sentence) => {
    const url = await serve({ 'GET /readyz': createReadyz({ ...well, ...broken }) });
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    const body = (await answer.json()) as { status: string; checks: Record<string, string> };
    expect(body.status).toBe('not ready');
    expect(body.checks[name]).toContain(sentence);
  },
);

test('a probe that hangs is not waited for', async () => {
  const url = await serve({ 'GET /readyz': createReadyz({ ...well, redis: () => new Promise(() => undefined) }) });
  const body = (await (await fetch(`${url}/readyz`)).json()) as { checks: Record<string, string> };
  expect(body.checks['redis']).toContain('did not answer');
});

test('what is not there, and what is asked for wrongly, is answered so', async () => {
  const url = await serve({ 'GET /healthz': healthz, 'POST /slack/events': () => Promise.reject(new Error('inside')) });
  expect((await fetch(`${url}/nothing`)).status).toBe(404);
  const wrong = await fetch(`${url}/slack/events`);
  expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST']);
  const failed = await fetch(`${url}/slack/events`, { method: 'POST' });
  expect([failed.status, (await failed.text()).includes('inside')]).toEqual([500, false]);
  expect((await fetch(`${url}/healthz`, { method: 'HEAD' })).status).toBe(200);
});

test('a port that is taken is a sentence', async () => {
  const url = await serve({});
  const port = Number(new URL(url).port);
  await expect(startWebServer({ port, routes: {}, log })).rejects.toThrow(`Port ${port} is taken`);
});

test('metrics tell what the store counts and what targets answered', async () => {
  const metrics = createMetrics({
    counts: async () => ({ pending: 1, active: 2, ending: 3, unsentWork: 4, unsealed: 5 }),
    oldestOverdueMs: async () => 1_500,
    targetProblems: () => ({ 'orders-db': 'It is down.' }),
  });
  metrics.onTargetCall({ provider: 'postgres', target: 'orders-db', verb: 'grant', outcome: 'ok', durationMs: 12 });
  const url = await serve({ 'GET /metrics': metrics.handle });
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const line of [
    'latchkey_requests_pending 1',
    'latchkey_grants_active 2',
    'latchkey_grants_ending 3',
    'latchkey_outbox_open 4',
    'latchkey_audit_unsealed 5',
    'latchkey_oldest_overdue_seconds 1.5',
    'latchkey_targets_with_problems 1',
    'latchkey_target_calls_total{provider="postgres",target="orders-db",verb="grant",outcome="ok"} 1',
  ]) {
    expect(text).toContain(line);
  }
});
