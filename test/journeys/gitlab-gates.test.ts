/** A deployment of GitLab waits for approvals, is decided in Slack, and its job finds what was approved; strictly by a stand-in of GitLab's API. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { startGitlab } from '../../sandbox/src/gitlab/gitlab.ts';
import type { Gitlab } from '../../sandbox/src/gitlab/gitlab.ts';
import type { Deployment } from '../../sandbox/src/gitlab/state.ts';
import { gitlabClaims } from '../../sandbox/src/issuer/claims.ts';
import { startIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { StandInIssuer } from '../../sandbox/src/issuer/issuer.ts';
import type { Message } from '../../sandbox/src/slack/types.ts';
import { examineGitlab } from '../../src/gitlab-api/examine.ts';
import type { App } from '../../src/compose/app.ts';
import { incidentsOf } from '../support/incident.ts';
import { startFront } from '../support/job.ts';
import type { Front } from '../support/job.ts';
import { makeJobImage, readIntegration } from '../support/job-image.ts';
import type { JobImage, Ran } from '../support/job-image.ts';
import { overrideFreeze } from '../support/override.ts';
import { untilRemoved } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const LONG = 300_000;
const SOON = { timeout: 60_000 };
const SECRET = 'webhook-secret-of-this-test';
const BOT = { id: 900, username: 'latchkey-bot' };
const OMAR = { id: 42, username: 'omar-gl' };

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 30m }
      migrate: { title: Migrations, scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m, sensitive: true }`;

const rulesOf = (url: string, keys: string, audience: string): string => `
rules:
  - name: No deployments at peak
    match: { clients: [lab-peak] }
    when: '"peak" in freezes'
    deny: Peak season.
  - name: No deployments to staging
    match: { clients: [lab-stage], gates: [staging] }
    deny: Staging is being rebuilt.
  - name: Deployments need an owner
    match: { clients: [lab-deploy] }
    approvals: [{ from: owners }]
  - name: Staging needs an admin of databases
    match: { clients: [lab-stage], gates: [staging] }
    approvals: [{ from: dba }]
  - name: An owner agrees
    match: { roles: ["*/*"] }
    approvals: [{ from: owners }]
gates:
  - { client: lab-deploy, environment: production, role: orders-db/migrate, for: 10m }
  - { client: lab-stage, environment: staging }
  - { client: lab-peak, environment: peak, role: orders-db/migrate, for: 10m }
freezes: { peak: { from: 2020-01-01, to: 2099-01-04, why: Peak season, override: [security] } }
incidents: { channels: ["inc-*"] }
limits: { open_requests: 100, live_grants: 100 }
issuers: { lab: { kind: gitlab, url: "${url}", keys: "file:${keys}" } }
clients:
  lab-deploy: { issuer: lab, audience: "${audience}", project: { id: "77", name: acme/shop }, environment: production, refs: [refs/heads/main] }
  lab-stage: { issuer: lab, audience: "${audience}", project: { id: "77", name: acme/shop }, environment: staging, refs: [refs/heads/main] }
  lab-peak: { issuer: lab, audience: "${audience}", project: { id: "77", name: acme/shop }, environment: peak, refs: [refs/heads/main] }
