/** A whole world for journeys: Slack, Latchkey's database, Redis, and a production database that people log into. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { createApp } from '../../src/compose/app.ts';
import { readFirstPolicy } from '../../src/compose/policy-holder.ts';
import { storedRowsIn } from '../../src/compose/lists/stored-rows.ts';
import type { App } from '../../src/compose/app.ts';
import type { Part } from '../../src/compose/options.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { createLog } from '../../src/lib/log.ts';
import { createTargetDatabase, createTestDatabase } from './database.ts';
import type { TargetDatabase, TestDatabase } from './database.ts';
import type { WorkspaceConfig } from '../../sandbox/src/slack/config.ts';
import { startSlack } from './slack.ts';
import type { Slack } from './slack.ts';
import { LATCHKEY_URL, ORGANISATION } from './organisation.ts';
import { openPool } from './pool.ts';
import { testRedis, testServices } from './services.ts';
import type { TestServices } from './services.ts';

const REMOVAL_MS = 10_000;

export type WorldOptions = {
  /** Slack Enterprise with two workspaces, in which the app is installed by OAuth. */
  isOrganisation?: boolean;
  /** Changes the Slack of this world. */
  slackConfig?: WorkspaceConfig;
  mode?: 'socket' | 'http';
  /** Replaces the rules and what follows them. */
  rules?: string;
  /** Replaces the roles of orders-db; `GROUP_READ` and `GROUP_WRITE` become the real groups. */
  roles?: string;
  /** More groups of the policy, as lines. */
  groups?: string;
  channel?: string | null;
  redisUrl?: string;
  /** The cluster and the Redis of Latchkey, and of the target unless that is named; the run's own when left out. */
  services?: TestServices;
  /** Superuser of the target's cluster. */
  targetAdminUrl?: string;
};

export type World = {
  slack: Slack;
  database: TestDatabase;
  target: TargetDatabase<'app_read' | 'app_write'>;
  policyPath: string;
  /** As a child process would be given it. */
  env: Record<string, string>;
  start(only?: Part): Promise<App>;
  /** Rows of Latchkey's own database. */
  sql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  targetSql<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Logins that Latchkey made and that still exist in the target, once what is closed is removed. */
  logins(): Promise<string[]>;
  stop(): Promise<void>;
};

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      write: { title: Read-write, scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m, sensitive: true }`;

const RULES = `
rules:
  - name: Writes need an owner and an SRE
    match: { roles: ["*/write"] }
    require: { ticket: "^[A-Z]+-\\\\d+$", reason: 10 }
    approvals: [{ from: owners }, { from: sre, count: 1 }]
  - name: Everything else needs one owner
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
limits: { open_requests: 100, live_grants: 100 }
admins: [security]
`;

const policyText = (options: WorldOptions, groups: Record<'app_read' | 'app_write', string>): string => {
  const channel = options.channel === undefined ? '"#prod-access"' : options.channel;
  const roles = (options.roles ?? ROLES)
    .replaceAll('GROUP_READ', groups.app_read)
    .replaceAll('GROUP_WRITE', groups.app_write);
  return `version: 1
timezone: Europe/Berlin
groups:
  sre: { slack_usergroup: sre }
  dba: { people: [olga@acme.test, sam@acme.test] }
  security: { people: [sam@acme.test] }
${options.groups ?? ''}targets:
  orders-db:
    title: Orders database
    provider: postgres
    config: { url: "\${ORDERS_DB_ADMIN_URL}" }
    owners: [dba]
    ${channel === null ? '' : `channel: ${channel}`}
    warning: Holds customer addresses.
    roles:${roles}
