/** A freeze denies deployments and pull requests: what can be overridden finds its override when it runs again, and the rest says what to do. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Pull, Run } from '../../sandbox/src/github/state.ts';
import { gateOf, startGithubWorld, until } from '../support/github.ts';
import type { GithubWorld } from '../support/github.ts';
import { incidentsOf } from '../support/incident.ts';
import { overrideFreeze } from '../support/override.ts';
import { seen } from '../support/world.ts';
import type { Message } from '../../sandbox/src/slack/types.ts';

const rulesOf = (issuer: string, address: string): string => `
rules:
  - name: Nothing by clients at peak
    match: { clients: ["api-*"] }
    when: '"peak" in freezes'
    deny: Peak season.
  - name: No writes at peak
    match: { roles: ["*/write"] }
    when: '"peak" in freezes'
    deny: Peak season.
  - name: Deployments
    match: { gates: ["*"] }
    approvals: [{ from: security }]
  - name: An owner agrees
    approvals: [{ from: owners }]
freezes: { peak: { from: 2020-01-01, to: 2099-01-04, why: Peak season, override: [security] } }
incidents: { channels: ["inc-*"] }
limits: { open_requests: 100, live_grants: 100 }
issuers: { ci: { kind: github, url: "${issuer}" } }
clients:
  api-deploy:
    issuer: ci
    audience: "${address}"
    repository: { id: "456789", name: acme/api }
    environment: production
    refs: [refs/heads/main]
  api-canary:
    issuer: ci
    audience: "${address}"
    repository: { id: "456789", name: acme/api }
    environment: canary
    refs: [refs/heads/main]
accounts: { ci: { "1001": dana@acme.test, "1002": sam@acme.test, "1003": olga@acme.test, "2001": ada@acme.test } }
gates:
  - { client: api-deploy, environment: production, role: orders-db/read, for: 30m }
  - { client: api-canary, environment: canary }
pull_requests:
  - { repository: { issuer: ci, id: "456789" }, label: prod-access, role: orders-db/write, for: 20m, to: author }
  - { repository: { issuer: ci, id: "456789" }, label: deploy, role: orders-db/write, for: 20m, client: api-deploy }
