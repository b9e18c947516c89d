/** A deployment waits on GitHub, a person decides it in Slack, and the job that starts finds that decision. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Run } from '../../sandbox/src/github/state.ts';
import { githubClaims } from '../../sandbox/src/issuer/claims.ts';
import { gateOf, startGithubWorld, until } from '../support/github.ts';
import type { Body, GithubWorld } from '../support/github.ts';
import { seen, withClient } from '../support/world.ts';

const rulesOf = (issuer: string, address: string): string => `
rules:
  - name: Nothing for the night
    match: { clients: [api-deploy], roles: ["*/write"] }
    deny: Not by a pipeline.
  - name: An owner agrees
    approvals: [{ from: owners }]
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
  api-night:
    issuer: ci
    audience: "${address}"
    repository: { id: "456789", name: acme/api }
    environment: night
    refs: [refs/heads/main]
accounts: { ci: { "1001": olga@acme.test, "1003": sam@acme.test } }
gates:
  - { client: api-deploy, environment: production, role: orders-db/read, for: 30m }
admins: [security]
`;

let all: GithubWorld;
beforeAll(async () => {
  all = await startGithubWorld(rulesOf);
});
afterAll(() => all.stop());

const READ = { role: 'orders-db/read', for: '10m', reason: 'migration of release 118' };

const waitingRun = async (more: Partial<Run> = {}): Promise<Run> => {
  const run = all.github.addRun({ repository: all.repository, ...more });
  await all.github.requestGate(run, 'production');
  return run;
};

const requestsOf = (run: Run): Promise<{ state: string; attempt: number }[]> =>
  all.world.sql(
    `select state, (job ->> 'attempt')::int as attempt from requests where job ->> 'run' = $1 order by created_at`,
    [String(run.id)],
  );

const active = async (session: string, id: string): Promise<Body> => {
  let body = (await all.call('GET', `/requests/${id}`, { session })).body;
  while (body['state'] === 'pending' || body['state'] === 'approved')
    body = (await all.call('GET', `/requests/${id}?wait=20&version=${String(body['version'])}`, { session })).body;
  return body;
};

test('a person approves the deployment, and the job has its access without a second click', async () => {
  const run = await waitingRun();
  const message = await all.card(`run ${run.id}`);
  const text = seen(message);
  for (const shown of ['acme/api', 'deploy.yml', 'refs/heads/main', run.sha.slice(0, 12), 'robin-gh', 'production'])
    expect(text).toContain(shown);
  expect(text).toContain(`https://github.com/acme/api/actions/runs/${run.id}`);
  expect(text).toContain(`https://github.com/acme/api/commit/${run.sha}`);
  await until(() => gateOf(run).reports[0]?.includes('Waiting for'), 'a report to GitHub');

  await all.world.slack.as('olga').click(message, 'approve');
  await until(() => gateOf(run).state === 'approved', 'the answer to GitHub');
  expect(gateOf(run).comment).toMatch(/^Approved by olga[^]*An owner agrees[^]*\[The request in Slack\]\(http/i);
  expect(await all.world.logins()).toEqual([]);

  const stranger = await all.sessionOf(run, { sha: 'f'.repeat(40) });
  const other = await all.call('POST', '/requests', { session: stranger, body: READ });
  expect(other).toMatchObject({ status: 201, body: { state: 'pending' } });
  await all.call('POST', `/requests/${String(other.body['id'])}/cancel`, { session: stranger });

  const job = all.github.addJob(run, 81_001);
  const session = await all.sessionOf(run, { check_run_id: '81001' });
  const found = await all.call('POST', '/requests', { session, body: READ });
  expect(found).toMatchObject({ status: 200, body: { for: '30m', by: expect.stringMatching(/olga/i) } });
  const id = String(found.body['id']);
  expect((await active(session, id))['state']).toBe('active');
  expect((await all.call('POST', `/requests/${id}/credentials`, { session })).status).toBe(200);
  const second = await all.call('POST', '/requests', { session: await all.sessionOf(run), body: READ });
  expect(second).toMatchObject({ status: 201, body: { state: 'pending' } });

  const begun = performance.now();
  await all.github.completeJob(run, job);
  await until(async () => (await all.world.logins()).length === 0, 'the end of the access');
  expect(performance.now() - begun).toBeLessThan(20_000);
  const [grant] = await all.world.sql<{ cause: string }>(
    'select end_cause as cause from grants where request_id = $1',
    [id],
  );
  expect(grant?.cause).toBe('job_completed');
});

test('a denial is told with its reason, and a deployment that a rule denies is rejected at once', async () => {
  const run = await waitingRun();
  const message = await all.card(`run ${run.id}`);
  await all.world.slack.as('olga').click(message, 'deny');
  await all.world.slack.waitFor(() => all.world.slack.as('olga').modal());
  await all.world.slack.as('olga').type('reason', 'Not before the backup @all');
  await all.world.slack.as('olga').submit();
  await until(() => gateOf(run).state === 'rejected', 'the answer to GitHub');
  expect(gateOf(run).comment).toMatch(/^Denied by olga[^]*Not before the backup/i);
  expect(gateOf(run).comment).not.toContain('@all');

  const branch = await waitingRun({ branch: 'dev' });
  await until(() => gateOf(branch).state === 'rejected', 'the rejection');
  expect(gateOf(branch).comment).toContain('refs/heads/main');
  expect(await requestsOf(branch)).toEqual([]);

  const tag = await waitingRun({ branch: 'main', isTag: true, sha: 'e'.repeat(40) });
  await until(() => gateOf(tag).state === 'rejected', 'the rejection of the tag that is called as the branch');
  expect(gateOf(tag).comment).toContain('is not of refs/heads/main');
  expect(await requestsOf(tag)).toEqual([]);
});

