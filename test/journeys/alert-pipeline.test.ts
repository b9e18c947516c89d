/** An alert starts a request for a remediation job: a person clicks, another approves, and the job finds what was decided, once. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { App } from '../../src/compose/app.ts';
import { alertmanagerMessage, bearer, send } from '../support/alert-payloads.ts';
import { githubJob, startFront, startJob } from '../support/job.ts';
import type { Front, Job } from '../support/job.ts';
import { runCli } from '../support/process.ts';
import { storyOf, untilRemoved } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const TOKEN = 'alertmanager-token-of-this-test';
const LONG = 300_000;
const SOON = { timeout: 60_000 };

const rulesOf = (issuer: string, audience: string): string => `
rules:
  - name: The replica lag lets the repair in by itself
    match: { clients: [remediate], roles: ["*/read"], alerts: [replica-lag] }
    approve: true
  - name: Everything else needs one owner
    approvals: [{ from: owners }]
alerts:
  - name: orders-db-down
    source: alertmanager
    match: { labels: { alertname: OrdersDbDown } }
    role: orders-db/write
    for: 10m
    client: remediate
    to: security
  - name: replica-lag
    source: alertmanager
    match: { labels: { alertname: ReplicaLag } }
    role: orders-db/read
    for: 10m
    client: remediate
    to: security
limits: { open_requests: 100, live_grants: 100 }
issuers: { ci: { kind: github, url: "${issuer}" } }
clients:
  remediate:
    issuer: ci
    audience: "${audience}"
    repository: { id: "456789", name: acme/api }
    environment: production
    refs: [refs/heads/main]
accounts: { ci: { "7": ada@acme.test } }
admins: [security]
`;

let issuer: StandInIssuer;
let front: Front;
let world: World;
let app: App;

beforeAll(async () => {
  // Builds the bundle where a source is newer.
  await runCli(['exec', '--help'], {});
  issuer = await startIssuer();
  front = await startFront();
  world = await startWorld({ rules: rulesOf(issuer.url, front.url) });
  world.env['ALERTMANAGER_TOKEN'] = TOKEN;
  app = await world.start();
  front.leadTo(app.port);
}, LONG);
afterAll(async () => {
  await world.stop();
  await front.close();
  await issuer.stop();
});

const fire = (alertname: string) => {
  const body = alertmanagerMessage({ name: alertname });
  return send(app.port, 'alertmanager', { body, headers: bearer(TOKEN) });
};

const exec = (role: string, wait: string): Job =>
  startJob(
    [
      'exec',
      '--role',
      role,
      '--reason',
      'repair of the orders',
      '--wait',
      wait,
      '--',
      process.execPath,
      '-e',
      `console.log('ran')`,
    ],
    { LATCHKEY_URL: front.url, ...githubJob(issuer) },
  );

const newest = async () => {
  const [row] = await world.sql<{ id: string; state: string; grant: string | null; votes: number; rule: string }>(
    `select r.id, r.state, r.rule, g.state as grant, (select count(*)::int from votes v where v.request_id = r.id) as votes
     from requests r left join grants g on g.request_id = r.id order by r.created_at desc limit 1`,
  );
  return row;
};

const cardWith = (id: string, text: string) =>
  world.slack.waitFor(
    () =>
      world.slack
        .as('olga')
        .messages('prod-access')
        .findLast((message) => JSON.stringify(message).includes(id) && seen(message).includes(text)),
    { what: `the card with "${text}"`, timeoutMs: 60_000 },
  );

test(
  'the person who clicks starts it and never approves it, and the job gets it without a second click',
  { timeout: LONG },
  async () => {
    await fire('OrdersDbDown');
    const alert = await storyOf(world).dm('sam', 'should run');
    expect(await newest()).toBeUndefined();
    await world.slack.as('sam').click(alert, 'ask_for_alert');
    await expect.poll(async () => (await newest())?.state, SOON).toBe('pending');
    const id = (await newest())?.id ?? '';
    const card = await cardWith(id, 'remediate');
    expect(seen(card)).toMatch(/Alert \*orders-db-down\*.*Started by \*sam/i);
    await storyOf(world).dm('sam', 'requested access for the next job of');

    await world.slack.as('sam').click(card, 'approve');
    await expect
      .poll(() => world.sql(`select 1 from audit_events where type = 'vote.refused' and request_id = '${id}'`), SOON)
      .toHaveLength(1);
    expect(await newest()).toMatchObject({ state: 'pending', votes: 0 });

    await world.slack.as('olga').click(card, 'approve');
    await expect.poll(async () => (await newest())?.grant, SOON).toBe('activating');
    await cardWith(id, 'The first job of');
    expect(await world.logins()).toEqual([]);

    const job = exec('orders-db/write', '30m');
    expect(await job.ended).toBe(0);
    expect(job.out()).toContain('ran');
    await untilRemoved(world);
    expect(await newest()).toMatchObject({ id });
    expect(await world.logins()).toEqual([]);

    const second = exec('orders-db/write', '3s');
    expect(await second.ended).toBe(75);
    expect((await newest())?.id).not.toBe(id);
  },
);

test(
  'a rule that names the alert needs no click, and still gives nothing before the job',
  { timeout: LONG },
  async () => {
    await fire('ReplicaLag');
    await expect
      .poll(newest, SOON)
      .toMatchObject({ state: 'approved', grant: 'activating', rule: 'The replica lag lets the repair in by itself' });
    expect(await world.logins()).toEqual([]);
    const job = exec('orders-db/read', '30m');
    expect(await job.ended).toBe(0);
    await untilRemoved(world);
    // A job without the alert is another matter.
    const other = exec('orders-db/read', '3s');
    expect(await other.ended).toBe(75);
    expect((await newest())?.rule).toBe('Everything else needs one owner');
  },
);
