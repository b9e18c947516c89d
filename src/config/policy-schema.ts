/** The shape of `latchkey.yml`: what may stand where. What the names mean together is checked by `policy-checks.ts`. */
import { z } from 'zod';
import { ALERT_SOURCES } from '../domain/alerts/types.ts';
import { auditSection } from './policy-audit.ts';
import { freezes, windows } from './policy-calendar.ts';
import { reviewsSection } from './policy-reviews.ts';
import { accounts, clients, issuers } from './policy-clients-schema.ts';
import { gates, pullRequests, statedPullRequest } from './policy-github-schema.ts';
import { duration } from './policy-values.ts';
import { target, targetsFrom } from './policy-target-schema.ts';
import { name, pattern, person, reference, someOf, text } from './policy-words.ts';

const group = z.strictObject(
  {
    people: z
      .array(person, 'must be a list of emails or Slack ids, as [a, b]')
      .max(1000, 'has more than 1000 people; use a Slack user group')
      .optional(),
    slack_usergroup: text(100, 'the handle or id of a Slack user group').optional(),
    pagerduty_schedule: text(100, 'the id of a PagerDuty schedule').optional(),
    opsgenie_schedule: text(100, 'the name or id of an Opsgenie schedule').optional(),
    levels: someOf(
      z.int('must be a number').min(1, 'must be 1 or more').max(20, 'must be 20 or less'),
      'escalation levels',
    ).optional(),
  },
  'must be a group, as { people: [dana@acme.test] } or { slack_usergroup: sre }',
);

const match = z.strictObject(
  {
    targets: someOf(pattern, 'target names or patterns').optional(),
    roles: someOf(pattern, 'roles as target/role').optional(),
    people: someOf(pattern, 'emails or Slack ids').optional(),
    groups: someOf(name, 'groups').optional(),
    alerts: someOf(name, 'names of alerts').optional(),
    clients: someOf(pattern, 'names of clients or patterns').optional(),
    gates: someOf(pattern, 'environments of gates without a role, or patterns').optional(),
  },
  'must say what the rule is for, as { roles: ["*/read"] }',
);

const approval = z.strictObject(
  {
    from: z.union(
      [reference, someOf(reference, 'groups or people')],
      'must be a group, owners, manager, an email, a Slack id, or a list of these',
    ),
    also: z
      .union(
        [reference, someOf(reference, 'groups or people')],
        'must be a group, an email, a Slack id, or a list of these',
      )
      .optional(),
    count: z
      .int('must be a whole number')
      .min(1, 'must be 1 or more: nobody is no approval')
      .max(20, 'must be 20 or less')
      .optional(),
  },
  'must be an approval, as { from: owners }',
);

const limit = z.int('must be a whole number').min(1, 'must be 1 or more').max(1000, 'must be 1000 or less').optional();
const limits = z.strictObject(
  { open_requests: limit, live_grants: limit },
  'must be limits for one person, as { open_requests: 5, live_grants: 3 }',
);

const rule = z.strictObject(
  {
    name: text(150, 'a sentence that people will read'),
    match: match.optional(),
    when: text(2000, 'a condition').optional(),
    deny: text(300, 'the sentence the requester gets').optional(),
    approve: z.literal(true, 'must be true, or left out').optional(),
    approvals: someOf(approval, 'approvals, as [{ from: owners }]').optional(),
    require: z
      .strictObject(
        {
          ticket: text(200, 'a pattern such as "^OPS-\\d+$"').optional(),
          reason: z
            .int('must be a number of characters')
            .min(1, 'must be 1 or more')
            .max(500, 'must be 500 or less')
            .optional(),
        },
        'must say what is required, as { ticket: "^OPS-\\\\d+$", reason: 20 }',
      )
      .optional(),
    in_order: z.boolean('must be true or false').optional(),
    escalate: z.strictObject({ after: duration, to: reference }, 'must be as { after: 15m, to: security }').optional(),
    max: duration.optional(),
    pending: duration.optional(),
    claim: duration.optional(),
    remind: duration.optional(),
    limits: limits.optional(),
  },
  'must be a rule with a name and deny, approve or approvals',
);

const statedAlert = z.strictObject({ name, severity: z.string('must be text').optional() });

const statedClient = z.strictObject({
  name,
  claims: z.record(z.string(), z.json(), 'must hold claims by name, as { ref: refs/heads/main }').optional(),
});

const policyTest = z.strictObject(
  {
    name: text(150, 'what the test claims'),
    client: z.union([name, statedClient], 'must be the name of a client, or { name, claims }').optional(),
    request: z.strictObject({
      by: person.optional(),
      role: text(130, 'target/role').optional(),
      gate: text(255, 'the environment of a gate without a role').optional(),
      for: duration.optional(),
      reason: z.string('must be text').optional(),
      ticket: z.string('must be text').optional(),
      at: z.iso.datetime({ offset: true, error: 'must be a time as 2026-01-14T12:00:00Z' }).optional(),
    }),
    groups: z.record(name, z.array(person, 'must be a list of people')).optional(),
    alert: z.union([name, statedAlert], 'must be the name of an alert, or { name, severity }').optional(),
    incident: z
      .strictObject({
        open: z.boolean('must be true or false'),
        channel: z.string().optional(),
        severity: z.string().optional(),
      })
      .optional(),
    pull_request: statedPullRequest.optional(),
    expect: z.strictObject({
      decision: z.enum(['ask', 'approve', 'deny', 'refuse'], 'must be ask, approve, deny or refuse'),
      rule: text(150, "a rule's name").optional(),
      from: z.array(z.string('must be text'), 'must be a list, as [owners, sre]').optional(),
      code: text(60, 'a reason code').optional(),
    }),
  },
  'must be a test with name, request and expect',
);