test('what is not decided in time is rejected', async () => {
  const run = await waitingRun();
  await all.card(`run ${run.id}`);
  await all.world.sql(
    `update requests set lapses_at = clock_timestamp(), created_at = clock_timestamp() - interval '4 hours' where job ->> 'run' = $1`,
    [String(run.id)],
  );
  await until(() => gateOf(run).state === 'rejected', 'the answer to GitHub');
  expect(gateOf(run).comment).toContain('Not decided within 4h');
});

test('who started the run does not approve it, and another attempt is another request', async () => {
  const run = await waitingRun({ actor: { id: 1001, login: 'olga-gh' } });
  const message = await all.card(`run ${run.id}`);
  await all.world.slack.as('olga').click(message, 'approve');
  all.github.rerun(run);
  await all.github.requestGate(run, 'production');
  await until(async () => (await requestsOf(run)).length === 2, 'the request of the other attempt');
  const states = await requestsOf(run);
  expect(states.map(({ attempt }) => attempt)).toEqual([1, 2]);
  expect(states.every(({ state }) => state !== 'approved')).toBe(true);
});

test('who ran the job of somebody else again does not approve it, and is named', async () => {
  const run = all.github.addRun({ repository: all.repository });
  const ask = async (job: string, reason: string): Promise<{ status: number }> => {
    const session = await all.sessionOf(run, { check_run_id: job, environment: 'night', ref: 'refs/heads/main' });
    return all.call('POST', '/requests', { session, body: { ...READ, reason } });
  };
  await ask('91001', 'The first attempt at night');
  expect(seen(await all.card('The first attempt at night'))).toContain('Started by *dana-gh*');

  all.github.rerun(run, { id: 1001, login: 'olga-gh' });
  expect(await ask('91002', 'Olga runs it again')).toMatchObject({ status: 201 });
  const again = await all.card('Olga runs it again');
  expect(seen(again)).toContain('this attempt by olga-gh');
  await all.world.slack.as('olga').click(again, 'approve');
  await until(
    () =>
      all.world.slack
        .as('olga')
        .messages('prod-access')
        .some(({ ephemeralFor }) => ephemeralFor),
    'a refusal',
  );

  all.github.rerun(run, { id: 1001, login: 'olga-gh' });
  all.github.state.fault = 'error';
  expect(await ask('91003', 'GitHub is down')).toMatchObject({ status: 503 });
  all.github.state.fault = null;
  const states = await requestsOf(run);
  expect(states).toEqual([
    { state: 'pending', attempt: 1 },
    { state: 'pending', attempt: 2 },
  ]);
});

test('a cancelled run takes back its request', async () => {
  const run = await waitingRun();
  await all.card(`run ${run.id}`);
  await all.github.cancelRun(run);
  await until(async () => (await requestsOf(run))[0]?.state === 'cancelled', 'the cancellation');
});

test('a deployment that another rule rejected takes back its request', async () => {
  const run = await waitingRun();
  await all.card(`run ${run.id}`);
  await all.github.rejectElsewhere(run, 'production');
  await until(async () => (await requestsOf(run))[0]?.state === 'cancelled', 'the cancellation');
});

test('an administrator who bypasses the rule on GitHub starts the job, and gives it nothing: it waits for an approver', async () => {
  const run = await waitingRun();
  await all.card(`run ${run.id}`);
  await all.github.bypass(run, 'production');
  all.github.addJob(run, 81_501);
  const session = await all.sessionOf(run, { check_run_id: '81501' });
  const wanted = await all.call('POST', '/requests', { session, body: READ });
  expect(wanted.body).toMatchObject({ state: 'pending' });
  const id = String(wanted.body['id']);
  expect(await all.world.logins()).toEqual([]);
  expect((await all.call('POST', `/requests/${id}/credentials`, { session })).status).toBe(409);
  const cards = () => all.world.slack.as('olga').messages('prod-access');
  await until(async () => {
    const card = cards().findLast((one) => JSON.stringify(one).includes(`"value":"${id}:`));
    if (card) await all.world.slack.as('olga').click(card, 'approve');
    return (await requestsOf(run)).some(({ state }) => state === 'approved');
  }, 'the approval');
  expect((await active(session, id))['state']).toBe('active');
  await all.github.cancelRun(run);
  await until(async () => (await all.world.logins()).length === 0, 'the end of the access');
});