${options.rules ?? RULES}`;
};

const prepareTarget = async (target: TargetDatabase<'app_read' | 'app_write'>): Promise<void> => {
  const { app_read: read, app_write: write } = target.groups;
  await withClient(target.url, (client) =>
    client.query(`create table orders (id int primary key, item text not null);
      insert into orders values (1, 'lamp'), (2, 'chair');
      grant select on orders to ${read}; grant select, insert, update, delete on orders to ${write};`),
  );
};

export const withClient = async <T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> => {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

/** Rows of one database, over few connections that stay: a connection costs as much as some hundred statements. */
const rowsOf = (url: string): { rows: World['sql']; end: () => Promise<void> } => {
  const pool = openPool(url, { max: 2 });
  return {
    rows: async <Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> =>
      (await pool.query<Row>(text, values)).rows,
    end: () => pool.end(),
  };
};

/** What is closed is removed a moment later. One whose removal failed is tried again much later, and is not waited for. */
const removals = async (sql: World['sql']): Promise<void> => {
  const endsAt = Date.now() + REMOVAL_MS;
  while (Date.now() < endsAt) {
    const waiting = await sql(`select 1 from grants where state = 'closed' and attempts = 0`);
    if (waiting.length === 0) return;
    await delay(50);
  }
};

const organisationEnv = ({ state: { oauth, organisation } }: Slack): Record<string, string> => ({
  SLACK_CLIENT_ID: oauth.clientId,
  SLACK_CLIENT_SECRET: oauth.clientSecret,
  SLACK_ENTERPRISE_ID: organisation?.id ?? '',
  LATCHKEY_PUBLIC_URL: LATCHKEY_URL,
});

export const startWorld = async (options: WorldOptions = {}): Promise<World> => {
  const { services = testServices() } = options;
  const [slack, database, target] = await Promise.all([
    startSlack({ ...(options.isOrganisation ? ORGANISATION : {}), ...options.slackConfig }),
    createTestDatabase(services),
    createTargetDatabase({
      groups: ['app_read', 'app_write'],
      adminUrl: options.targetAdminUrl ?? services.adminUrl,
    }),
  ]);
  await prepareTarget(target);
  const folder = mkdtempSync(path.join(services.runDir, 'world-'));
  const policyPath = path.join(folder, 'latchkey.yml');
  writeFileSync(policyPath, policyText(options, target.groups));
  const redis = testRedis(services);
  const env: Record<string, string> = {
    ...(options.isOrganisation ? organisationEnv(slack) : { SLACK_BOT_TOKEN: slack.botToken }),
    SLACK_API_URL: slack.apiUrl,
    ...(options.mode === 'http' ? { SLACK_SIGNING_SECRET: slack.signingSecret } : { SLACK_APP_TOKEN: slack.appToken }),
    DATABASE_URL: database.url,
    REDIS_URL: options.redisUrl ?? redis.url,
    LATCHKEY_REDIS_PREFIX: redis.prefix,
    LATCHKEY_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
    LATCHKEY_POLICY: policyPath,
    LATCHKEY_SLACK_LIMITS: 'ignore',
    LATCHKEY_LOG_LEVEL: process.env['LATCHKEY_LOG_LEVEL'] ?? 'silent',
    ORDERS_DB_ADMIN_URL: target.managerUrl,
    PORT: '0',
    LATCHKEY_HOST: '127.0.0.1',
    LATCHKEY_METRICS_PORT: '0',
  };
  const apps: App[] = [];
  const [own, production] = [rowsOf(database.url), rowsOf(target.url)];
  const [sql, targetSql] = [own.rows, production.rows];
  return {
    slack,
    database,
    target,
    policyPath,
    env,
    sql,
    targetSql,
    logins: async () => {
      await removals(sql);
      const rows = await targetSql<{ rolname: string }>(
        `select r.rolname from pg_roles r join pg_auth_members m on m.member = r.oid join pg_roles g on g.oid = m.roleid
         where g.rolname = any($1) and r.rolname like 'lk\\_%' group by 1 order by 1`,
        [Object.values(target.groups)],
      );
      return rows.map(({ rolname }) => rolname);
    },
    start: async (only) => {
      const app = await startApp(env, only ?? null);
      if (options.mode === 'http') slack.setRequestUrl(`http://127.0.0.1:${app.port}/slack/events`);
      else await slack.waitFor(() => only === 'worker' || slack.connectionCount() > 0);
      apps.push(app);
      // Stopping it twice would close its pool twice.
      const stop = async (): Promise<void> => {
        apps.splice(apps.indexOf(app), 1);
        await app.stop();
      };
      return { ...app, stop };
    },
    stop: async () => {
      await Promise.all(apps.map((app) => app.stop()));
      await slack.close();
      await Promise.all([own.end(), production.end()]);
      await database.drop();
      await target.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

const startApp = async (env: Record<string, string>, only: Part | null): Promise<App> => {
  const read = readEnvironment(env);
  if ('problems' in read) throw new Error(read.problems.map(formatProblem).join('\n'));
  const policy = await readFirstPolicy(
    read.environment.policyPath,
    env,
    storedRowsIn({ url: read.environment.databaseUrl }),
  );
  if ('problems' in policy) throw new Error(policy.problems.map(formatProblem).join('\n'));
  const { environment } = read;
  return createApp({ environment, env, first: policy.first, only, log: createLog(environment.logLevel) });
};

export { seen } from './card.ts';
