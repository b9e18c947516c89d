/** A nightly job: requested and approved by day, used once in the window of the night, refused outside of it; and what a pipeline reads in a freeze. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Claims } from '../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { App } from '../../src/compose/app.ts';
import { githubJob, startFront, startJob } from '../support/job.ts';
import type { Front, Job } from '../support/job.ts';
import { runCli } from '../support/process.ts';
import { storyOf, untilRemoved } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const LONG = 300_000;
const WAIT = { timeoutMs: 60_000 };

type Opening = { from: Date; to: Date };

/** To the minute, since a window is. */
const opening = (fromMs: number, toMs: number): Opening => {
  const now = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS;
  return { from: new Date(now + fromMs), to: new Date(now + toMs) };
};

const clock = (at: Date): string =>
  new Intl.DateTimeFormat('en-GB', {
    timeZone: 'Europe/Berlin',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(at);

const windowLine = ({ from, to }: Opening): string =>
  `windows: { night: { from: "${clock(from)}", to: "${clock(to)}" } }`;

const rulesOf = (issuer: string, audience: string): string => `
rules:
  - name: No writes in the freeze
    match: { roles: ["*/write"] }
    when: '"peak" in freezes'
    deny: Change freeze.
  - name: By night, when an owner agreed
    match: { clients: [nightly], roles: ["*/read"] }
    when: '"night" in windows'
    approvals: [{ from: owners }]
  - name: Writes, when an owner agreed
    match: { roles: ["*/write"] }
    approvals: [{ from: owners }]
${windowLine(opening(2 * HOUR_MS, 4 * HOUR_MS))}
freezes: { peak: { from: 2020-01-01, to: 2099-01-04, why: Peak season } }
limits: { open_requests: 100, live_grants: 100 }
issuers: { ci: { kind: github, url: "${issuer}" } }
clients:
  nightly:
    issuer: ci
    audience: "${audience}"
    repository: { id: "456789", name: acme/api }
    environment: production
    refs: [refs/heads/main]
accounts: { ci: { "1001": olga@acme.test, "1003": sam@acme.test } }
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
  app = await world.start();
  front.leadTo(app.port);
}, LONG);
afterAll(async () => {
  await world.stop();
  await front.close();
  await issuer.stop();
});

const READ = ['--role', 'orders-db/read', '--for', '10m', '--reason', 'nightly report of orders', '--window', 'night'];
const RUN = ['--', process.execPath, '-e', `console.log('ran')`];

/** A job of its own. */
const begin = (args: string[], claims: Claims = {}): Job =>
  startJob(args, { LATCHKEY_URL: front.url, ...githubJob(issuer, claims) });

const messages = () => world.slack.as('olga').messages('prod-access');

const cardWith = (id: string, text: string) =>
  world.slack.waitFor(
    () => messages().findLast((message) => JSON.stringify(message).includes(id) && seen(message).includes(text)),
    { what: `the card with "${text}"`, ...WAIT },
  );

const newest = async () => {
  const [row] = await world.sql<{ id: string; state: string; grant: string | null; cause: string | null }>(
    `select r.id, r.state, g.state as grant, g.end_cause as cause from requests r left join grants g on g.request_id = r.id
     order by r.created_at desc limit 1`,
  );
  return row;
};

/** Requested by day: the id. */
const requestedByDay = async (): Promise<string> => {
  const job = begin(['request', ...READ]);
  expect(await job.ended).toBe(0);
  return job.out().trim();
};

const approve = async (id: string): Promise<void> => {
  const card = await cardWith(id, 'once in the window night');
  await world.slack.as('olga').click(card, 'approve');
  await expect.poll(async () => (await newest())?.grant, { timeout: 60_000 }).toBe('activating');
};

/** The day passes: the window of the policy, and what was approved for it, are at another time. */
const moveWindow = async (to: Opening): Promise<void> => {
  const text = readFileSync(world.policyPath, 'utf8');
  writeFileSync(world.policyPath, text.replace(/^windows: .*$/m, windowLine(to)));
  await app.reloadPolicy();
  await world.sql(
    `update requests set origin = origin || jsonb_build_object('from', $1::text, 'to', $2::text),
       starts_at = case when starts_at is null then null else $1::timestamptz end where origin ->> 'isClaimed' = 'false'
         and not exists (select from grants g where g.request_id = requests.id and g.state <> 'activating')`,
    [to.from.toISOString(), to.to.toISOString()],
  );
  await world.sql(
    `update grants set starts_at = $1::timestamptz, next_attempt_at = now() where state = 'activating' and starts_at is not null`,
    [to.from.toISOString()],
  );
};

test(
  'approved by day, refused before the window, used once in it, and refused after that',
  { timeout: 300_000 },
  async () => {
    const id = await requestedByDay();
    await approve(id);
    const again = begin(['request', ...READ]);
    expect(await again.ended).toBe(0);
    expect(again.out().trim()).toBe(id);

    const early = begin(['exec', ...READ, '--wait', '5s', ...RUN]);
    expect(await early.ended).toBe(75);
    expect(early.err()).toMatch(
      /is approved by .*Olga.* in the window night .*run the command again while it is open/i,
    );
    expect(await newest()).toMatchObject({ id, grant: 'activating' });
    expect(await world.logins()).toEqual([]);

    await moveWindow(opening(-HOUR_MS, HOUR_MS));
    const started = begin(['exec', ...READ, ...RUN], { actor_id: '1001' });
    expect(await started.ended).toBe(77);
    expect(started.err()).toContain('started the job, and never counts for it');

    const job = begin(['exec', ...READ, ...RUN], { actor_id: '8' });
    expect(await job.ended).toBe(0);
    expect(job.out()).toContain('ran');
    await untilRemoved(world);
    expect(await newest()).toMatchObject({ id, cause: 'done' });
    expect(await world.logins()).toEqual([]);

    const second = begin(['exec', ...READ, ...RUN]);
    expect(await second.ended).toBe(77);
    expect(second.err()).toContain('The access of this window was used');
    const types = await world.sql<{ type: string }>('select type from audit_events where request_id = $1 order by id', [
      id,
    ]);
    expect(types.map(({ type }) => type)).toEqual(expect.arrayContaining(['request.created', 'request.claimed']));
  },
);

test('a window that passes without a use is over, and the message says so', { timeout: 180_000 }, async () => {
  await moveWindow(opening(3 * HOUR_MS, 5 * HOUR_MS));
  const id = await requestedByDay();
  await approve(id);
  await cardWith(id, 'The first job of');
  await moveWindow(opening(-2 * HOUR_MS, -HOUR_MS));
  await expect.poll(async () => (await newest())?.cause, { timeout: 60_000 }).toBe('window_passed');
  await cardWith(id, 'its window passed without a use');
  expect(await world.logins()).toEqual([]);
});

test('a request that a person denied leaves the window to another', { timeout: 180_000 }, async () => {
  await moveWindow(opening(6 * HOUR_MS, 7 * HOUR_MS));
  const first = await requestedByDay();
  await world.slack.as('olga').click(await cardWith(first, 'once in the window night'), 'deny');
  await world.slack.waitFor(() => world.slack.as('olga').modal());
  await world.slack.as('olga').type('reason', 'not this commit');
  await world.slack.as('olga').submit();
  await expect.poll(async () => (await newest())?.state, { timeout: 60_000 }).toBe('denied');
  const other = await requestedByDay();
  expect(other).not.toBe(first);
});

test('a pipeline in a freeze ends at once with 77 and the end of the freeze', { timeout: LONG }, async () => {
  const job = begin([
    'exec',
    '--role',
    'orders-db/write',
    '--reason',
    'migration of release 118',
    '--wait',
    '8h',
    ...RUN,
  ]);
  expect(await job.ended).toBe(77);
  expect(job.err()).toContain(
    'Change freeze. Freeze "peak" (Peak season) ends on Sunday 4 January 2099, 00:00 (Europe/Berlin). (rule: No writes in the freeze)',
  );
});

test('a window that the policy does not have is used wrongly', { timeout: LONG }, async () => {
  const job = begin(['request', ...READ.slice(0, -1), 'dawn']);
  expect(await job.ended).toBe(64);
  expect(job.err()).toContain('no window of that name');
});

test(
  'an approver allows a client one use of the window, by the command and by the form',
  { timeout: 240_000 },
  async () => {
    // What an earlier test left would be moved along with the window.
    await world.sql(`update requests set state = 'cancelled', decided_at = now() where state = 'pending'`);
    await moveWindow(opening(8 * HOUR_MS, 9 * HOUR_MS));
    const count = async () => (await world.sql('select 1 from requests')).length;
    const before = await count();
    const olga = world.slack.as('olga');
    const command = (who: string, line: string) => world.slack.as(who).command('/prod-access', line, 'general');
    await command('ada', 'allow nightly orders-db read 10m in night nightly report of orders');
    await storyOf(world).privately('ada', 'not an approver of this request');
    await command('olga', 'allow nightly orders-db read 10m in noon nightly report of orders');
    await storyOf(world).privately('olga', 'no window of that name');
    await command('olga', 'allow nightly orders-db write 10m in night nightly repair of orders');
    await storyOf(world).privately('olga', 'Peak season');
    expect(await count()).toBe(before);

    await command('olga', 'allow nightly orders-db read 10m in night nightly report of orders');
    await storyOf(world).privately('olga', 'in the window gets it');
    await expect.poll(async () => (await newest())?.grant, { timeout: 60_000 }).toBe('activating');
    const id = (await newest())?.id ?? '';
    expect(seen(await cardWith(id, 'once in the window night'))).toMatch(/Allowed by \*olga/i);
    await moveWindow(opening(-HOUR_MS, HOUR_MS));
    const job = begin(['exec', ...READ, ...RUN]);
    expect(await job.ended).toBe(0);
    await untilRemoved(world);
    expect(await newest()).toMatchObject({ id, cause: 'done' });
    const second = begin(['exec', ...READ, ...RUN]);
    expect(await second.ended).toBe(77);

    await moveWindow(opening(10 * HOUR_MS, 11 * HOUR_MS));
    await olga.command('/prod-access', 'allow client', 'general');
    await world.slack.waitFor(() => olga.modals().find((view) => JSON.stringify(view).includes('Allow a client')));
    await olga.select('client', 'nightly');
    await olga.select('role', 'orders-db/read');
    await olga.select('window', 'night');
    await olga.type('time', 'long');
    await olga.type('reason', 'nightly report of orders');
    expect(JSON.stringify(await olga.submit())).toContain('is no duration');
    await olga.type('time', '10m');
    expect(JSON.stringify([await olga.submit(), olga.modals()])).toContain('in the window gets it');
    await olga.close();
    expect(await newest()).toMatchObject({ grant: 'activating' });
    const [event] = await world.sql<{ data: string }>(
      `select data from audit_events where type = 'request.created' order by id desc limit 1`,
    );
    expect(JSON.parse(event?.data ?? '')).toMatchObject({
      allowedBy: expect.stringMatching(/olga/i),
      window: { name: 'night' },
    });
  },
);
