/** A policy that names something in every place of the schema that may name something outside of Latchkey. */
import { PERSON_PLACES } from './person-places.ts';

/** Something of its own for every place; keys are the places as the schema has them. */
export const NAMED: Record<string, string> = {
  ...Object.fromEntries(PERSON_PLACES.map((path, index) => [path, `person${index}@acme.test`])),
  'groups.*.slack_usergroup': 'sre-handle',
  'groups.*.pagerduty_schedule': 'PSCHED1',
  'groups.*.opsgenie_schedule': 'ops-schedule',
  'targets.*.channel': '#of-target',
  'clients.*.channel': '#of-client',
  'audit.publish[].slack': '#of-audit',
  'audit.reports[].to': 'report-reader@acme.test',
  'audit.reports[].to[]': 'reports-reader@acme.test',
  'incidents.tool.users[]': 'B0TOOL1',
};
/** The other things that stand in a place where people may stand. */
export const ALSO_NAMED = { 'break_glass.tell[]': '#told' };

/** `others`: what stands in some of the places in place of that. */
export const namedPolicy = (others: Record<string, string> = {}): string => {
  const names = { ...NAMED, ...others };
  const at = (path: string): string => names[path] ?? `missing ${path}`;
  return `version: 1
groups:
  dba: { people: ["${at('groups.*.people[]')}"] }
  sre: { slack_usergroup: "${at('groups.*.slack_usergroup')}" }
  duty: { pagerduty_schedule: "${at('groups.*.pagerduty_schedule')}" }
  ops: { opsgenie_schedule: "${at('groups.*.opsgenie_schedule')}" }
targets:
  orders:
    provider: postgres
    config: { url: "\${ORDERS_DB_ADMIN_URL}" }
    owners: [dba, "${at('targets.*.owners[]')}"]
    channel: "${at('targets.*.channel')}"
    roles: { read: { scope: { member_of: [r] }, max: 4h } }
  directory:
    provider: ldap
    config: { url: "ldap://127.0.0.1", bind_dn: "cn=l,dc=acme,dc=test", bind_password: x, people: { base: "dc=acme,dc=test" } }
    owners: [dba]
    identity: { map: { "${at('targets.*.identity.map.{}')}": somebody } }
    roles: { in: { scope: { group: "cn=g,dc=acme,dc=test" }, max: 4h } }
rules:
  - name: Named
    match: { people: ["${at('rules[].match.people[]')}", "*@acme.test"] }
    when: requester.email == "${at('rules[].when')}" || requester.email.endsWith("@acme.test")
    approvals: [{ from: "${at('rules[].approvals[].from')}", also: "${at('rules[].approvals[].also')}" }]
    escalate: { after: 1m, to: "${at('rules[].escalate.to')}" }
  - name: Rest
    approvals: [{ from: [owners, "${at('rules[].approvals[].from[]')}"], also: [sre, "${at('rules[].approvals[].also[]')}"] }]
break_glass:
  who: ["${at('break_glass.who[]')}"]
  roles: ["*/*"]
  max: 1h
  tell: ["${ALSO_NAMED['break_glass.tell[]']}", "${at('break_glass.tell[]')}"]
  review_within: 1d
  reviewers: ["${at('break_glass.reviewers[]')}", dba]
freezes:
  peak: { from: 2030-01-01, to: 2030-02-01, why: Peak, override: ["${at('freezes.*.override[]')}"] }
incidents:
  channels: ["inc-*"]
  open_by: ["${at('incidents.open_by[]')}"]
  keep_by: ["${at('incidents.keep_by[]')}"]
  on_call: [duty]
  tool: { users: ["${at('incidents.tool.users[]')}"], opens: "^Opened" }
alerts:
  - { name: slow, source: generic, match: { title: "Slow*" }, role: orders/read, to: "${at('alerts[].to')}" }
issuers: { github: { kind: github } }
clients:
  deploy:
    issuer: github
    audience: latchkey
    repository: { id: "1", name: acme/api }
    environment: production
    refs: ["refs/heads/main"]
    workflow: acme/api/.github/workflows/d.yml@refs/heads/main
    channel: "${at('clients.*.channel')}"
accounts: { github: { "1001": "${at('accounts.*.*')}" } }
audit: { origin: latchkey.acme.test/prod, publish: [{ slack: "${at('audit.publish[].slack')}" }], reports: [{ every: month, name: one, to: "${at('audit.reports[].to')}" }, { every: quarter, name: two, to: ["${at('audit.reports[].to[]')}"] }] }
reviews:
  - { name: one, every: month, what: roles, by: "${at('reviews[].by')}" }
  - { name: two, every: month, what: roles, by: ["${at('reviews[].by[]')}"] }
admins: ["${at('admins[]')}"]
auditors: ["${at('auditors[]')}"]
`;
};

export const NAMED_ENV = {
  ORDERS_DB_ADMIN_URL: 'postgres://nobody:x@127.0.0.1:1/none',
  PAGERDUTY_TOKEN: 'x',
  OPSGENIE_API_KEY: 'x',
};
