/** Every setting does something: what no code reads is neither accepted nor documented. */
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { readPartly } from '../../src/config/environment.ts';
import { withFound } from '../../src/config/found-text.ts';
import { loadPolicy } from '../../src/config/policy-file.ts';
import type { LoadedPolicy } from '../../src/config/policy-file.ts';
import { policyJsonSchema } from '../../src/config/policy-schema.ts';
import { readPolicyAuthor } from '../../src/config/policy-author.ts';
import { connect } from '../../src/cli/job/server.ts';
import { SSH_VARIABLE } from '../../src/cli/job/ssh-files.ts';
import { tokenSource } from '../../src/cli/job/token.ts';
import { PROVIDERS } from '../../src/providers/registry.ts';
import { membershipProvider } from '../support/membership-provider.ts';
import { documents, productSources } from '../support/sources.ts';

type Shape = {
  properties?: Record<string, Shape>;
  additionalProperties?: Shape | boolean;
  items?: Shape;
  anyOf?: Shape[];
};

const join = (place: string, key: string): string => (place === '' ? key : `${place}.${key}`);

/** Each key of the schema by its place; `*` stands for a name or a number. */
const placesIn = (shape: Shape, place = ''): string[] => [
  ...Object.entries(shape.properties ?? {}).flatMap(([key, inner]) => [
    join(place, key),
    ...placesIn(inner, join(place, key)),
  ]),
  ...(typeof shape.additionalProperties === 'object' ? placesIn(shape.additionalProperties, join(place, '*')) : []),
  ...(shape.items ? placesIn(shape.items, join(place, '*')) : []),
  ...(shape.anyOf ?? []).flatMap((inner) => placesIn(inner, place)),
];
const PLACES = [...new Set(placesIn(policyJsonSchema()))];