test('an approval that no job came for ends with its run', async () => {
  const run = await waitingRun();
  await all.world.slack.as('olga').click(await all.card(`run ${run.id}`), 'approve');
  await until(() => gateOf(run).state === 'approved', 'the answer to GitHub');
  await all.github.cancelRun(run);
  await until(
    async () =>
      (
        await all.world.sql(
          `select 1 from grants g join requests r on r.id = g.request_id where r.job ->> 'run' = $1 and g.state = 'removed'`,
          [String(run.id)],
        )
      ).length === 1,
    'the end of what was approved',
  );
});

test('a delivery that comes twice requests once', async () => {
  const run = all.github.addRun({ repository: all.repository });
  await all.github.requestGate(run, 'production', 'twice');
  await all.card(`run ${run.id}`);
  expect(await requestsOf(run)).toHaveLength(1);
});

test('what was lost is found within the time, and nothing forged is believed', { timeout: 120_000 }, async () => {
  const forged = all.github.addRun({ repository: all.repository });
  await all.github.requestGate(forged, 'production', 'forged');
  const weak = all.github.addRun({ repository: all.repository });
  await all.github.requestGate(weak, 'production', 'sha1');
  expect(all.github.state.deliveries.slice(0, 2).map(({ statusCode }) => statusCode)).toEqual([401, 401]);
  // The list of GitHub says what it sent itself: what somebody else sent is not in it.
  all.github.state.deliveries.splice(0, 2);
  const lost = all.github.addRun({ repository: all.repository });
  await all.github.requestGate(lost, 'production', 'lost');
  const cancelled = await waitingRun();
  await all.card(`run ${cancelled.id}`);
  await all.github.cancelRun(cancelled, 'lost');
  all.github.state.deliveries.shift();
  const SWEEP_MS = 60_000;
  await until(async () => (await requestsOf(lost)).length === 1, 'the lost one', SWEEP_MS);
  await until(async () => (await requestsOf(cancelled))[0]?.state === 'cancelled', 'the cancelled run', SWEEP_MS);
  expect(await requestsOf(forged)).toEqual([]);
  expect(await requestsOf(weak)).toEqual([]);
});

const folder = mkdtempSync(path.join(tmpdir(), 'latchkey-action-'));

/** As the runner runs a step of a JavaScript action: inputs and files in the environment, and the state of `main` for `post`. */
const runStep = async (
  step: 'main' | 'post',
  env: Record<string, string>,
): Promise<{ code: number | null; out: string }> => {
  const child = spawn(process.execPath, [`integrations/github-action/dist/${step}.mjs`], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (out += chunk.toString()));
  return new Promise((resolve) => {
    child.once('close', (code) => resolve({ code, out }));
  });
};

/** `name<<delimiter`, the value, the delimiter. */
const valuesIn = (file: string): Record<string, string> =>
  Object.fromEntries(
    [...readFileSync(file, 'utf8').matchAll(/^(.+)<<(.+)\n([^]*?)\n\2$/gm)].map(([, name = '', , value = '']) => [
      name,
      value,
    ]),
  );

test('the action requests, masks, hands over and gives back, as its runner runs it', async () => {
  const run = all.github.addRun({ repository: all.repository });
  const [output, state, variables] = ['output', 'state', 'env'].map((name) => path.join(folder, name));
  if (!output || !state || !variables) throw new Error('three files');
  for (const file of [output, state, variables]) writeFileSync(file, '');
  const claims = { jti: '', run_id: String(run.id), check_run_id: '82001', actor_id: '7' };
  const { url, secret } = all.issuer.tokenAddress(() => githubClaims({ ...claims, jti: randomUUID() }));
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_OUTPUT: output,
    GITHUB_STATE: state,
    GITHUB_ENV: variables,
    ACTIONS_ID_TOKEN_REQUEST_URL: url,
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
    INPUT_URL: all.address,
    INPUT_ROLE: READ.role,
    INPUT_REASON: 'Migration by the action',
    INPUT_ENV: 'DATABASE_URL=url',
  };
  const main = runStep('main', env);
  await all.world.slack.as('olga').click(await all.card('Migration by the action'), 'approve');
  const { code, out } = await main;
  expect({ code, out }).toMatchObject({ code: 0 });
  const given = valuesIn(output);
  expect(Object.keys(given)).toEqual(
    expect.arrayContaining(['request', 'grant', 'expires-at', 'host', 'user', 'password', 'url']),
  );
  expect(out).toContain(`::add-mask::${given['password']}`);
  expect(valuesIn(variables)).toEqual({ DATABASE_URL: given['url'] });
  const rows = await withClient(
    given['url'] ?? '',
    async (client) => (await client.query('select item from orders')).rows,
  );
  expect(rows).toHaveLength(2);
  const states = Object.fromEntries(Object.entries(valuesIn(state)).map(([name, value]) => [`STATE_${name}`, value]));
  expect(await runStep('post', { ...env, ...states })).toMatchObject({ code: 0 });
  expect(await all.world.logins()).toEqual([]);

  const denied = await runStep('main', { ...env, INPUT_ROLE: 'orders-db/write' });
  expect(denied).toMatchObject({
    code: 77,
    out: expect.stringContaining('::error title=Latchkey::Denied: Not by a pipeline.'),
  });
});
