/** A gate without a role: a person decides in Slack whether the deployment starts, and nobody gets access by it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Run } from '../../sandbox/src/github/state.ts';
import { gateOf, startGithubWorld, until } from '../support/github.ts';
import type { GithubWorld } from '../support/github.ts';
import { seen } from '../support/world.ts';

const rulesOf = (issuer: string, address: string): string => `
rules:
  - name: Nothing to the lab
    match: { gates: [lab] }
    deny: The lab is closed.
  - name: Deployments
    match: { clients: ["api-*"], gates: ["*"] }
    approvals: [{ from: security }]
  - name: An owner agrees
    approvals: [{ from: owners }]
pending: 4h
claim: 1h
limits: { open_requests: 100, live_grants: 100 }
issuers: { ci: { kind: github, url: "${issuer}" } }
clients:
  api-canary:
    issuer: ci
    audience: "${address}"
    repository: { id: "456789", name: acme/api }
    environment: canary
    refs: [refs/heads/main]
    channel: "#prod-access"
  api-lab:
    issuer: ci
    audience: "${address}"
    repository: { id: "456789", name: acme/api }
    environment: lab
    refs: [refs/heads/main]
accounts: { ci: { "1002": sam@acme.test, "1003": olga@acme.test } }
gates:
  - { client: api-canary, environment: canary }
  - { client: api-lab, environment: lab }
admins: [security]
`;

let all: GithubWorld;
beforeAll(async () => {
  all = await startGithubWorld(rulesOf);
});
afterAll(() => all.stop());

const READ = { role: 'orders-db/read', for: '10m', reason: 'migration of release 118' };

const requestsOf = (run: Run): Promise<{ state: string }[]> =>
  all.world.sql(`select state from requests where job ->> 'run' = $1 order by created_at`, [String(run.id)]);

const canaryRun = async (more: Partial<Run> = {}): Promise<Run> => {
  const run = all.github.addRun({ repository: all.repository, ...more });
  await all.github.requestGate(run, 'canary');
  return run;
};

const eventsOf = (run: Run): Promise<{ type: string; grant: string | null }[]> =>
  all.world.sql(
    `select type, grant_id as "grant" from audit_events where request_id in
      (select id from requests where job ->> 'run' = $1) order by at`,
    [String(run.id)],
  );

test('a gate without a role is decided in Slack, gives no access, and the job that starts requests anew', async () => {
  const run = await canaryRun();
  const message = await all.card(`run ${run.id}`);
  const text = seen(message);
  expect(text).toContain('Deployment of api-canary · canary');
  expect(seen(message)).not.toContain('approve_changes');
  await until(() => gateOf(run).reports[0]?.includes('Waiting for'), 'a report to GitHub');
  await all.world.slack.as('olga').click(message, 'approve');
  expect((await requestsOf(run))[0]?.state).toBe('pending');
  await all.world.slack.as('sam').click(message, 'approve');
  await until(() => gateOf(run).state === 'approved', 'the answer to GitHub');
  expect(gateOf(run).comment).toMatch(/^Approved by sam[^]*Deployments[^]*\[The request in Slack\]\(http/i);
  await until(
    () =>
      seen(
        all.world.slack
          .as('sam')
          .messages('prod-access')
          .find(({ ts }) => ts === message.ts) ?? message,
      ).includes('*Approved* by'),
    'the card of now',
  );

  const grants = await all.world.sql(
    'select 1 from grants g join requests r on r.id = g.request_id where r.job ->> $1 = $2',
    ['run', String(run.id)],
  );
  expect(grants).toEqual([]);
  // It is recorded once GitHub has the answer.
  const isRecorded = async () => (await eventsOf(run)).some(({ type }) => type === 'deployment.answered');
  await until(isRecorded, 'the record of the answer');
  const events = await eventsOf(run);
  expect(events.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['request.created', 'vote.cast', 'request.approved']),
  );
  expect(events.every(({ grant }) => grant === null)).toBe(true);

  const session = await all.sessionOf(run, { environment: 'canary' });
  const asked = await all.call('POST', '/requests', { session, body: READ });
  expect(asked).toMatchObject({ status: 201, body: { state: 'pending', rule: 'An owner agrees' } });
  await all.call('POST', `/requests/${String(asked.body['id'])}/cancel`, { session });
  const byName = { ...READ, role: 'deployment:api-canary/canary' };
  expect(await all.call('POST', '/requests', { session, body: byName })).toMatchObject({
    status: 409,
    body: { code: 'unknown_target' },
  });
});

test('it is rejected by a denial, by a rule, by silence, and not by who started it', async () => {
  const [denied, closed, silent, own] = [
    await canaryRun(),
    all.github.addRun({ repository: all.repository }),
    await canaryRun(),
    await canaryRun({ actor: { id: 1002, login: 'sam-gh' } }),
  ];
  await all.github.requestGate(closed, 'lab');
  await until(() => gateOf(closed).state === 'rejected', 'the rejection by the rule');
  expect(gateOf(closed).comment).toContain('The lab is closed.');
  await until(() => gateOf(own).state === 'rejected', 'the rejection of what nobody else may approve');
  expect(gateOf(own).comment).toContain('No one can approve this deployment');

  await all.world.slack.as('sam').click(await all.card(`run ${denied.id}`), 'deny');
  await all.world.slack.waitFor(() => all.world.slack.as('sam').modal());
  await all.world.slack.as('sam').type('reason', 'Not on a Friday');
  await all.world.slack.as('sam').submit();
  await until(() => gateOf(denied).state === 'rejected', 'the denial');
  expect(gateOf(denied).comment).toContain('Not on a Friday');

  await all.card(`run ${silent.id}`);
  await all.world.sql(
    `update requests set lapses_at = clock_timestamp(), created_at = clock_timestamp() - interval '4 hours' where job ->> 'run' = $1`,
    [String(silent.id)],
  );
  await until(() => gateOf(silent).state === 'rejected', 'the lapse');
  expect(gateOf(silent).comment).toContain('Not decided within 4h');
});

test('it is taken back with its run, and asked anew by a re-run', async () => {
  const run = await canaryRun();
  await all.card(`run ${run.id}`);
  all.github.rerun(run);
  await all.github.requestGate(run, 'canary');
  await until(async () => (await requestsOf(run)).length === 2, 'the request of the other attempt');
  await all.github.cancelRun(run);
  await until(async () => (await requestsOf(run))[1]?.state === 'cancelled', 'the cancellation');
});
