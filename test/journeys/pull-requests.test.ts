/** A labelled pull request requests access: for its author, or for the job that deploys it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sign } from '../../sandbox/src/github/deliver.ts';
import type { Check, Pull } from '../../sandbox/src/github/state.ts';
import { startGithubWorld, until } from '../support/github.ts';
import type { GithubWorld } from '../support/github.ts';
import { seen } from '../support/world.ts';

const rulesOf = (issuer: string, address: string): string => `
rules:
  - name: Reviewed repairs
    match: { roles: ["*/read"] }
    when: pull_request.number > 0 && pull_request.base == "main" && "prod-access" in pull_request.labels
    approvals: [{ from: dba }]
  - name: Deployments of pull requests
    match: { clients: [api-deploy] }
    when: pull_request.author == "ada-gh"
    approvals: [{ from: dba }]
pending: 4h
claim: 1h
limits: { open_requests: 100, live_grants: 100 }
issuers: { ci: { kind: github, url: "${issuer}" } }
clients:
  api-deploy:
    issuer: ci
    audience: "${address}"
    repository: { id: "456789", name: acme/api }
    environment: production
    refs: [refs/heads/main]
accounts: { ci: { "2001": ada@acme.test, "2002": sam@acme.test, "2003": olga@acme.test } }
pull_requests:
  - { repository: { issuer: ci, id: "456789", name: acme/api }, label: prod-access, base: main, role: orders-db/read, for: 20m, to: author }
  - { repository: { issuer: ci, id: "456789" }, label: deploy, role: orders-db/write, for: 20m, client: api-deploy }
admins: [security]
`;

const ADA = { id: 2001, login: 'ada-gh' };
const SAM = { id: 2002, login: 'sam-gh' };

let all: GithubWorld;
beforeAll(async () => {
  all = await startGithubWorld(rulesOf);
});
afterAll(() => all.stop());

let made = 0;
const pullOf = (more: Partial<Pull> = {}): Pull => {
  made += 1;
  return all.github.addPull({
    repository: all.repository,
    title: `OPS-${made} Repair the orders`,
    user: ADA,
    commits: [{ sha: 'a'.repeat(40), author: ADA, email: 'ada@acme.test' }],
    ...more,
  });
};

const checkOf = ({ head }: Pull): Check | undefined =>
  all.github.state.checks.findLast((check) => check.head_sha === head.sha);
const commentsOn = ({ number }: Pull): string[] =>
  all.github.state.comments.flatMap((one) => (one.number === number ? [one.body] : []));

type Row = { state: string; ticket: string; grant: string | null; cause: string | null };
const rowOf = async ({ number }: Pull): Promise<Row | undefined> =>
  (
    await all.world.sql<Row>(
      `select r.state, r.ticket, g.state as grant, g.end_cause as cause from requests r left join grants g on g.request_id = r.id
       where (r.origin -> 'facts' ->> 'number')::int = $1 order by r.created_at desc limit 1`,
      [number],
    )
  )[0];

const approvedBy = async (who: string, pull: Pull): Promise<void> =>
  void (await all.world.slack.as(who).click(await all.card(pull.title), 'approve'));

test('its author gets access, none who wrote or labelled it approves, and a merge ends it', async () => {
  const pull = pullOf({
    head: { ref: 'repair', sha: 'c'.repeat(40), repository: { id: 456_789, full_name: 'acme/api' } },
  });
  await all.github.label(pull, 'prod-access', SAM);
  const card = seen(await all.card(pull.title));
  for (const shown of [
    'acme/api#',
    'ada-gh',
    'sam-gh',
    'c'.repeat(12),
    `https://github.com/acme/api/pull/${pull.number}`,
  ])
    expect(card).toContain(shown);
  expect(await rowOf(pull)).toMatchObject({ state: 'pending', ticket: 'OPS-1' });
  await until(() => checkOf(pull)?.status === 'in_progress', 'the check');
  expect(checkOf(pull)).toMatchObject({ name: 'Latchkey: orders-db/read', output: { title: 'Waiting for olga' } });

  await approvedBy('sam', pull);
  const commit = { sha: 'd'.repeat(40), author: ADA, email: 'ada@acme.test' };
  await all.github.push(pull, commit);
  await all.card('d'.repeat(12));
  await until(() => checkOf(pull)?.head_sha === commit.sha, 'the check of the new commit');
  expect(await rowOf(pull)).toMatchObject({ state: 'pending' });

  await approvedBy('olga', pull);
  await until(async () => (await rowOf(pull))?.grant === 'active', 'the access');
  await until(() => checkOf(pull)?.conclusion === 'success', 'the check');
  expect(checkOf(pull)?.details_url).toMatch(/^https:\/\/acme\.slack\.com\//);
  await all.github.close(pull, 'e'.repeat(40));
  await until(async () => (await rowOf(pull))?.grant === 'removed', 'the end');
});

