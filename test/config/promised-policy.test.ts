/** The policy that users were promised, as it stands in what they were given: it loads, its tests pass, and what is left out means what was promised. */
import { expect, test } from 'vitest';
import { loadPolicy } from '../../src/config/policy-file.ts';
import { testPolicy } from '../../src/config/policy-commands.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';

const PROMISED = `version: 1
timezone: Europe/Berlin

groups:
  sre:      { slack_usergroup: sre }
  dba:      { people: [dana@acme.test, U024BE7LH] }
  on-call:  { slack_usergroup: on-call }
  security: { people: [sam@acme.test] }

targets:
  orders-db:
    title: Orders database
    provider: postgres
    config: { url: "\${ORDERS_DB_ADMIN_URL}" }
    owners: [dba]
    channel: "#prod-access"
    warning: Holds customer addresses.
    roles:
      read:  { title: Read only,  scope: { member_of: [app_read] },  max: 4h, default: 30m }
      migrate: { title: Migrate, scope: { member_of: [app_write] }, max: 1h, default: 15m }
      write: { title: Read-write, scope: { member_of: [app_write] }, max: 1h, default: 15m, sensitive: true }

rules:
  - name: No writes in the freeze
    match: { roles: ["*/write"] }
    when: now >= timestamp("2026-12-20T00:00:00Z") && now < timestamp("2027-01-04T00:00:00Z")
    deny: Change freeze until 4 January.
  - name: On-call reads at once in an open incident
    match: { roles: ["*/read"] }
    when: '"on-call" in requester.groups && incident.open'
    approve: true
  - name: Writes need an owner and an SRE
    match: { roles: ["*/write"] }
    require: { ticket: "^[A-Z]+-\\\\d+$", reason: 20 }
    approvals: [{ from: owners }, { from: sre, count: 1 }]
    in_order: false
    escalate: { after: 15m, to: security }
  - name: Everything else needs one owner
    approvals: [{ from: owners }]

pending: 4h
claim: 1h
remind: 15m

break_glass: { who: [on-call], roles: ["*/read", "*/write"], max: 1h, tell: ["#security"], review_within: 24h, reviewers: [security] }
incidents:   { channels: ["inc-*", "incident-*"], targets: ["*"], on_close: end }
admins: [security]
auditors: [security]

tests:
  - name: nobody can approve their own write
    request: { by: dana@acme.test, role: orders-db/write, for: 30m, reason: "repair order 1183 by hand", ticket: OPS-1 }
    expect: { decision: ask, from: [owners, sre] }
limits: { open_requests: 5, live_grants: 3 }

issuers:
  github:  { kind: github }
  gitlab:  { kind: gitlab, url: https://gitlab.com }
  cluster: { kind: kubernetes, url: https://k8s.acme.test, keys: file:/etc/latchkey/jwks.json }
  other:   { kind: oidc, url: https://ci.acme.test }
clients:
  api-deploy:
    issuer: github
    audience: latchkey
    repository: { id: "456789", name: acme/api }
    workflow: acme/workflows/.github/workflows/deploy.yml@refs/heads/main
    environment: production
    refs: ["refs/heads/main", "refs/tags/v*"]
    events: [push, workflow_dispatch, schedule]
    channel: "#deploys"
  lab-deploy: { issuer: gitlab, project: { id: "77", name: acme/shop }, environment: production, refs: ["refs/heads/main"] }
  cron:    { issuer: cluster, service_account: { namespace: ops, name: nightly } }
  nightly: { issuer: other, claims: { sub: "pipeline:nightly", org: "17" } }
accounts:
  github: { "1001": dana@acme.test }
  gitlab: { "42": omar@acme.test }
gates:
  - { client: api-deploy, environment: production, role: orders-db/migrate, for: 30m }
pull_requests:
  - { repository: { issuer: github, id: "456789", name: acme/api }, label: prod-access, base: main, role: orders-db/write, for: 30m, to: author }
windows:
  night: { days: [mon, tue, wed, thu], from: "22:00", to: "02:00" }
freezes:
  year-end: { from: 2026-12-20, to: 2027-01-04, why: Change freeze }
audit:
  origin: latchkey.acme.test/prod
  checkpoint: 1h
  publish: [{ slack: "#audit" }, { file: /var/lib/latchkey/checkpoints }, { s3: { bucket: acme-audit, region: eu-central-1 } }, { git: { url: git@git.acme.test:audit/checkpoints.git } }, { witness: https://witness.other.test }, { tsa: https://tsa.test/tsr }]
  retention: 400d
reviews:
  - { name: quarterly reach, every: quarter, what: roles, targets: ["*"], by: owners, within: 14d, silence: escalate }
  - { name: monthly durations, every: month, what: durations, by: admins, within: 7d }
`;

const inputOf = (text: string) => ({
  text,
  env: {
    ORDERS_DB_ADMIN_URL: 'postgres://a:b@127.0.0.1/orders',
    LATCHKEY_PUBLIC_URL: 'https://latchkey.acme.test',
  },
  path: 'latchkey.yml',
  providers: PROVIDERS,
});

/** What was understood, without where it stood. */
const understood = (text: string): string => {
  const loaded = loadPolicy(inputOf(text));
  return JSON.stringify('policy' in loaded ? loaded.policy : loaded.problems, (key, value: unknown) =>
    key === 'sha256' || key === 'line' ? undefined : value,
  );
};

test('it loads, and its tests pass', () => {
  expect(loadPolicy(inputOf(PROMISED))).toHaveProperty('policy');
  expect(testPolicy(inputOf(PROMISED))).toMatchObject({
    isOk: true,
    text: expect.stringContaining('1 passed, 0 failed'),
  });
});

test.each([
  'limits: { open_requests: 5, live_grants: 3 }\n',
  'pending: 4h\n',
  'claim: 1h\n',
  'remind: 15m\n',
  '    in_order: false\n',
  ', count: 1',
  ', on_close: end',
  ', url: https://gitlab.com',
  '  checkpoint: 1h\n',
  ', targets: ["*"], by: owners, within: 14d, silence: escalate',
])('%s is what counts where it is left out', (part) => {
  expect(PROMISED).toContain(part);
  const without = part.startsWith(', targets') ? ', by: owners' : '';
  expect(understood(PROMISED.replace(part, without))).toBe(understood(PROMISED));
});