/** Has every key of the schema, so that each can be left out by itself. */
const WHOLE = `
version: 1
timezone: Europe/Berlin
groups:
  dba: { people: [dana@acme.test, omar@acme.test, kim@acme.test] }
  sre: { slack_usergroup: sre }
  first: { pagerduty_schedule: PABC123, levels: [1] }
  second: { opsgenie_schedule: Second }
targets:
  orders:
    title: Orders
    provider: postgres
    config: { url: "postgres://a:b@127.0.0.1/c" }
    owners: [dba]
    channel: "#prod-access"
    warning: Addresses.
    roles:
      read: { title: Reading, scope: { member_of: [r] }, max: 4h, default: 20m }
      write: { title: Writing, scope: { member_of: [w] }, max: 1h, default: 10m, sensitive: true }
  named: { provider: membership, config: { url: x }, owners: [dba], identity: { user: "{email}" }, roles: { in: { scope: { group: g }, max: 1h } } }
  mapped: { provider: membership, config: { url: x }, owners: [dba], identity: { map: { dana@acme.test: d } }, roles: { in: { scope: { group: g }, max: 1h } } }
  found: { provider: membership, config: { url: x }, owners: [dba], identity: { lookup: mail }, roles: { in: { scope: { group: g }, max: 1h } } }
targets_from:
  shops:
    file: shops.csv
    every: 5s
    shrink: 20%
    fields: { host: "*.db.acme.test", title: "*" }
    name: "shop-{{shop}}"
    target:
      title: "Shop {{title}}"
      provider: postgres
      config: { url: "postgres://a:b@{{host}}/c" }
      owners: [dba]
      channel: "#prod-access"
      warning: Addresses.
      roles: { read: { title: Reading, scope: { member_of: [r] }, max: 4h, default: 20m, sensitive: true } }
  bases:
    list: { provider: postgres, config: { url: "postgres://a:b@127.0.0.1/c" }, only: { like: "shop_%" } }
    name: "base-{{database}}"
    target: { provider: postgres, config: { url: "postgres://a:b@127.0.0.1/{{database}}" }, owners: [dba], roles: { read: { scope: { member_of: [r] }, max: 1h } } }
  by-email: { file: a.json, name: "e-{{n}}", target: { provider: membership, config: { url: x }, owners: [dba], identity: { user: "{email}" }, roles: { in: { scope: { group: g }, max: 1h } } } }
  by-map: { file: a.json, name: "m-{{n}}", target: { provider: membership, config: { url: x }, owners: [dba], identity: { map: { dana@acme.test: d } }, roles: { in: { scope: { group: g }, max: 1h } } } }
  by-lookup: { file: a.json, name: "l-{{n}}", target: { provider: membership, config: { url: x }, owners: [dba], identity: { lookup: mail }, roles: { in: { scope: { group: g }, max: 1h } } } }
windows:
  night: { days: [mon], from: "22:00", to: "02:00" }
freezes:
  later: { from: 2030-01-01, to: 2030-02-01, why: Freeze, override: [sre] }
  peak: { ics: test/support/freezes.ics }
rules:
  - { name: Freeze, match: { roles: ["*/write"] }, when: '"later" in freezes || "peak" in freezes || "night" in windows', deny: Not now. }
  - { name: Alert, match: { roles: ["*/read"], alerts: [lag] }, approve: true, max: 30m, claim: 20m }
  - name: Some
    match: { targets: [orders], roles: ["*/write"], people: ["*@acme.test"], groups: [dba] }
    approvals: [{ from: sre, also: dba, count: 2 }, { from: owners }]
    require: { ticket: "^OPS-", reason: 30 }
    in_order: true
    escalate: { after: 10m, to: sre }
    pending: 3h
    remind: 12m
    limits: { open_requests: 9, live_grants: 9 }
  - { name: Jobs, match: { clients: [cloud] }, approve: true }
  - { name: Releases, match: { clients: [stage], gates: [staging] }, approvals: [{ from: sre }] }
  - { name: Rest, approvals: [{ from: owners }] }
pending: 5h
claim: 2h
remind: 20m
limits: { open_requests: 7, live_grants: 4 }
break_glass: { who: [sre], roles: ["*/read"], max: 1h, tell: [dba], review_within: 5h, reviewers: [dba] }
incidents:
  channels: ["inc-*"]
  closed: ["inc-*-closed"]
  targets: [orders]
  concerns: [{ channels: ["*orders*"], targets: [orders] }]
  on_close: keep
  warning: 3m
  open_by: [sre]
  keep_by: [dba]
  on_call: [sre]
  severity: "sev[0-4]"
  tool: { users: [B0123ABCD], opens: "^Open", closes: "^Closed" }
alerts:
  - name: lag
    source: pagerduty
    match: { service: Orders, title: "*lag*", severity: high, labels: { team: db } }
    role: orders/read
    for: 25m
    to: sre
    channel: incident
  - { name: heal, source: generic, match: { title: "heal*" }, role: orders/read, client: cloud, to: sre }
issuers:
  gh: { kind: github, host: ghe.acme.test, enterprise: acme, keys: "file:/etc/jwks.json" }
  lab: { kind: gitlab, url: https://git.acme.test }
  bk: { kind: buildkite }
  k8s: { kind: kubernetes, url: https://k8s.acme.test }
clients:
  cloud:
    issuer: gh
    audience: latchkey
    repository: { id: "1", name: acme/api }
    workflow: acme/api/.github/workflows/a.yml@refs/heads/main
    environment: production
    refs: [refs/heads/main]
    events: [pull_request_target]
    unsafe: true
    runners: github-hosted
    claims: { repository_owner: acme }
    channel: "#deploys"
  stage: { issuer: gh, audience: latchkey, repository: { id: "2", name: acme/web }, environment: staging }
  shop: { issuer: lab, audience: latchkey, project: { id: "7", name: acme/shop }, refs: [refs/heads/main] }
  pipe: { issuer: bk, audience: latchkey, organization: { id: "8", name: acme }, pipeline: { id: "9", name: deploy }, refs: [refs/heads/main] }
  cron: { issuer: k8s, audience: latchkey, service_account: { namespace: ops, name: nightly } }
accounts: { gh: { "1001": dana@acme.test } }
unlinked_accounts: restrict
gates: [{ client: cloud, environment: production, role: orders/write, for: 10m }, { client: stage, environment: staging }]
pull_requests:
  - { repository: { issuer: gh, id: "1", name: acme/api }, label: one, base: main, role: orders/read, for: 10m, to: author }
  - { repository: { issuer: gh, id: "1" }, label: two, role: orders/read, client: cloud }
audit:
  origin: latchkey.acme.test/prod
  checkpoint: 2h
  retention: 400d
  reports: [{ name: board, every: month, to: [auditors], folder: /srv/reports }, { every: year, to: auditors }]
  sinks:
    siem: { splunk_hec: { url: "https://splunk.acme.test:8088", token: "\${SPLUNK_TOKEN}", index: audit }, format: ecs, from: beginning }
    hook: { webhook: { url: "https://hooks.acme.test", key: "\${HOOK_KEY}" } }
    logs: { datadog: { url: "https://http-intake.logs.datadoghq.eu", key: "\${DD_KEY}" } }
    search: { elastic: { url: "https://es.acme.test", key: "\${ES_KEY}", index: latchkey } }
    lines: { syslog: { host: syslog.acme.test, port: 6514, ca: "\${SYSLOG_CA}" }, format: cef }
    here: { syslog: { host: 127.0.0.1, port: 514, tls: false } }
    lake: { s3: { bucket: acme-events, region: eu-central-1, prefix: e/, endpoint: "https://s3.acme.test" } }
  publish: [{ slack: "#audit" }, { file: /var/lib/latchkey/checkpoints }, { s3: { bucket: acme-audit, region: eu-central-1, prefix: a/, endpoint: "https://s3.acme.test", lock: governance, for: 30d } }, { git: { url: /srv/checkpoints.git, branch: main } }, { tsa: "https://tsa.acme.test" }, { witness: { url: "https://w.acme.test", key: "w.acme.test+b02e2121+BAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH" } }]
reviews: [{ name: reach, every: month, what: durations, targets: [orders], by: dba, within: 3d, silence: keep }]
admins: [dba]
auditors: [sre]
manager_field: Manager
tests:
  - name: one
    request: { by: eve@acme.test, role: orders/write, for: 10m, reason: "repair an order by hand, again", ticket: OPS-1, at: "2026-01-14T12:00:00Z" }
    groups: { dba: [eve@acme.test] }
    alert: { name: lag, severity: low }
    incident: { open: true, channel: inc-1, severity: sev1 }
    expect: { decision: ask, rule: Some, from: [sre, owners], code: approvals_needed }
  - name: two
    client: { name: cloud, claims: { actor: dana } }
    pull_request: { number: 4, labels: [one], author: dana, base: main, head: fix, sha: abc }
    request: { role: orders/read, for: 10m }
    expect: { decision: approve }
  - { name: three, client: stage, request: { gate: staging }, expect: { decision: ask } }
`;