admins: [security]
`;

const DANA = { id: 1001, login: 'dana-gh' };
const SAM = { id: 1002, login: 'sam-gh' };
const OLGA = { id: 1003, login: 'olga-gh' };
const ADA = { id: 2001, login: 'ada-gh' };
const WANTED = { role: 'orders-db/read', for: '10m', reason: 'migration of release 118' };

let all: GithubWorld;
beforeAll(async () => {
  all = await startGithubWorld(rulesOf);
  all.world.slack.as('sam').createChannel('inc-7');
  await incidentsOf(all.world).prompt('inc-7', '', { who: 'sam' });
});
afterAll(() => all.stop());

const requestsOf = ({ id }: Run) =>
  all.world.sql<{ id: string; state: string; attempt: number }>(
    `select id, state, (job ->> 'attempt')::int as attempt from requests where origin ->> 'run' = $1 order by created_at`,
    [String(id)],
  );

const deploy = (run: Run, environment = 'production'): Promise<void> => all.github.requestGate(run, environment);

/** The id by which the freeze may be overridden for this run. */
const denied = async (run: Run): Promise<string> => {
  await until(() => gateOf(run).state === 'rejected', 'the rejection');
  return /\/prod-access override (\w+) in Slack, then run this again\.$/.exec(gateOf(run).comment ?? '')?.[1] ?? '';
};

const override = (id: string) => overrideFreeze(all.world, { who: 'sam', id, channel: 'inc-7' });

const cardOf = async (run: Run, text = '') => {
  const [request] = await requestsOf(run);
  const isIt = (message: Message): boolean =>
    JSON.stringify(message).includes(request?.id ?? 'no request') && seen(message).includes(text);
  const cards = () => all.world.slack.as('olga').messages('prod-access');
  return all.world.slack.waitFor(() => cards().findLast(isIt), { what: `the card with "${text}"` });
};

const again = async (run: Run, by: typeof DANA): Promise<void> => {
  all.github.rerun(run, by);
  await deploy(run);
};

const typesOf = async (id: string): Promise<string[]> =>
  (await all.world.sql<{ type: string }>('select type from audit_events where request_id = $1', [id])).map(
    ({ type }) => type,
  );

test('a deployment that a freeze denied waits for its approvers when it runs again, and its job gets the access once', async () => {
  const run = all.github.addRun({ repository: all.repository, actor: DANA });
  await deploy(run);
  const id = await denied(run);
  expect(gateOf(run).comment).toMatch(/^Peak season\. Freeze "peak" .*ends on Sunday 4 January 2099/);
  expect((await override(id)).answer).toContain('Overridden for this request');
  await again(run, DANA);
  await until(() => gateOf(run).reports[0]?.includes('Waiting for'), 'a report to GitHub');
  const requests = await requestsOf(run);
  expect(requests).toMatchObject([{ state: 'pending', attempt: 2 }]);

  await all.world.slack.as('olga').click(await cardOf(run), 'approve');
  await until(() => gateOf(run).state === 'approved', 'the answer to GitHub');
  await cardOf(run, 'that this deployment starts gets it');
  expect(await all.world.logins()).toEqual([]);

  const job = all.github.addJob(run, 83_001);
  const session = await all.sessionOf(run, { check_run_id: '83001' });
  const found = await all.call('POST', '/requests', { session, body: WANTED });
  expect(found).toMatchObject({ status: 200, body: { id: requests[0]?.id, for: '30m' } });
  await until(async () => (await all.world.logins()).length === 1, 'the access');
  await all.github.completeJob(run, job);
  await until(async () => (await all.world.logins()).length === 0, 'the end of the access');
  const types = await typesOf(requests[0]?.id ?? '');
  expect(types.filter((type) => type === 'request.claimed')).toHaveLength(2);
  expect(types).toEqual(expect.arrayContaining(['freeze.overridden', 'request.approved', 'follow_up.opened']));

  await again(run, DANA);
  expect(await denied(run)).not.toBe('');
  expect(await requestsOf(run)).toHaveLength(1);
});

test('an approver who then starts the run never counts for it, and who ran it again cannot override for it', async () => {
  const run = all.github.addRun({ repository: all.repository, actor: DANA });
  await deploy(run);
  await override(await denied(run));
  await until(async () => (await requestsOf(run))[0]?.state === 'pending', 'the request');
  await all.world.slack.as('olga').click(await cardOf(run), 'approve');
  await until(async () => (await requestsOf(run))[0]?.state === 'approved', 'the approval');
  await again(run, OLGA);
  await until(() => gateOf(run).state === 'rejected', 'the rejection');
  expect(gateOf(run).comment).toContain('The person who approved this started the run');
  await again(run, DANA);
  await until(() => gateOf(run).state === 'approved', 'the answer to another person');

  const own = all.github.addRun({ repository: all.repository, actor: DANA });
  all.github.rerun(own, SAM);
  await deploy(own);
  expect((await override(await denied(own))).answer).toContain('nor for a job that you started');
  expect(await requestsOf(own)).toEqual([]);

  const unknown = all.github.addRun({ repository: all.repository, actor: DANA });
  all.github.rerun(unknown, { id: 5005, login: 'eve-gh' });
  await deploy(unknown);
  await override(await denied(unknown));
  await until(async () => (await requestsOf(unknown)).length === 1, 'the request');
  const [kept] = await all.world.sql<{ accounts: object[] }>(
    `select accounts from requests where origin ->> 'run' = $1`,
    [String(unknown.id)],
  );
  expect(kept?.accounts).toContainEqual(expect.objectContaining({ id: '5005', login: 'eve-gh', by: 'ran_again' }));
});

test('a deployment without a role, and pull requests, say what to do in place of an override', async () => {
  const canary = all.github.addRun({ repository: all.repository, actor: DANA });
  await deploy(canary, 'canary');
  await until(() => gateOf(canary).state === 'rejected', 'the rejection');
  expect(gateOf(canary).comment).toContain('only for a deployment whose gate in the policy names a role');

  const commentsOn = ({ number }: Pull): string =>
    all.github.state.comments.flatMap((one) => (one.number === number ? [one.body] : [])).join('\n');
  const pull = all.github.addPull({ repository: all.repository, user: ADA, title: 'Repair the orders of May' });
  await all.github.label(pull, 'prod-access', DANA);
  await until(() => commentsOn(pull).includes('ends on Sunday 4 January 2099'), 'the comment');
  expect(commentsOn(pull)).toContain('Set the label again after that');
  expect(commentsOn(pull)).toContain('types /prod-access orders-db write in Slack');
  const ofJob = all.github.addPull({ repository: all.repository, user: ADA, title: 'Repair the orders of April' });
  await all.github.label(ofJob, 'deploy', DANA);
  await until(() => commentsOn(ofJob).includes('with latchkey exec'), 'the comment of the other');
  expect(await all.world.sql(`select 1 from frozen_requests where role in ('write', 'canary')`)).toEqual([]);
});