accounts: { lab: { "42": sam@acme.test } }
admins: [security]
`;

let folder: string;
let issuer: StandInIssuer;
let gitlab: Gitlab;
let token: string;
let front: Front;
let world: World;
let app: App;
let image: JobImage;

beforeAll(async () => {
  image = await makeJobImage(() => front.url);
  folder = mkdtempSync(path.join(tmpdir(), 'latchkey-gitlab-'));
  issuer = await startIssuer();
  gitlab = await startGitlab();
  token = gitlab.addToken(BOT);
  const approvals = { production: 1, staging: 1, peak: 1 };
  gitlab.addProject({ id: 77, path: 'acme/shop', tier: 'premium', members: [BOT, OMAR], approvals });
  const keys = path.join(folder, 'jwks.json');
  writeFileSync(keys, JSON.stringify({ keys: [issuer.key().jwk] }));
  front = await startFront();
  world = await startWorld({ roles: ROLES, rules: rulesOf(gitlab.url, keys, front.url) });
  Object.assign(world.env, {
    LATCHKEY_GITLAB_TOKEN: token,
    LATCHKEY_GITLAB_URL: gitlab.url,
    LATCHKEY_GITLAB_WEBHOOK_SECRET: SECRET,
  });
  app = await world.start();
  front.leadTo(app.port);
}, LONG);
afterAll(async () => {
  await world.stop();
  await front.close();
  await Promise.all([gitlab.stop(), issuer.stop()]);
  rmSync(folder, { recursive: true, force: true });
  image.remove();
});

const deploy = (more: Partial<Parameters<Gitlab['addDeployment']>[0]> = {}): Deployment =>
  gitlab.addDeployment({ project: 77, environment: 'production', starter: OMAR, ...more });

/** As GitLab sends it when the job of a blocked deployment becomes manual. */
const nudge = async (): Promise<void> => {
  const answer = await fetch(`${front.url}/hooks/gitlab`, {
    method: 'POST',
    headers: { 'x-gitlab-event': 'Job Hook', 'x-gitlab-token': SECRET, 'content-type': 'application/json' },
    body: JSON.stringify({
      object_kind: 'build',
      build_id: 6001,
      build_status: 'manual',
      project_id: 77,
      pipeline_id: 601,
      repository: { homepage: `${gitlab.url}/acme/shop` },
    }),
  });
  expect(answer.status).toBe(202);
};

type GitlabJob = { extends: string; environment: string; script: string[] };

/** The script of `integrations/gitlab/deploy.gitlab-ci.yml`, as the runner runs it with the variables and the token of this job. */
const runExample = async ({ pipeline, job, sha, environment }: Deployment): Promise<Ran> => {
  const { migrate } = parse(readIntegration('gitlab/deploy.gitlab-ci.yml')) as { migrate: GitlabJob };
  expect(migrate).toMatchObject({ extends: '.latchkey', environment: 'production' });
  return image.shell(migrate.script.join('\n'), {
    CI_COMMIT_SHORT_SHA: sha.slice(0, 8),
    LATCHKEY_ID_TOKEN: await issuer.mint(
      gitlabClaims({
        ...{ iss: gitlab.url, aud: front.url, pipeline_id: String(pipeline), job_id: String(job), sha, environment },
        // Who starts an approved job is its user from then on.
        ...{ user_id: String(BOT.id), user_login: BOT.username },
      }),
    ),
  });
};

const newest = async () => {
  const [row] = await world.sql<{ id: string; state: string; grant: string | null }>(
    `select r.id, r.state, g.state as grant from requests r left join grants g on g.request_id = r.id order by r.created_at desc limit 1`,
  );
  return row;
};

/** What its button decides on. */
const approvalOf = (card: Message): string | undefined =>
  /"action_id":"approve"[^}]*"value":"([^"]+)"|"value":"([^"]+)"[^}]*"action_id":"approve"/
    .exec(JSON.stringify(card))
    ?.slice(1)
    .find((value) => value !== undefined);

const cardWith = (text: string) =>
  world.slack.waitFor(
    () =>
      world.slack
        .as('olga')
        .messages('prod-access')
        .findLast((message) => seen(message).includes(text)),
    { what: `the card with "${text}"`, timeoutMs: 60_000 },
  );

test(
  'approved in Slack, approved and started on GitLab by name, and the job finds the approval',
  { timeout: LONG },
  async () => {
    const deployment = deploy();
    await nudge();
    await expect.poll(async () => (await newest())?.state, SOON).toBe('pending');
    const card = await cardWith(`pipeline ${deployment.pipeline}`);
    expect(seen(card)).toContain('acme/shop');
    expect(seen(card)).toContain('Diff');
    // Sam started it, by his account at GitLab.
    await world.slack.as('sam').click(card, 'approve');
    await expect.poll(() => world.sql(`select 1 from audit_events where type = 'vote.refused'`), SOON).toHaveLength(1);
    expect(deployment.status).toBe('blocked');
    await world.slack.as('olga').click(card, 'approve');
    await expect.poll(() => deployment.jobStatus, SOON).toBe('pending');
    expect(deployment.approvals).toEqual([
      { by: BOT, status: 'approved', comment: expect.stringMatching(/^Approved by olga.*Deployments need an owner/i) },
    ]);
    await cardWith('that this deployment starts gets it');
    expect(await world.logins()).toEqual([]);

    expect(await runExample(deployment)).toMatchObject({ code: 0, out: '[{"orders":2}]\n' });
    await untilRemoved(world);
    expect(await world.sql(`select 1 from audit_events where type = 'deployment.answered'`)).toHaveLength(1);
    expect(await world.sql('select 1 from requests')).toHaveLength(1);
  },
);

test(
  'a freeze rejects it with the command to override it, and the job that is retried finds what was overridden',
  { timeout: LONG },
  async () => {
    const starter = { id: 43, username: 'dana-gl' };
    const frozen = deploy({ environment: 'peak', starter });
    await nudge();
    await expect.poll(() => frozen.status, SOON).toBe('failed');
    const [said] = frozen.approvals;
    expect(said?.comment).toContain('Freeze "peak" (Peak season) ends on Sunday 4 January 2099');
    const [, id = ''] = /\/prod-access override (\w+) in Slack, then run this again\.$/.exec(said?.comment ?? '') ?? [];
    expect(id).not.toBe('');

    world.slack.as('sam').createChannel('inc-9');
    await incidentsOf(world).prompt('inc-9', '', { who: 'sam' });
    await overrideFreeze(world, { who: 'sam', id, channel: 'inc-9' });
    const card = await cardWith('Freeze peak');
    const retried = deploy({ environment: 'peak', starter, pipeline: frozen.pipeline });
    await nudge();
    const claimed = () =>
      world.sql(`select 1 from audit_events where type = 'request.claimed' and data like '%deployment%'`);
    await expect.poll(claimed, SOON).toHaveLength(1);
    expect(retried.status).toBe('blocked');
    // What a job took over is another request to its approvers: the card that they read before decides nothing any more.
    const refreshed = await world.slack.waitFor(
      () => {
        const newest = world.slack
          .as('olga')
          .messages('prod-access')
          .findLast(({ ts }) => ts === card.ts);
        return newest && approvalOf(newest) !== approvalOf(card) ? newest : null;
      },
      { what: 'the refreshed card' },
    );
    await world.slack.as('olga').click(refreshed, 'approve');
    await expect.poll(() => retried.jobStatus, SOON).toBe('pending');
    expect(await runExample(retried)).toMatchObject({ code: 0, out: '[{"orders":2}]\n' });
    await untilRemoved(world);
  },
);

test('denied in Slack it is rejected with the reason, within what GitLab keeps of it', { timeout: LONG }, async () => {
  const deployment = deploy({ sha: 'a'.repeat(40) });
  await nudge();
  const card = await cardWith(`pipeline ${deployment.pipeline}`);
  expect(JSON.stringify(card)).toContain('/-/compare/');
  const olga = world.slack.as('olga');
  await olga.click(card, 'deny');
  await world.slack.waitFor(() => olga.modal());
  await olga.type('reason', `not *this* commit: ${'it breaks the shop. '.repeat(20)}`);
  await olga.submit();
  await expect.poll(() => deployment.status, SOON).toBe('failed');
  const [said] = deployment.approvals;
  expect(said).toMatchObject({
    status: 'rejected',
    comment: expect.stringMatching(/^Denied by olga.*not \*this\* commit/i),
  });
  expect(Array.from(said?.comment ?? '')).toHaveLength(255);
});

test('a rule, another branch, and a decision on GitLab itself', { timeout: LONG }, async () => {
  const before = (await world.sql('select 1 from requests')).length;
  const byRule = deploy({ environment: 'staging' });
  const branch = deploy({ ref: 'attack' });
  await nudge();
  await expect.poll(() => [byRule.status, branch.status], SOON).toEqual(['failed', 'failed']);
  expect(byRule.approvals[0]?.comment).toContain('Staging is being rebuilt.');
  expect(branch.approvals[0]?.comment).toContain('ref_path must be');
  expect((await world.sql('select 1 from requests')).length).toBe(before);

  const there = deploy();
  await nudge();
  await cardWith(`pipeline ${there.pipeline}`);
  there.status = 'canceled';
  await expect.poll(async () => (await newest())?.state, SOON).toBe('cancelled');
});

test('an outage of GitLab loses no answer', { timeout: LONG }, async () => {
  const deployment = deploy();
  await nudge();
  const card = await cardWith(`pipeline ${deployment.pipeline}`);
  gitlab.state.fault = 'error';
  await world.slack.as('olga').click(card, 'approve');
  await expect.poll(async () => (await newest())?.state, SOON).toBe('approved');
  expect(deployment.status).toBe('blocked');
  gitlab.state.fault = null;
  await expect.poll(() => deployment.jobStatus, SOON).toBe('pending');
  expect(deployment.approvals).toHaveLength(1);
});

test('doctor says what is missing: the tier, the approvals, the scope, the project', { timeout: LONG }, async () => {
  const look = async (projectId: string, environment: string, own = token) => {
    const { findings } = await examineGitlab({ url: gitlab.url, token: own }, [{ projectId, environment }]);
    return findings.map(({ code, message }) => `${code}: ${message}`);
  };
  expect(await look('77', 'production')).toEqual([]);
  gitlab.addProject({ id: 78, path: 'acme/free', tier: 'free', members: [BOT], approvals: {} });
  gitlab.addProject({ id: 79, path: 'acme/open', tier: 'premium', members: [BOT], approvals: { production: 0 } });
  expect(await look('78', 'production')).toEqual([
    expect.stringMatching(/^gitlab_approvals: .*acme\/free.*GitLab Premium or Ultimate/),
  ]);
  expect(await look('79', 'production')).toEqual([expect.stringContaining('requires no approval')]);
  expect(await look('80', 'production')).toEqual([expect.stringMatching(/^gitlab_project: /)]);
  const reading = gitlab.addToken(BOT, ['read_api']);
  expect(await look('77', 'production', reading)).toEqual([expect.stringMatching(/^gitlab_scope: .*takes api/)]);
});