/** What each list of `targets_from` gives. */
const FOUND = {
  shops: [{ shop: 'lisbon', host: 'lisbon.db.acme.test', title: 'of Lisbon' }],
  bases: [{ database: 'shop_1' }],
  'by-email': [{ n: '1' }],
  'by-map': [{ n: '1' }],
  'by-lookup': [{ n: '1' }],
};

type Value = { [key: string]: Value } | Value[] | string | number | boolean | null;

/** Every place of the value at which this key is, once left out. */
const without = (value: Value, place: readonly string[]): Value[] => {
  const [key = '', ...rest] = place;
  if (typeof value !== 'object' || value === null) return [];
  const each = Array.isArray(value)
    ? value.map((item, index): [string | number, Value] => [index, item])
    : Object.entries(value);
  return each
    .filter(([name]) => key === '*' || name === key)
    .flatMap(([name, item]) => {
      const put = (changed: Value): Value =>
        Array.isArray(value)
          ? value.map((one, index) => (index === name ? changed : one))
          : { ...value, [name]: changed };
      if (rest.length > 0) return without(item, rest).map(put);
      return [
        Array.isArray(value) ? value : Object.fromEntries(Object.entries(value).filter(([other]) => other !== name)),
      ];
    });
};

/** Access in people's own names, which `identity` is for. */
const NAMED = membershipProvider({ before: () => Promise.resolve() }, undefined, true);

const load = (text: string): LoadedPolicy =>
  loadPolicy({
    text: withFound(text, FOUND),
    env: { PAGERDUTY_TOKEN: 'x', OPSGENIE_API_KEY: 'x' },
    path: 'latchkey.yml',
    providers: [...PROVIDERS, NAMED],
    runsTests: false,
  });

/** What was understood, without where it stood. */
const understood = (text: string): string => {
  const loaded = load(text);
  return JSON.stringify('policy' in loaded ? loaded.policy : loaded.problems, (key, value: unknown) =>
    key === 'sha256' || key === 'line' ? undefined : value,
  );
};