test('a push voids votes', async () => {
  const pull = pullOf();
  await all.github.label(pull, 'prod-access', SAM);
  await all.card(pull.title);
  const [request] = await all.world.sql<{ id: string }>(
    `select id from requests where state = 'pending' and reason like $1`,
    [`${pull.title}%`],
  );
  await all.world.sql(
    `insert into votes (request_id, voter_id, kind, created_at) select $1, id, 'approve', now() from people where name = 'olga'`,
    [request?.id],
  );
  await all.github.push(pull, { sha: 'f'.repeat(40), author: SAM, email: 'sam@acme.test' });
  await until(
    async () => (await all.world.sql('select 1 from votes where request_id = $1', [request?.id])).length === 0,
    'the end of the vote',
  );
  const events = await all.world.sql<{ type: string }>('select type from audit_events where request_id = $1', [
    request?.id,
  ]);
  expect(events.map(({ type }) => type)).toEqual(expect.arrayContaining(['vote.voided', 'request.pushed']));
  await all.github.unlabel(pull, 'prod-access', SAM);
  await until(async () => (await rowOf(pull))?.state === 'cancelled', 'the cancellation');
  await until(() => checkOf(pull)?.conclusion === 'cancelled', 'the check');
});

test('a push that comes while the request is being made is not lost', async () => {
  const pull = pullOf();
  await all.world.sql(`create function linger() returns trigger language plpgsql as $$ begin
    if new.reason like '${pull.title}%' then perform pg_sleep(3); end if; return new; end $$`);
  await all.world.sql('create trigger linger before insert on requests for each row execute function linger()');
  const labelled = all.github.label(pull, 'prod-access', SAM);
  await until(
    async () =>
      (
        await all.world.sql(
          `select 1 from pg_stat_activity where wait_event = 'PgSleep' and datname = current_database()`,
        )
      ).length > 0,
    'the request on its way',
  );
  const sha = '9'.repeat(40);
  await all.github.push(pull, { sha, author: ADA, email: 'ada@acme.test' });
  await labelled;
  await all.card(sha.slice(0, 12));
  await all.world.sql('drop function linger cascade');
});

test('other labels at the same commit void votes too, since rules see them', async () => {
  const pull = pullOf();
  await all.github.label(pull, 'prod-access', SAM);
  await all.card(pull.title);
  const [request] = await all.world.sql<{ id: string }>(
    `select id from requests where state = 'pending' and reason like $1`,
    [`${pull.title}%`],
  );
  await all.world.sql(
    `insert into votes (request_id, voter_id, kind, created_at) select $1, id, 'approve', now() from people where name = 'olga'`,
    [request?.id],
  );
  await all.github.label(pull, 'urgent', ADA);
  await until(
    async () => (await all.world.sql('select 1 from votes where request_id = $1', [request?.id])).length === 0,
    'the end of the vote',
  );
  const [row] = await all.world.sql<{ labels: string[] }>(
    `select origin -> 'facts' -> 'labels' as labels from requests where id = $1`,
    [request?.id],
  );
  expect(row?.labels.toSorted()).toEqual(['prod-access', 'urgent']);
  await all.github.unlabel(pull, 'prod-access', SAM);
  await until(async () => (await rowOf(pull))?.state === 'cancelled', 'the cancellation');
});

