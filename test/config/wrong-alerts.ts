/** Policies whose alerts, or rules for them, are wrong in one place. */
import { changed, withTop } from './made.ts';
import type { Wrong } from './made.ts';

const STOCK = `targets:
  stock: { provider: postgres, config: { url: "\${ORDERS_DB_ADMIN_URL}" }, owners: [sre], roles: { read: { scope: { member_of: [r] }, max: 1h } } }
`;

export const WRONG_ALERTS: Wrong[] = [
  [
    'an alert for a client that is none',
    withTop(
      'alerts:\n  - { name: down, source: pagerduty, match: { service: Orders }, role: orders/read, client: repair, to: sre }',
    ),
    'unknown_client',
    21,
    'which is no client of this policy',
  ],
  [
    'an alert for a role that is none',
    withTop('alerts:\n  - { name: down, source: pagerduty, match: { service: Orders }, role: orders/reed, to: sre }'),
    'unknown_role',
    21,
    'did you mean "orders/read"?',
  ],
  [
    'an alert for a group that is none',
    withTop('alerts:\n  - { name: down, source: pagerduty, match: { service: Orders }, role: orders/read, to: sree }'),
    'unknown_group',
    21,
    'did you mean "sre"?',
  ],
  [
    'an alert of everything',
    withTop('alerts:\n  - { name: down, source: pagerduty, match: { title: "*" }, role: orders/read, to: sre }'),
    'alert_too_wide',
    21,
    'every alert of its source',
  ],
  [
    'an alert for longer than the role allows',
    withTop('alerts:\n  - { name: down, source: generic, match: { title: x }, role: orders/read, for: 9h, to: sre }'),
    'alert_too_long',
    21,
    'make "for" shorter',
  ],
  [
    'an alert of an unknown source',
    withTop('alerts:\n  - { name: down, source: nagios, match: { title: x }, role: orders/read, to: sre }'),
    'bad_value',
    21,
    'must be one of pagerduty',
  ],
  [
    'two alerts of one name',
    withTop(
      `alerts:${'\n  - { name: down, source: generic, match: { title: x }, role: orders/read, to: sre }'.repeat(2)}`,
    ),
    'duplicate_alert',
    22,
    'rename one',
  ],
  [
    'a rule for an alert that is none',
    changed('{ roles: ["*/write"] }', '{ roles: ["*/write"], alerts: [down] }'),
    'unknown_alert',
    15,
    'no alert of this policy',
  ],
  [
    'a rule that approves for any alert, and names none',
    changed('approvals: [{ from: owners }, { from: sre }]', 'when: alert.severity == "critical"\n    approve: true'),
    'alert_unnamed',
    16,
    'looks at the alert without naming it',
  ],
  [
    'a condition that compares with an alert that is none',
    changed(
      'approvals: [{ from: owners }, { from: sre }]',
      'when: alert.name == "dwon"\n    approvals: [{ from: owners }]',
    ),
    'unknown_alert',
    16,
    'no alert of this policy',
  ],
  [
    'a test with an alert that is none',
    withTop(
      'tests:\n  - { name: x, request: { by: lee@acme.test, role: orders/read, for: 5m, reason: look at it }, alert: dwon, expect: { decision: ask } }',
    ),
    'unknown_alert',
    21,
    'no alert of this policy',
  ],
  [
    'a rule for an alert of another role',
    `${changed('{ roles: ["*/write"] }', '{ roles: ["*/write"], alerts: [down] }')}alerts:
  - { name: down, source: generic, match: { title: x }, role: orders/read, to: sre }
`,
    'alert_role_mismatch',
    15,
    'correct its targets or roles',
  ],
  [
    'a rule for an alert of another target',
    `${changed('{ roles: ["*/write"] }', '{ targets: [stock*], alerts: [down] }').replace('targets:\n', () => STOCK)}alerts:
  - { name: down, source: generic, match: { title: x }, role: orders/read, to: sre }
`,
    'alert_role_mismatch',
    16,
    'correct its targets or roles',
  ],
];
