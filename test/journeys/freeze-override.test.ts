/** A freeze denies a job and a person; another person overrides it for exactly that request, because of an incident or an alert, and answers for it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Claims } from '../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { App } from '../../src/compose/app.ts';
import { exceptionsOf } from '../../src/domain/reports/exceptions.ts';
import { foldRequest } from '../../src/domain/reports/register.ts';
import type { LogEvent } from '../../src/domain/reports/register.ts';
import { alertmanagerMessage, bearer, send } from '../support/alert-payloads.ts';
import { incidentsOf } from '../support/incident.ts';
import { githubJob, startFront, startJob } from '../support/job.ts';
import type { Front, Job } from '../support/job.ts';
import { openOverride, overrideFreeze } from '../support/override.ts';
import { runCli } from '../support/process.ts';
import { storyOf, untilRemoved } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const TOKEN = 'alertmanager-token-of-this-test';
const LONG = 300_000;
const SOON = { timeout: 60_000 };

const rulesOf = (issuer: string, audience: string): string => `
rules:
  - name: No writes at peak
    match: { roles: ["*/write"] }
    when: '"peak" in freezes'
    deny: Peak season.
  - name: Never for interns
    match: { roles: ["*/write"], people: [ines@acme.test] }
    deny: Not for interns.
  - name: In a freeze two owners agree
    match: { roles: ["*/write"] }
    when: '"peak" in freezes'
    approvals: [{ from: owners, count: 2 }]
  - name: An owner agrees
    approvals: [{ from: owners }]
freezes: { peak: { from: 2020-01-01, to: 2099-01-04, why: Peak season, override: [duty] } }
incidents: { channels: ["inc-*"] }
alerts:
  - name: orders-db-down
    source: alertmanager
    match: { labels: { alertname: OrdersDbDown } }
    role: orders-db/read
    to: security
limits: { open_requests: 100, live_grants: 100 }
issuers: { ci: { kind: github, url: "${issuer}" } }
clients:
  api-deploy:
    issuer: ci
    audience: "${audience}"
    repository: { id: "456789", name: acme/api }
    environment: production
    refs: [refs/heads/main]
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
  const groups = '  duty: { people: [rita@acme.test, oscar@acme.test] }\n';
  world = await startWorld({ rules: rulesOf(issuer.url, front.url), groups });
  world.env['ALERTMANAGER_TOKEN'] = TOKEN;
  app = await world.start();
  front.leadTo(app.port);
}, LONG);
afterAll(async () => {
  await world.stop();
  await front.close();
  await issuer.stop();
});

const exec = (claims: Claims): Job =>
  startJob(
    [
      ...[
        'exec',
        '--role',
        'orders-db/write',
        '--for',
        '10m',
        '--reason',
        'release of the payout fix',
        '--wait',
        '30s',
      ],
      ...['--', process.execPath, '-e', `console.log('ran')`],
    ],
    { LATCHKEY_URL: front.url, ...githubJob(issuer, claims) },
  );

