/** The account that started a job, where neither the policy nor a link says whose it is. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { callerFromSession } from '../../src/application/identity/caller.ts';
import { clientIdOf } from '../../src/domain/principals/client.ts';
import type { ClientJob, IssuerKind } from '../../src/domain/principals/client.ts';
import { clientSessionOf } from '../../src/http/auth/login.ts';
import { jobOf } from '../../src/domain/clients/job.ts';
import { gitlabClaims } from '../../sandbox/src/issuer/claims.ts';
import { codeOf } from '../support/refusal.ts';
import { POLICY, policyOf, seen, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const withAccounts = (more: string, unlinked = 'restrict'): string =>
  POLICY.replace(
    'rules:\n',
    `issuers: { github: { kind: github }, gitlab: { kind: gitlab }, cluster: { kind: kubernetes, url: "https://k8s.acme.test" } }
clients:
  api-deploy: { issuer: github, audience: latchkey, repository: { id: "1", name: acme/api }, environment: production }
  lab-deploy: { issuer: gitlab, audience: latchkey, project: { id: "77" }, environment: production, refs: ["refs/heads/main"] }
  cron: { issuer: cluster, audience: latchkey, service_account: { namespace: ops, name: nightly } }
unlinked_accounts: ${unlinked}
${more}
rules:
`,
  );
const ACCOUNTS = 'accounts: { github: { "2002": sam@acme.test, "2003": "sam+other@acme.test" } }';
const KNOWN = withAccounts(ACCOUNTS);

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ policy: KNOWN });
});
afterEach(() => rig.stop());

const JOB: ClientJob = {
  key: 'k',
  repository: 'acme/api',
  repositoryId: '1',
  ref: 'refs/heads/main',
  environment: 'production',
  workflow: 'deploy.yml',
  event: 'push',
  run: '4711',
  attempt: 1,
  sha: 'f00d',
  actor: 'octo`<!channel>',
  actorId: '1001',
  subject: '',
  runUrl: null,
};
const CLIENTS: Partial<Record<IssuerKind, string>> = { github: 'api-deploy', gitlab: 'lab-deploy', kubernetes: 'cron' };
const ISSUERS: Partial<Record<IssuerKind, string>> = { github: 'github', gitlab: 'gitlab', kubernetes: 'cluster' };

const requested = async (job: Partial<ClientJob> = {}, kind: IssuerKind = 'github'): Promise<string> => {
  const name = CLIENTS[kind] ?? '';
  const result = await rig.verbs.createRequest({
    caller: callerFromSession({
      client: {
        kind: 'client',
        id: clientIdOf(name),
        name,
        issuer: ISSUERS[kind] ?? '',
        issuerKind: kind,
        binding: '',
        channel: null,
      },
      job: { ...JOB, ...job },
      startedBy: [],
    }),
    target: 'orders-db',
    role: 'read',
    durationMs: null,
    reason: 'migrate the orders',
    ticket: null,
    idempotencyKey: null,
  });
  if (result.outcome !== 'sent') throw new Error(result.outcome);
  await rig.settle();
  return result.view.request.id;
};

const vote = (userId: string, requestId: string, kind: 'approve' | 'deny' = 'approve') =>
  rig.useCases.vote({ userId, requestId, kind, reason: kind === 'deny' ? 'not now' : null });
const card = (): string => seen(rig.slack.as('olga').messages('prod-access').at(-1));

describe('who started a job', () => {
  test('is named, and only an approver with a known account counts', async () => {
    const id = await requested();
    expect(card()).toContain("*Not linked:* `octo'&lt;!channel&gt;`, who started it.");
    expect(card()).toContain('an approval by <@U0OLGA> does not count yet');
    expect(await codeOf(vote('U0OLGA', id))).toBe('account_needed');
    expect((await rig.store.read.view(id))?.votes).toEqual([]);
    expect((await vote('U0SAM', id)).outcome).toBe('decided');
  });

  test('counts nobody out from denying it', async () => {
    const id = await requested();
    expect((await vote('U0OLGA', id, 'deny')).outcome).toBe('decided');
  });

  test('restricts no one where the policy allows it, and is named all the same', async () => {
    rig.setPolicy(withAccounts(ACCOUNTS, 'allow'));
    const id = await requested();
    expect(card()).toContain('It could be an approver’s own account. To show whose it is,');
    expect((await vote('U0OLGA', id)).outcome).toBe('decided');
  });

  test('is known by an issuer of its own only: an account of another gives nothing', async () => {
    rig.setPolicy(withAccounts('accounts: { gitlab: { "9": olga@acme.test, "10": sam@acme.test } }'));
    const id = await requested();
    expect(await codeOf(vote('U0OLGA', id))).toBe('account_needed');
    expect(await codeOf(vote('U0SAM', id))).toBe('account_needed');
  });

  test('is not known by an account of somebody who is only like the approver', async () => {
    rig.setPolicy(withAccounts('accounts: { github: { "2003": "olga+other@acme.test" } }'));
    expect(await codeOf(vote('U0OLGA', await requested()))).toBe('account_needed');
  });

  test('is not asked about where the issuer names nobody', async () => {
    const id = await requested({ actor: '', actorId: '', attempt: 0 }, 'kubernetes');
    expect(card()).not.toContain('Not linked');
    expect((await vote('U0OLGA', id)).outcome).toBe('decided');
  });

  test('is another one where the job was run again and nobody says by whom', async () => {
    rig.setPolicy(withAccounts('accounts: { github: { "1001": ada@acme.test, "2002": sam@acme.test } }'));
    const id = await requested({ attempt: 2 });
    expect(card()).toContain('*Not linked:* the account who ran it again.');
    expect(await codeOf(vote('U0OLGA', id))).toBe('account_needed');
    const known = await requested({ key: 'other', attempt: 2, ranAgainBy: 'ada-gh' });
    expect((await vote('U0OLGA', known)).outcome).toBe('decided');
  });

  test('is known from when it is listed on, also for a request that waits', async () => {
    const id = await requested();
    rig.setPolicy(KNOWN.replace('"2002": sam', '"1001": ada@acme.test, "2002": sam'));
    expect((await vote('U0OLGA', id)).outcome).toBe('decided');
  });
});

test('an address in GitLab’s token counts against the member who has it, and shows nobody else', async () => {
  const policy = policyOf(withAccounts(''));
  rig.setPolicy(withAccounts(''));
  const [issuer, client] = [policy.issuers['gitlab'], policy.clients['lab-deploy']];
  if (!issuer || !client) throw new Error('no issuer');
  const job = jobOf(issuer, { ...gitlabClaims(), user_email: 'olga@acme.test' }, 'token');
  const session = clientSessionOf({ client, issuer, job, expiresAt: new Date() }, policy);
  const made = await rig.verbs.createRequest({
    caller: callerFromSession(session),
    target: 'orders-db',
    role: 'read',
    durationMs: null,
    reason: 'migrate the orders',
    ticket: null,
    idempotencyKey: null,
  });
  if (made.outcome !== 'sent') throw new Error(made.outcome);
  await rig.settle();
  expect(card()).toContain('*Not linked:* `omar-gl`, who started it.');
  expect(card()).toContain('`/prod-access link gitlab`');
  expect(card()).not.toContain('olga@acme.test');
  expect(await codeOf(vote('U0OLGA', made.view.request.id))).toBe('own_request');
  expect(await codeOf(vote('U0SAM', made.view.request.id))).toBe('account_needed');
  rig.setPolicy(withAccounts('accounts: { gitlab: { "10": sam@acme.test } }'));
  expect((await vote('U0SAM', made.view.request.id)).outcome).toBe('decided');
});