test.each<[string, Partial<Pull>, string]>([
  ['a fork', { head: { ref: 'x', sha: 'a'.repeat(40), repository: { id: 9, full_name: 'eve/api' } } }, 'fork'],
  ['a draft', { draft: true }, 'draft'],
  ['another base', { base: 'dev' }, 'main'],
  ['an unknown author', { user: { id: 1, login: 'eve-gh' } }, 'eve'],
])('%s gets a comment that says why, and nothing else', async (...[, more, word]) => {
  const pull = pullOf(more);
  await all.github.label(pull, 'prod-access', SAM);
  await until(() => commentsOn(pull).length > 0, 'the comment');
  expect(commentsOn(pull)).toEqual([expect.stringContaining(word)]);
  expect(await rowOf(pull)).toBeUndefined();
});

test('the job that deploys the pull request finds what was approved for its commit', async () => {
  const pull = pullOf();
  await all.github.label(pull, 'deploy', SAM);
  await approvedBy('olga', pull);
  await until(async () => (await rowOf(pull))?.state === 'approved', 'the approval');
  expect(await rowOf(pull)).toMatchObject({ grant: 'activating' });
  const wanted = { role: 'orders-db/write', for: '5m', reason: 'deploy the repair' };
  const other = all.github.addRun({ repository: all.repository, sha: 'b'.repeat(40) });
  const refused = await all.call('POST', '/requests', { session: await all.sessionOf(other), body: wanted });
  expect(refused.status).toBe(403);
  const sha = '9'.repeat(40);
  await all.github.close(pull, sha);
  await until(
    async () => (await all.world.sql(`select 1 from requests where origin ->> 'mergeSha' = $1`, [sha])).length === 1,
    'the merge',
  );
  const run = all.github.addRun({ repository: all.repository, sha });
  const found = await all.call('POST', '/requests', { session: await all.sessionOf(run), body: wanted });
  expect(found).toMatchObject({ status: 200, body: { for: '20m' } });
  await until(async () => (await rowOf(pull))?.grant === 'active', 'the access');
});

test('a push between the approval and its use voids the approval: the new commit waits for its own', async () => {
  const pull = pullOf();
  await all.github.label(pull, 'deploy', SAM);
  await approvedBy('olga', pull);
  await until(async () => (await rowOf(pull))?.state === 'approved', 'the approval');
  await all.github.push(pull, { sha: '7'.repeat(40), author: ADA, email: 'ada@acme.test' });
  await until(async () => (await rowOf(pull))?.state === 'pending', 'the request for the new commit');
  const [old] = await all.world.sql<{ cause: string; reason: string }>(
    `select g.end_cause as cause, g.end_reason as reason from requests r join grants g on g.request_id = r.id
     where (r.origin -> 'facts' ->> 'number')::int = $1`,
    [pull.number],
  );
  expect(old).toEqual({ cause: 'cancelled', reason: 'Another commit was pushed before it was used.' });
  const sha = '8'.repeat(40);
  await all.github.close(pull, sha);
  const run = all.github.addRun({ repository: all.repository, sha });
  const wanted = { role: 'orders-db/write', for: '5m', reason: 'deploy the repair' };
  const refused = await all.call('POST', '/requests', { session: await all.sessionOf(run), body: wanted });
  expect(refused.status).toBe(403);
});

const resend = async (payload: object, event = 'pull_request'): Promise<Record<string, unknown>> => {
  const { hookUrl, secret } = all.github.state;
  const body = JSON.stringify(payload);
  const response = await fetch(hookUrl ?? '', {
    method: 'POST',
    body,
    headers: {
      'x-github-event': event,
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': sign(secret, body),
    },
  });
  return (await response.json()) as Record<string, unknown>;
};