const breakGlass = z.strictObject(
  {
    who: someOf(reference, 'groups or people'),
    roles: someOf(pattern, 'roles as target/role'),
    max: duration,
    tell: someOf(reference, 'channels, groups or people, as ["#security"]'),
    review_within: duration,
    reviewers: someOf(reference, 'groups or people'),
  },
  'must hold who, roles, max, tell, review_within and reviewers',
);

const concern = z.strictObject(
  {
    channels: someOf(pattern, 'patterns of channel names'),
    targets: someOf(pattern, 'target names or patterns'),
  },
  'must be as { channels: ["*checkout*"], targets: [orders-db] }',
);

const incidentTool = z.strictObject(
  {
    users: someOf(
      z
        .string('must be a Slack id')
        .regex(/^[UWBA][A-Z0-9]{4,}$/, 'must be the Slack id of a user, bot or app (U…, B… or A…)'),
      'Slack ids',
    ),
    opens: text(200, 'a pattern of its message').optional(),
    closes: text(200, 'a pattern of its message').optional(),
  },
  'must be as { users: [B0123ABCD], closes: "^Incident resolved" }',
);

const incidents = z.strictObject(
  {
    channels: someOf(pattern, 'patterns of channel names'),
    closed: someOf(pattern, 'patterns of channel names').optional(),
    targets: someOf(pattern, 'target names or patterns').optional(),
    concerns: someOf(concern, 'entries, as [{ channels: ["*checkout*"], targets: [orders-db] }]').optional(),
    on_close: z.enum(['end', 'keep'], 'must be end or keep').optional(),
    warning: duration.optional(),
    open_by: someOf(reference, 'groups or people').optional(),
    keep_by: someOf(reference, 'groups or people').optional(),
    on_call: someOf(name, 'groups').optional(),
    severity: text(200, 'a pattern such as "sev[0-4]"').optional(),
    tool: incidentTool.optional(),
  },
  'must hold channels, as ["inc-*"]',
);

const alert = z.strictObject(
  {
    name,
    source: z.enum(ALERT_SOURCES, `must be one of ${ALERT_SOURCES.join(', ')}`),
    match: z.strictObject(
      {
        service: text(200, 'a name or a pattern with *').optional(),
        title: text(200, 'words or a pattern with *').optional(),
        severity: text(100, 'a severity or a pattern with *').optional(),
        labels: z
          .record(
            text(200, 'the name of a label'),
            text(200, 'a value or a pattern with *'),
            'must hold labels by name',
          )
          .optional(),
      },
      'must say which alerts, as { service: Checkout } or { labels: { alertname: OrdersDb* } }',
    ),
    role: text(130, 'target/role'),
    for: duration.optional(),
    client: name.optional(),
    to: reference,
    channel: z.enum(['dm', 'incident'], 'must be dm or incident').optional(),
  },
  'must be an alert with name, source, match, role and to',
);

export const policyDocument = z.strictObject(
  {
    version: z.literal(1, 'must be 1, the version of this language'),
    timezone: text(60, 'a zone such as Europe/Berlin').optional(),
    groups: z.record(name, group, 'must hold groups by name').optional(),
    targets: z.record(name, target, 'must hold targets by name'),
    targets_from: targetsFrom.optional(),
    rules: someOf(rule, 'rules', 10_000),
    windows: windows.optional(),
    freezes: freezes.optional(),
    pending: duration.optional(),
    claim: duration.optional(),
    remind: duration.optional(),
    limits: limits.optional(),
    break_glass: breakGlass.optional(),
    incidents: incidents.optional(),
    issuers: issuers.optional(),
    clients: clients.optional(),
    accounts: accounts.optional(),
    unlinked_accounts: z.enum(['restrict', 'allow'], 'must be restrict or allow').optional(),
    gates: gates.optional(),
    pull_requests: pullRequests.optional(),
    alerts: z.array(alert, 'must be a list of alerts').max(1000, 'has more than 1000 alerts').optional(),
    audit: auditSection.optional(),
    reviews: reviewsSection.optional(),
    admins: z.array(reference, 'must be a list of groups or people').optional(),
    auditors: z.array(reference, 'must be a list of groups or people').optional(),
    manager_field: text(100, 'the label or id of a Slack profile field').optional(),
    tests: z.array(policyTest, 'must be a list of tests').max(2000, 'has more than 2000 tests').optional(),
  },
  'must be a policy that starts with "version: 1"',
);
export type PolicyDocument = z.infer<typeof policyDocument>;

/** JSON Schema (2020-12) of the file, for editors; `latchkey.schema.json` is this. */
export const policyJsonSchema = (): object => ({
  $id: 'latchkey.schema.json',
  title: 'latchkey.yml',
  ...z.toJSONSchema(policyDocument, { io: 'input' }),
});
