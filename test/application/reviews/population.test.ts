/** The lines of a review: of roles with the rules that could let somebody in, of clients and of break-glass like people and roles. */
import { expect, test } from 'vitest';
import type { CampaignReads } from '../../../src/application/reviews/campaign-ports.ts';
import { populationOf } from '../../../src/application/reviews/population.ts';
import type { CampaignPlan } from '../../../src/domain/reviews/campaign.ts';
import type { Policy } from '../../../src/domain/policy/types.ts';
import { changed, load } from '../../config/made.ts';

const CLIENTS = `issuers: { github: { kind: github } }
clients:
  deploy: { issuer: github, audience: latchkey, repository: { id: "456789", name: acme/api }, refs: [refs/heads/main] }
  idle: { issuer: github, audience: latchkey, repository: { id: "456790", name: acme/old }, refs: [refs/heads/main] }
`;
const RULE = `rules:
  - { name: Deployments read at once, match: { clients: [deploy], roles: ["*/read"] }, approve: true }
`;

const policyOf = (text = `${changed('rules:\n', RULE)}${CLIENTS}`): Policy => {
  const loaded = load(text);
  if ('problems' in loaded) throw new Error(JSON.stringify(loaded.problems));
  return loaded.policy;
};

const reads = {
  clientHistory: () => Promise.resolve([{ id: 'client:deploy', requests: 31, grants: 30 }]),
  roleHistory: () => Promise.resolve([]),
  breakGlassUses: () =>
    Promise.resolve([
      {
        ...{
          grantId: 'g1',
          target: Object.keys(policyOf().targets)[0] ?? '',
          role: 'read',
          at: new Date('2026-09-01T03:12:00Z'),
        },
        ...{ personId: 'T1:UADA', name: 'Ada', reason: 'checkout is down', outcome: null },
      },
      {
        ...{ grantId: 'g2', target: 'a-target-that-is-gone', role: 'read', at: new Date('2026-09-02T03:12:00Z') },
        ...{ personId: 'T1:UADA', name: 'Ada', reason: 'checkout is down', outcome: 'justified' },
      },
    ]),
} satisfies Partial<CampaignReads>;

const linesOf = (what: CampaignPlan['what'], policy = policyOf()) => {
  const plan: CampaignPlan = {
    ...{ name: 'x', every: 'quarter', what, targets: ['*'], by: ['owners'], withinMs: 1, silence: 'escalate' },
  };
  const deps = { store: { read: reads }, directory: {} } as unknown as Parameters<typeof populationOf>[0];
  return populationOf(deps, policy, plan);
};

test('each client has a line with what lets it in and what it used, also one that nothing lets in', async () => {
  const lines = await linesOf('clients');
  expect(lines.map(({ subject, facts }) => [subject, Object.fromEntries(facts)])).toEqual([
    [
      'deploy',
      {
        Issuer: 'github',
        Rules: '"Deployments read at once" approves by itself',
        'Last 90 days': '31 requests, 30 grants',
      },
    ],
    ['idle', { Issuer: 'github', Rules: 'none: it gets nothing', 'Last 90 days': 'no request' }],
  ]);
  // A client has no one target, so that its lines are the admins'.
  expect(lines.map(({ reviewers }) => reviewers)).toEqual([policyOf().admins, policyOf().admins]);
});

test('each use of break-glass has a line that its user does not decide', async () => {
  const lines = await linesOf('break_glass');
  const target = Object.values(policyOf().targets)[0];
  expect(lines).toEqual([
    {
      subject: `${target?.name}/read, g1`,
      facts: [
        ['Who', 'Ada'],
        ['When (UTC)', '2026-09-01 03:12:00'],
        ['Reason', 'checkout is down'],
        ['Follow-up', 'open'],
      ],
      about: ['T1:UADA'],
      reviewers: target?.owners,
    },
  ]);
});

const STOCK = `targets:
  stock:
    provider: postgres
    config: { url: "\${ORDERS_DB_ADMIN_URL}" }
    owners: [sre]
    roles: { read: { scope: { member_of: [r] }, max: 1h } }
`;
const OF_TARGETS = `rules:
  - { name: Stock for SRE, match: { targets: [stock], groups: [sre] }, approvals: [{ from: dba }] }
  - { name: Orders for SRE, match: { targets: [ord*], groups: [sre] }, approve: true }
`;

test('a role has the rules that could decide a request for it, and none that names other targets', async () => {
  const policy = policyOf(changed('rules:\n', OF_TARGETS).replace('targets:\n', () => STOCK));
  const lines = await linesOf('roles', policy);
  expect(lines.map(({ subject, facts }) => [subject, Object.fromEntries(facts)['Who gets in']])).toEqual([
    ['stock/read', '"Stock for SRE" needs 1 of dba; "Rest" needs 1 of owners'],
    ['orders/read', '"Orders for SRE" approves by itself; "Rest" needs 1 of owners'],
    [
      'orders/write',
      '"Orders for SRE" approves by itself; "Writes" needs 1 of owners and 1 of sre; "Rest" needs 1 of owners',
    ],
  ]);
});
