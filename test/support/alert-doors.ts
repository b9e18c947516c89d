/** The doors of alerts on a port of their own, over a real database, with a policy that a test may change. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import pg from 'pg';
import pino from 'pino';
import type { AlertSource } from '../../src/domain/alerts/types.ts';
import { createPool, createStore } from '../../src/store/client.ts';
import { newId } from '../../src/lib/ids.ts';
import { createWebhookHandler } from '../../src/http/hooks/webhook-handler.ts';
import type { AlertCount } from '../../src/http/hooks/webhook-handler.ts';
import { TRIGGERS } from '../../src/http/hooks/registry.ts';
import { receiveAlerts } from '../../src/application/alerts/receive-alerts.ts';
import { POLICY, policyOf } from '../slack/rig.ts';
import { send } from './alert-payloads.ts';
import { createTestDatabase } from './database.ts';
import { forgetfulReplays } from './replays.ts';

type Settings = { entries: string; secrets: Record<AlertSource, string> };
type Row = { mapping: string; state: string; title: string };

export type AlertDoors = Awaited<ReturnType<typeof startAlertDoors>>;

/** What was logged as a warning, parsed. */
const warningLog = () => {
  const lines: Record<string, unknown>[] = [];
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  return { log: pino({ level: 'warn' }, stream), lines };
};

export const startAlertDoors = async ({ entries, secrets }: Settings) => {
  const database = await createTestDatabase();
  const { log, lines } = warningLog();
  const store = createStore({ pool: createPool({ url: database.url, log }), log, onWork: () => undefined });
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  let policy = policyOf(`${POLICY}${entries}`);
  let counts: AlertCount[] = [];
  const deps = { store, policy: () => policy, ids: { next: newId } };
  const doors = new Map(
    TRIGGERS.map((trigger) => [
      `/hooks/${trigger.path}`,
      createWebhookHandler({
        trigger,
        secrets: [secrets[trigger.id]],
        receive: (input) => receiveAlerts(deps, input),
        replays: forgetfulReplays,
        onAlert: (count) => counts.push(count),
        log,
      }),
    ]),
  );
  const server = createServer((request, response) => {
    const answer = doors.get(request.url ?? '')?.(request);
    answer?.then(
      ({ status, body }) => response.writeHead(status).end(JSON.stringify(body)),
      (error: unknown) => response.writeHead(500).end(JSON.stringify({ error: String(error) })),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const sql = async <Found extends pg.QueryResultRow>(text: string): Promise<Found[]> =>
    (await client.query<Found>(text)).rows;
  const setEntries = (text: string): void => {
    policy = policyOf(`${POLICY}${text}`);
  };
  return {
    sql,
    setEntries,
    send: (path: string, request: Parameters<typeof send>[2]) => send(port, path, request),
    alerts: () => sql<Row>('select mapping, state, title from alerts order by id'),
    counts: () => counts,
    warnings: () => lines,
    reset: async (text: string): Promise<void> => {
      setEntries(text);
      counts = [];
      lines.length = 0;
      await sql('truncate alerts, alert_signals, messages, alert_requests, outbox');
    },
    stop: async (): Promise<void> => {
      server.close();
      server.closeAllConnections();
      await store.close();
      await client.end();
      await database.drop();
    },
  };
};