describe('each key of latchkey.yml', () => {
  const whole = parse(WHOLE) as Value;

  it('is in the policy of this test, which is right', () => {
    expect(load(WHOLE)).toHaveProperty('policy');
    expect(PLACES.filter((place) => without(whole, place.split('.')).length === 0)).toEqual([]);
  });

  it.each(PLACES)('%s changes what is understood when it is left out', (place) => {
    const left = without(whole, place.split('.'));
    const same = understood(WHOLE);
    expect(left.map((value) => understood(stringify(value))).filter((one) => one !== same).length).toBeGreaterThan(0);
  });

  it('becomes something that the product reads, and not only where it is read in and compared', () => {
    const loaded = load(WHOLE);
    if (!('policy' in loaded)) throw new Error('the policy of this test is wrong');
    const sources = productSources().filter(
      ({ file }) => !/\/config\/|\/policy\/(?:types|differences)\.ts$/.test(file),
    );
    const product = sources.map(({ text }) => text).join('\n');
    const isRead = (name: string): boolean => new RegExp(`(?:\\.|[{,]\\s*)${name}\\b`).test(product);
    const { tests: _tests, ...policy } = loaded.policy;
    const names = [
      ...Object.keys(policy),
      ...[
        policy.targets['orders'],
        policy.targets['orders']?.roles['read'],
        policy.rules[2],
        policy.rules[2]?.match,
      ].flatMap((part) => Object.keys(part ?? {})),
      ...[policy.breakGlass, policy.incidents, policy.incidents?.tool, policy.alerts[0]].flatMap((part) =>
        Object.keys(part ?? {}),
      ),
    ];
    expect(names.length).toBeGreaterThan(50);
    expect([...new Set(names)].filter((name) => !isRead(name))).toEqual([]);
  });
});

/** Names that were asked for, without the `_FILE` of each. */
const namesRead = async (): Promise<string[]> => {
  const asked = new Set<string>();
  const env = new Proxy<Record<string, string | undefined>>(
    {},
    {
      get: (_env, name) => {
        asked.add(String(name).replace(/_FILE$/, ''));
        return undefined;
      },
    },
  );
  readPartly(env);
  await readPolicyAuthor('latchkey.yml', '', env);
  // What jobs read; what is missing is refused by each.
  expect(() => tokenSource(env)).toThrow('OIDC token');
  expect(() => connect(env)).toThrow('LATCHKEY_URL');
  // Variables that a CI sets by itself are its own.
  return [...asked].filter((name) => /^(?!ACTIONS_|BUILDKITE|CIRCLE_)[A-Z][A-Z_]+$/.test(name)).sort();
};

const configurationPage = documents().find(({ file }) => file === 'docs/configuration.md')?.text ?? '';
const documented = [...configurationPage.matchAll(/^\| `([A-Z][A-Z_]+)` \|/gm)].map(([, name = '']) => name).sort();

describe('each environment variable', () => {
  it('is read when it is documented, and documented when it is read', async () => {
    expect(documented.length).toBeGreaterThan(15);
    expect(documented).toEqual(await namesRead());
  });

  it('becomes something that the product reads', () => {
    const { environment } = readPartly({});
    const product = productSources()
      .filter(({ file }) => !file.endsWith('/environment.ts'))
      .map(({ text }) => text)
      .join('\n');
    const isRead = (name: string): boolean => new RegExp(`(?:environment\\??\\.|[{,]\\s*)${name}\\b`).test(product);
    expect(Object.keys(environment).filter((name) => !isRead(name))).toEqual([]);
  });

  it('that a document or message names is one that is read', async () => {
    const known = [...(await namesRead()), 'ORDERS_DB_ADMIN_URL'];
    const named = [...documents(), ...productSources()].flatMap(({ file, text }) =>
      [
        ...text.matchAll(
          /\b((?:LATCHKEY|SLACK|PAGERDUTY|OPSGENIE|ALERTMANAGER)_[A-Z_]+|[A-Z_]*(?:DATABASE|REDIS)_URL)\b/g,
        ),
      ].map(([, name = '']) => ({ file, name: name.replace(/_FILE$/, '') })),
    );
    // A constant, a variable of the other side of a webhook, one of the benchmark, and one that jobs are given.
    const OTHERS = ['SLACK_REFUSES_MS', 'LATCHKEY_TOKEN', 'LATCHKEY_BENCH_PROFILE', SSH_VARIABLE];
    expect(named.length).toBeGreaterThan(100);
    expect(named.filter(({ name }) => !known.includes(name) && !OTHERS.includes(name))).toEqual([]);
  });
});
