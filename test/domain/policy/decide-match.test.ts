import { describe, it } from 'vitest';
import { decide } from '../../../src/domain/policy/decide.ts';
import { anyone, client, asks, approves, denies, nobody, expectVerdict } from './decide-cases.ts';
import type { Case } from './decide-cases.ts';
import { approve, deny, rule, askFor, factsFor, policyOf } from './made.ts';
import { boundEmail } from '../../../src/domain/principals/identity.ts';

const DOWN = { name: 'down', source: 'alertmanager', severity: 'critical', isUnknown: false };
const WORST = { match: { alerts: ['down'] }, when: 'alert.severity == "critical" && alert.source == "alertmanager"' };

const CASES: Case[] = [
  // order of rules
  ['no rules: nobody gets in', [], {}, {}, nobody],
  ['a rule without match covers every role', [anyone], {}, {}, asks('owners')],
  ['the first rule that matches decides', [approve('first'), rule('second')], {}, {}, approves('first')],
  [
    'a rule for another role is skipped',
    [approve('w', { match: { roles: ['*/write'] } }), anyone],
    {},
    {},
    asks('owners'),
  ],
  ['a deny after the first match still wins', [approve('first'), deny('late')], {}, {}, denies('late')],
  ['a deny before wins', [deny('early'), approve('then')], {}, {}, denies('early')],
  ['of two denies the first is named', [deny('one'), deny('two'), anyone], {}, {}, denies('one')],
  [
    'a deny for another role does not deny',
    [deny('w', { match: { roles: ['*/write'] } }), anyone],
    {},
    {},
    asks('owners'),
  ],
  ['only denies that do not match: nobody', [deny('w', { match: { roles: ['*/write'] } })], {}, {}, nobody],
  [
    'a deny says its own sentence',
    [deny('freeze')],
    {},
    {},
    { decision: 'deny', code: 'denied_by_rule', rule: 'freeze' },
  ],
  // targets and roles
  ['a target by name', [approve('t', { match: { targets: ['orders'] } })], {}, {}, approves('t')],
  ['another target by name', [approve('t', { match: { targets: ['billing'] } })], {}, {}, nobody],
  ['a target by pattern', [approve('t', { match: { targets: ['ord*'] } })], {}, {}, approves('t')],
  ['a pattern is whole, not a part', [approve('t', { match: { targets: ['rder*'] } })], {}, {}, nobody],
  ['a question mark is one character', [approve('t', { match: { targets: ['order?'] } })], {}, {}, approves('t')],
  ['a role by name', [approve('r', { match: { roles: ['orders/read'] } })], {}, {}, approves('r')],
  [
    'a role of every target',
    [approve('r', { match: { roles: ['*/read'] } })],
    { target: 'billing' },
    {},
    approves('r'),
  ],
  ['every role of a target', [approve('r', { match: { roles: ['orders/*'] } })], { role: 'write' }, {}, approves('r')],
  ['one of several roles', [approve('r', { match: { roles: ['billing/*', 'orders/read'] } })], {}, {}, approves('r')],
  [
    'target and role must both match',
    [approve('r', { match: { targets: ['billing'], roles: ['*/read'] } })],
    {},
    {},
    nobody,
  ],
  ['a dot in a pattern is a dot', [approve('t', { match: { targets: ['o.ders'] } })], {}, {}, nobody],
  ['an empty list of targets is none', [approve('t', { match: { targets: [] } })], {}, {}, nobody],
  ['an empty list of roles is none', [approve('t', { match: { roles: [] } })], {}, {}, nobody],
  // alerts
  ['no alert', [approve('a', { match: { alerts: ['down'] } })], {}, {}, nobody],
  ['its alert', [approve('a', { match: { alerts: ['down'] } })], {}, { alert: DOWN }, approves('a')],
  ['another alert', [approve('a', { match: { alerts: ['down'] } })], {}, { alert: { ...DOWN, name: 'lag' } }, nobody],
  ['an empty list of alerts is none', [approve('a', { match: { alerts: [] } })], {}, { alert: DOWN }, nobody],
  [
    'an alert whose on-call is not known approves nothing',
    [approve('a', { match: { alerts: ['down'] } })],
    {},
    { alert: { ...DOWN, isUnknown: true } },
    nobody,
  ],
  [
    'an alert whose on-call is not known denies what a rule denies for it',
    [deny('a', { match: { alerts: ['down'] } })],
    {},
    { alert: { ...DOWN, isUnknown: true } },
    denies('a'),
  ],
  ['a condition on what the alert is', [approve('a', WORST)], {}, { alert: DOWN }, approves('a')],
  ['another severity', [approve('a', WORST)], {}, { alert: { ...DOWN, severity: 'warning' } }, nobody],
  ['another source', [approve('a', WORST)], {}, { alert: { ...DOWN, source: 'generic' } }, nobody],
  [
    'without an alert its fields are empty',
    [approve('a', { when: '!alert.firing && alert.name + alert.source + alert.severity == ""' })],
    {},
    {},
    approves('a'),
  ],
  [
    'a condition on an alert whose on-call is not known is no match, not even where it says there is none',
    [approve('a', { when: '!alert.firing' })],
    {},
    { alert: { ...DOWN, isUnknown: true } },
    nobody,
  ],
  [
    'a deny whose condition looks at an alert whose on-call is not known denies',
    [deny('a', { when: 'alert.severity == "info"' }), anyone],
    {},
    { alert: { ...DOWN, isUnknown: true } },
    denies('a'),
  ],
  // people, groups, clients
  ['a person by email', [approve('p', { match: { people: ['anna@acme.test'] } })], {}, {}, approves('p')],
  ['an email in other letters', [approve('p', { match: { people: ['Anna@ACME.test'] } })], {}, {}, approves('p')],
  [
    'a plus address is the same person',
    [deny('p', { match: { people: ['anna@acme.test'] } })],
    {},
    { requester: { email: boundEmail('anna+x@acme.test') } },
    denies('p'),
  ],
  ['a person by Slack id', [approve('p', { match: { people: ['U0ANNA'] } })], {}, {}, approves('p')],
  ['another person', [approve('p', { match: { people: ['dana@acme.test'] } })], {}, {}, nobody],
  ['a whole domain', [approve('p', { match: { people: ['*@acme.test'] } })], {}, {}, approves('p')],
  [
    'a domain is not the end of another',
    [approve('p', { match: { people: ['*@acme.test'] } })],
    {},
    { requester: { email: boundEmail('eve@evil-acme.test') } },
    nobody,
  ],
  [
    'nobody without an email is in a domain',
    [approve('p', { match: { people: ['*@acme.test'] } })],
    {},
    { requester: { email: null } },
    nobody,
  ],
  ['an empty list of people is nobody', [approve('p', { match: { people: [] } })], {}, {}, nobody],
  [
    'a member of a group',
    [approve('g', { match: { groups: ['on-call'] } })],
    {},
    { requester: { groups: ['on-call'] } },
    approves('g'),
  ],
  [
    'not a member of the group',
    [approve('g', { match: { groups: ['on-call'] } })],
    {},
    { requester: { groups: ['sre'] } },
    nobody,
  ],
  [
    'an empty list of groups is nobody',
    [approve('g', { match: { groups: [] } })],
    {},
    { requester: { groups: ['sre'] } },
    nobody,
  ],
  [
    'people and groups must both match',
    [approve('g', { match: { people: ['anna@acme.test'], groups: ['sre'] } })],
    {},
    {},
    nobody,
  ],
  [
    'a group that could not be read approves nobody',
    [approve('g', { match: { groups: ['sre'] } }), anyone],
    {},
    { requester: { unknownGroups: ['sre'] } },
    asks('owners'),
  ],
  [
    'a rule for a group that could not be read is asked for together with the rule that decides',
    [
      rule('g', { match: { groups: ['sre'] }, effect: { kind: 'ask', approvals: [{ from: ['sre'], count: 2 }] } }),
      anyone,
    ],
    {},
    { requester: { unknownGroups: ['sre'] } },
    { decision: 'ask', rule: 'owners', from: ['group:sre', 'group:dba'] },
  ],
  [
    'a rule that approves at once does not stand in for one that could not be judged',
    [rule('g', { match: { groups: ['sre'] } }), approve('a')],
    {},
    { requester: { unknownGroups: ['sre'] } },
    { decision: 'ask', rule: 'a', from: ['group:dba'] },
  ],
  [
    'a group that could not be read denies',
    [deny('g', { match: { groups: ['sre'] } }), anyone],
    {},
    { requester: { unknownGroups: ['sre'] } },
    denies('g'),
  ],
  [
    'another unread group changes nothing',
    [deny('g', { match: { groups: ['sre'] } }), anyone],
    {},
    { requester: { unknownGroups: ['dba'] } },
    asks('owners'),
  ],
  [
    'a pattern does not reach over a slash',
    [approve('c', { match: { clients: ['web-*'] } })],
    {},
    { client: client('api-deploy') },
    nobody,
  ],
  [
    'a client by pattern',
    [approve('c', { match: { clients: ['api-*'] } })],
    {},
    { client: client('api-deploy') },
    approves('c'),
  ],
  [
    'a client by its whole name',
    [approve('c', { match: { clients: ['api-deploy'] } })],
    {},
    { client: client('api-deploy') },
    approves('c'),
  ],
  [
    'a client is its name in the policy, not its repository nor its id',
    [approve('c', { match: { clients: ['acme/api', 'github/acme/api', 'client:api-deploy'] } })],
    {},
    { client: client('api-deploy') },
    nobody,
  ],
  [
    'what approves by itself lets in only clients that it names',
    [approve('all'), rule('rest')],
    {},
    { client: client('api') },
    asks('rest'),
  ],
  ['a rule that asks people is for clients too', [anyone], {}, { client: client('api') }, asks('owners')],
  ['a client that is not in the policy gets nothing', [anyone], {}, { client: client('gone') }, nobody],
  [
    'a client that is not in the policy is told of a deny all the same',
    [deny('freeze'), anyone],
    {},
    { client: client('gone') },
    denies('freeze'),
  ],
  ['a deny is for clients too', [deny('freeze'), anyone], {}, { client: client('api') }, denies('freeze')],
  ['a human is no client', [approve('c', { match: { clients: ['*'] } })], {}, {}, nobody],
];

describe('which rule decides', () => {
  it.each(CASES)('%s', (...[, rules, ask, facts, expected]) => {
    expectVerdict(decide(policyOf(rules), askFor(ask), factsFor(facts)), expected);
  });
});