const idIn = (text: string): string => /override `?([a-z0-9]{6,})/.exec(text)?.[1] ?? '';

const newest = async () => {
  const [row] = await world.sql<{ id: string; state: string; grant: string | null; grantId: string; rule: string }>(
    `select r.id, r.state, r.rule, g.state as grant, g.id as "grantId"
     from requests r left join grants g on g.request_id = r.id order by r.created_at desc limit 1`,
  );
  return row;
};

const typesOf = async (id: string): Promise<string[]> =>
  (await world.sql<{ type: string }>('select type from audit_events where request_id = $1 order by id', [id])).map(
    ({ type }) => type,
  );

const cardWith = (id: string, text: string) =>
  world.slack.waitFor(
    () =>
      world.slack
        .as('olga')
        .messages('prod-access')
        .findLast((message) => JSON.stringify(message).includes(id) && seen(message).includes(text)),
    { what: `the card with "${text}"`, timeoutMs: 60_000 },
  );

const open = (who: string, id: string, channel: string) => openOverride(world, { who, id, channel });

const override = (who: string, id: string, reason?: string) =>
  overrideFreeze(world, { who, id, channel: 'inc-7', ...(reason !== undefined && { reason }) });

const approveBy = async (id: string, ...people: string[]): Promise<void> => {
  for (const who of people) await world.slack.as(who).click(await cardWith(id, 'Freeze peak'), 'approve');
};

const denied = async (claims: Claims): Promise<string> => {
  const job = exec(claims);
  expect(await job.ended).toBe(77);
  expect(job.err()).toContain('Freeze "peak" (Peak season) ends on Sunday 4 January 2099');
  return idIn(job.err());
};

test('nothing is overridden without an incident or an alert, nor by who may not', { timeout: LONG }, async () => {
  const id = await denied({ run_id: '1', check_run_id: '11' });
  expect(id).not.toBe('');
  await world.slack.as('rita').command('/prod-access', `override ${id}`, 'general');
  await storyOf(world).privately('rita', 'tied to an open incident or to an alert that fires');
  world.slack.as('rita').createChannel('inc-7');
  await incidentsOf(world).prompt('inc-7');
  world.slack.as('rita').invite('inc-7', 'olga');
  const refused = await override('olga', id);
  expect(refused.answer).toContain('not one of those who may override');
  expect((await override('rita', id, 'asdf asdf')).answer).toContain('reason');
  expect(await newest()).toBeUndefined();
  expect(await world.sql(`select 1 from audit_events where type = 'freeze.override_refused'`)).toHaveLength(1);
  await world.slack.as('rita').command('/prod-access', 'override 000000000000', 'general');
  await storyOf(world).privately('rita', 'no such denied request');
});

test(
  'a job runs again with what was overridden and approved for it, once, and the override is followed up',
  { timeout: LONG },
  async () => {
    const id = await denied({ run_id: '1', check_run_id: '12' });
    const { shown, answer } = await override('rita', id);
    expect(shown).toContain('release of the payout fix');
    expect(shown).toContain('inc-7');
    expect(answer).toContain('Overridden for this request');
    const request = await newest();
    expect(request).toMatchObject({ state: 'pending', rule: 'In a freeze two owners agree' });
    const requestId = request?.id ?? '';
    const card = seen(await cardWith(requestId, 'Freeze peak'));
    expect(card).toMatch(/overridden by .*because of .*the payout is blocked/);
    await approveBy(requestId, 'olga', 'sam');
    await expect.poll(async () => (await newest())?.grant, SOON).toBe('activating');
    await cardWith(requestId, 'gets it when it runs again');
    expect(await world.logins()).toEqual([]);

    await denied({ run_id: '2', check_run_id: '21' });
    await denied({ run_id: '1', check_run_id: '13', sha: '0'.repeat(40) });
    const again = exec({ run_id: '1', check_run_id: '14', run_attempt: '2' });
    expect(await again.ended).toBe(0);
    expect(again.out()).toContain('ran');
    await untilRemoved(world);
    await denied({ run_id: '1', check_run_id: '15', run_attempt: '3' });

    expect(await typesOf(requestId)).toEqual(
      expect.arrayContaining([
        'request.created',
        'freeze.overridden',
        'request.approved',
        'request.claimed',
        'follow_up.opened',
      ]),
    );
    const [event] = await world.sql<{ data: string; actor: string }>(
      `select data, actor from audit_events where type = 'freeze.overridden'`,
    );
    expect(JSON.stringify(event)).toContain('peak');
    expect(JSON.stringify(event)).toMatch(/rita/i);

    const review = await storyOf(world).dm('sam', 'overrode a freeze');
    expect(seen(review)).not.toContain('Break-glass is');
    await world.slack.as('sam').click(review, 'review_justified');
    await world.slack.waitFor(() => world.slack.as('sam').modal());
    await world.slack.as('sam').submit();
    await expect.poll(() => typesOf(requestId), SOON).toContain('follow_up.closed');
    await storyOf(world).dm('rita', 'Your override of a freeze for');
  },
);

test(
  'a person gets it as it was requested, tied to an alert; nobody overrides their own, and other denials stand',
  { timeout: LONG },
  async () => {
    const story = storyOf(world);
    await send(app.port, 'alertmanager', {
      body: alertmanagerMessage({ name: 'OrdersDbDown' }),
      headers: bearer(TOKEN),
    });
    await expect.poll(() => world.sql(`select 1 from alerts where state = 'firing'`), SOON).toHaveLength(1);
    await world.slack.as('ines').command('/prod-access', 'orders-db write repair order 1183 by hand', 'general');
    expect(seen(await story.privately('ines', 'Peak season'))).not.toContain('override');

    await world.slack.as('oscar').command('/prod-access', 'orders-db write repair order 1183 by hand', 'general');
    const own = idIn(seen(await story.privately('oscar', 'override')));
    world.slack.as('rita').invite('inc-7', 'oscar');
    expect((await override('oscar', own)).answer).toContain('your own request');

    const shown = await open('rita', own, 'general');
    const alert = /"value":"(alert [a-z0-9]+)"/.exec(JSON.stringify(shown))?.[1] ?? '';
    const rita = world.slack.as('rita');
    await rita.select('cause', alert);
    await rita.type('reason', 'orders cannot be paid before that');
    expect(JSON.stringify([await rita.submit(), rita.modals()])).toContain('Overridden for this request');
    await rita.close();
    const request = await newest();
    await approveBy(request?.id ?? '', 'olga', 'sam');
    await story.credentials('oscar');
    await world.slack.as('oscar').close();
    await world.slack.as('oscar').command('/prod-access', 'done', 'general');
    await untilRemoved(world);
    expect(await world.sql('select 1 from alert_requests where request_id = $1', [request?.id])).toHaveLength(1);

    await world.slack.as('oscar').command('/prod-access', 'orders-db write repair order 1184 by hand', 'general');
    const denials = () =>
      [...world.slack.as('oscar').messages('general'), ...world.slack.as('oscar').dmsWithApp()].map((one) =>
        idIn(seen(one)),
      );
    await expect.poll(() => denials().some((id) => id !== '' && id !== own), SOON).toBe(true);
    await rita.command('/prod-access', 'explain orders-db write', 'general');
    await story.privately('rita', 'duty may override the freeze');
  },
);

type Row = { type: string; at: Date; actor: string; data: string; requestId: string; grantId: string | null };

const logEventOf = ({ at, actor, data, ...row }: Row, seq: number): LogEvent => ({
  ...row,
  seq,
  at: at.toISOString(),
  target: 'orders-db',
  role: 'write',
  actor: { id: null, name: null, email: null, ...(JSON.parse(actor) as Pick<LogEvent['actor'], 'kind'>) },
  data: JSON.parse(data) as LogEvent['data'],
  isErased: false,
});

test('the report names each override among its exceptions, with the answer of the follow-up', async () => {
  const events = await world.sql<Row>(
    `select type, at, actor, data, request_id as "requestId", grant_id as "grantId" from audit_events where request_id is not null order by id`,
  );
  const overridden = events.filter(({ type }) => type === 'freeze.overridden');
  expect(overridden).toHaveLength(2);
  const found = overridden.flatMap(({ requestId }) => {
    const row = foldRequest(events.filter((one) => one.requestId === requestId).map(logEventOf));
    return row ? exceptionsOf(row, new Date().toISOString()) : [];
  });
  const overrides = found.filter(({ kind }) => kind === 'freeze_override');
  expect(overrides.map(({ what }) => what)).toEqual([
    expect.stringContaining('overrode peak. Reason: “the payout is blocked until then'),
    expect.stringContaining('overrode peak. Reason: “orders cannot be paid before that'),
  ]);
  expect(overrides.map(({ answer }) => answer)).toEqual([expect.stringContaining('Justified, says'), null]);
});