test('a delivery that somebody sends again under another id requests nothing, and changes no one’s name', async () => {
  const pull = pullOf();
  await all.github.label(pull, 'prod-access', SAM);
  const captured = all.github.state.deliveries[0]?.payload ?? {};
  await all.card(pull.title);
  await all.world.sql(`update requests set state = 'denied', decided_at = now() where reason like $1`, [
    `${pull.title}%`,
  ]);
  expect(await resend(captured)).toEqual({ repeated: 1 });
  const changed = { ...captured, pull_request: { updated_at: '2020-01-01T00:00:00Z' }, sender: ADA };
  expect(await resend(changed)).toEqual({ received: 1 });
  await until(
    async () => (await all.world.sql(`select 1 from outbox where kind = 'github'`)).length === 0,
    'the work on it',
  );
  expect(await rowOf(pull)).toMatchObject({ state: 'denied' });
  expect(
    await all.world.sql(`select labeller ->> 'login' as login from github_pulls where number = $1`, [pull.number]),
  ).toEqual([{ login: 'sam-gh' }]);
});

test('who pushes right after the label is behind it, though the work on the label reads their commit', async () => {
  const pull = pullOf();
  const { hookUrl } = all.github.state;
  all.github.state.hookUrl = null;
  await all.github.label(pull, 'prod-access', SAM);
  // The commit says what its pusher wants it to say.
  await all.github.push(pull, { sha: '5'.repeat(40), author: ADA, email: 'ada@acme.test' });
  all.github.state.hookUrl = hookUrl;
  const [pushed, labelled] = all.github.state.deliveries.map(({ payload }) => payload);
  await resend(labelled ?? {});
  const card = await all.card('5'.repeat(12));
  await resend({ ...pushed, sender: { id: 2003, login: 'olga-gh' } });
  await until(
    async () =>
      (
        await all.world.sql(
          `select 1 from requests where (origin -> 'facts' ->> 'number')::int = $1 and accounts::text like '%"2003"%'`,
          [pull.number],
        )
      ).length === 1,
    'the pusher among those who are behind it',
  );
  await all.world.slack.as('olga').click(card, 'approve');
  await until(
    async () =>
      (
        await all.world.sql(
          `select 1 from audit_events e join requests r on r.id = e.request_id
           where e.type = 'vote.refused' and (r.origin -> 'facts' ->> 'number')::int = $1`,
          [pull.number],
        )
      ).length === 1,
    'the refusal',
  );
  expect(await rowOf(pull)).toMatchObject({ state: 'pending' });
  await all.github.unlabel(pull, 'prod-access', SAM);
  await until(async () => (await rowOf(pull))?.state === 'cancelled', 'the cancellation');
});

test('closed without a merge it ends the access, and what is delivered late or in another order brings nothing back', async () => {
  const pull = pullOf();
  await all.github.label(pull, 'prod-access', SAM);
  await approvedBy('olga', pull);
  await until(async () => (await rowOf(pull))?.grant === 'active', 'the access');
  const { hookUrl } = all.github.state;
  all.github.state.hookUrl = null;
  await all.github.push(pull, { sha: '6'.repeat(40), author: ADA, email: 'ada@acme.test' });
  await all.github.close(pull, null);
  all.github.state.hookUrl = hookUrl;
  const [closed, pushed] = all.github.state.deliveries.map(({ payload }) => payload);
  for (const late of [closed, pushed]) await resend(late ?? {});
  await until(async () => (await rowOf(pull))?.grant === 'removed', 'the end');
  await until(
    async () => (await all.world.sql(`select 1 from outbox where kind = 'github'`)).length === 0,
    'the work on it',
  );
  const rows = await all.world.sql<{ cause: string; reason: string }>(
    `select g.end_cause as cause, g.end_reason as reason from requests r join grants g on g.request_id = r.id
     where (r.origin -> 'facts' ->> 'number')::int = $1`,
    [pull.number],
  );
  expect(rows).toEqual([{ cause: 'cancelled', reason: 'The pull request was closed.' }]);
});
