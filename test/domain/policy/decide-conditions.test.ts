import { describe, it } from 'vitest';
import { decide } from '../../../src/domain/policy/decide.ts';
import {
  anyone,
  client,
  asks,
  approves,
  denies,
  nobody,
  onlyWhen,
  ticketed,
  reasoned,
  refused,
  expectVerdict,
} from './decide-cases.ts';
import type { Rule } from '../../../src/domain/policy/types.ts';
import type { Case } from './decide-cases.ts';
import { approve, deny, rule, HOUR, MINUTE, askFor, factsFor, policyOf } from './made.ts';

const ofClients = (when: string): Rule[] => [approve('met', { match: { clients: ['*'] }, when }), rule('else')];

const CASES: Case[] = [
  // conditions
  ['a condition that is true', onlyWhen('request.target == "orders"'), {}, {}, approves('met')],
  ['a condition that is false', onlyWhen('request.target == "billing"'), {}, {}, asks('else')],
  ['durations compare', onlyWhen('request.duration <= duration("30m")'), {}, {}, approves('met')],
  [
    'a longer duration does not',
    onlyWhen('request.duration <= duration("30m")'),
    { durationMs: 31 * MINUTE },
    {},
    asks('else'),
  ],
  ['the ticket is text', onlyWhen('request.ticket.startsWith("OPS-")'), { ticket: 'OPS-1' }, {}, approves('met')],
  ['no ticket is empty text', onlyWhen('request.ticket == ""'), {}, {}, approves('met')],
  [
    'groups of the requester',
    onlyWhen('"sre" in requester.groups'),
    {},
    { requester: { groups: ['sre'] } },
    approves('met'),
  ],
  ['no email is empty text', onlyWhen('requester.email == ""'), {}, { requester: { email: null } }, approves('met')],
  [
    'an open incident',
    onlyWhen('incident.open && incident.severity == "1"'),
    {},
    { incident: { open: true, severity: '1' } },
    approves('met'),
  ],
  ['no open incident', onlyWhen('incident.open'), {}, {}, asks('else')],
  [
    'a pull request and its labels',
    onlyWhen('pull_request.number > 0 && "prod" in pull_request.labels'),
    {},
    { pullRequest: { number: 7, labels: ['prod'], author: 'a', base: 'main', head: 'fix', sha: 'f00d' } },
    approves('met'),
  ],
  ['no pull request is number 0', onlyWhen('pull_request.number == 0'), {}, {}, approves('met')],
  [
    'the client in a condition',
    ofClients('client.repository == "acme/api" && client.environment == "prod"'),
    {},
    { client: client('api-deploy') },
    approves('met'),
  ],
  [
    'the job of the client in a condition',
    ofClients(
      'client.name == "api-deploy" && client.issuer == "github" && client.repository_id == "456789" && client.event == "push" && client.run == "4711" && client.attempt > 1 && client.sha.startsWith("f00d") && client.actor == "octocat"',
    ),
    {},
    { client: client('api-deploy') },
    approves('met'),
  ],
  [
    'the head of a pull request',
    onlyWhen('pull_request.head == "fix" && pull_request.sha == "f00d"'),
    {},
    { pullRequest: { number: 7, labels: [], author: 'a', base: 'main', head: 'fix', sha: 'f00d' } },
    approves('met'),
  ],
  ['a person has an empty client', onlyWhen('client.name == "" && client.attempt == 0'), {}, {}, approves('met')],
  ['the local hour is of the policy, not of the machine', onlyWhen('local.hour == 13'), {}, {}, approves('met')],
  [
    'the local hour knows summer time',
    onlyWhen('local.hour == 14'),
    {},
    { now: new Date('2026-07-14T12:00:00Z') },
    approves('met'),
  ],
  ['midnight is hour 0', onlyWhen('local.hour == 0'), {}, { now: new Date('2026-01-14T23:10:00Z') }, approves('met')],
  ['the local weekday', onlyWhen('local.weekday == "wednesday"'), {}, {}, approves('met')],
  [
    'the weekday turns at local midnight',
    onlyWhen('local.weekday == "thursday"'),
    {},
    { now: new Date('2026-01-14T23:10:00Z') },
    approves('met'),
  ],
  [
    'a freeze begins on its second',
    [deny('f', { when: 'now >= timestamp("2026-01-14T12:00:00Z")' }), anyone],
    {},
    {},
    denies('f'),
  ],
  [
    'a second before it does not',
    [deny('f', { when: 'now >= timestamp("2026-01-14T12:00:01Z")' }), anyone],
    {},
    {},
    asks('owners'),
  ],
  [
    'a condition that errors does not approve',
    [approve('e', { when: 'requester.groups[0] == "x"' }), anyone],
    {},
    {},
    asks('owners'),
  ],
  ['a condition that errors does not ask', [rule('e', { when: 'requester.groups[0] == "x"' })], {}, {}, nobody],
  ['a condition that errors denies', [deny('e', { when: 'requester.groups[0] == "x"' }), anyone], {}, {}, denies('e')],
  [
    'a condition about an unread group does not approve',
    [approve('e', { when: '!("sre" in requester.groups)' }), anyone],
    {},
    { requester: { unknownGroups: ['sre'] } },
    asks('owners'),
  ],
  [
    'a condition about an unread group denies',
    [deny('e', { when: '"sre" in requester.groups' }), anyone],
    {},
    { requester: { unknownGroups: ['sre'] } },
    denies('e'),
  ],
  [
    'a condition about any group denies while one is unread',
    [deny('e', { when: 'requester.groups.exists(g, g == "x")' }), anyone],
    {},
    { requester: { unknownGroups: ['dba'] } },
    denies('e'),
  ],
  // caps and durations
  ['the cap is that of the role', [anyone], {}, {}, { decision: 'ask', capMs: 4 * HOUR }],
  ['the cap of the rule is lower', [rule('short', { maxMs: HOUR })], {}, {}, { decision: 'ask', capMs: HOUR }],
  [
    'the cap of the rule cannot raise the role',
    [rule('long', { maxMs: 9 * HOUR })],
    {},
    {},
    { decision: 'ask', capMs: 4 * HOUR },
  ],
  ['exactly the cap is allowed', [anyone], { durationMs: 4 * HOUR }, {}, { decision: 'ask', problems: [] }],
  ['a second over the cap is not', [anyone], { durationMs: 4 * HOUR + 1000 }, {}, refused('duration_over_cap')],
  [
    'over the cap of the rule',
    [rule('short', { maxMs: HOUR })],
    { durationMs: 2 * HOUR },
    {},
    refused('duration_over_cap'),
  ],
  [
    'an approving rule has a cap too',
    [approve('a', { maxMs: HOUR })],
    { durationMs: 2 * HOUR },
    {},
    { decision: 'approve', problems: ['duration_over_cap'] },
  ],
  ['no time at all', [anyone], { durationMs: 0 }, {}, refused('bad_duration')],
  ['less than no time', [anyone], { durationMs: -5 }, {}, refused('bad_duration')],
  ['not a number of milliseconds', [anyone], { durationMs: Number.NaN }, {}, refused('bad_duration')],
  ['for ever', [anyone], { durationMs: Number.POSITIVE_INFINITY }, {}, refused('bad_duration')],
  // reasons and tickets
  ['no reason', [anyone], { reason: '' }, {}, refused('reason_missing')],
  ['a reason of blanks', [anyone], { reason: ' \n\u200b ' }, {}, refused('reason_missing')],
  ['a dot will do where no minimum is set', [anyone], { reason: '.' }, {}, { decision: 'ask', problems: [] }],
  ['a dot will not do under a minimum', [reasoned], { reason: '.' }, {}, refused('reason_too_short')],
  ['a real reason', [reasoned], { reason: 'repair order 1183 by hand' }, {}, { decision: 'ask', problems: [] }],
  ['a run along the keyboard', [reasoned], { reason: 'asdfghjkl qwertyuiop zxcvbnm' }, {}, refused('reason_too_short')],
  ['one character, often', [reasoned], { reason: 'x'.repeat(40) }, {}, refused('reason_too_short')],
  ['one word, often', [reasoned], { reason: 'test test test test test test' }, {}, refused('reason_too_short')],
  ['too much reason', [anyone], { reason: 'a '.repeat(1600) }, {}, refused('reason_too_long')],
  ['a ticket that fits', [ticketed], { ticket: 'OPS-12' }, {}, { decision: 'ask', problems: [] }],
  ['a ticket with blanks around', [ticketed], { ticket: ' OPS-12 ' }, {}, { decision: 'ask', problems: [] }],
  ['no ticket where one is needed', [ticketed], {}, {}, refused('ticket_missing')],
  ['a blank ticket', [ticketed], { ticket: '  ' }, {}, refused('ticket_missing')],
  ['a ticket of another shape', [ticketed], { ticket: 'DEV-12' }, {}, refused('ticket_mismatch')],
  ['a ticket that is too long', [anyone], { ticket: 'x'.repeat(201) }, {}, refused('ticket_too_long')],
  [
    'every problem at once',
    [rule('all', { require: { ticket: '^A$', reasonChars: 20 } })],
    { durationMs: 9 * HOUR, reason: '.' },
    {},
    refused('duration_over_cap', 'reason_too_short', 'ticket_missing'),
  ],
  // who is asked
  [
    'owners of the target',
    [anyone],
    { target: 'billing' },
    {},
    { decision: 'ask', from: ['group:dba', 'person:sam@acme.test'] },
  ],
  [
    'a group and a person',
    [rule('x', { effect: { kind: 'ask', approvals: [{ from: ['sre', 'sam@acme.test'], count: 1 }] } })],
    {},
    {},
    { decision: 'ask', from: ['group:sre', 'person:sam@acme.test'] },
  ],
  [
    'the manager',
    [rule('x', { effect: { kind: 'ask', approvals: [{ from: ['manager'], count: 1 }] } })],
    {},
    {},
    { decision: 'ask', from: ['manager'] },
  ],
  // what does not exist
  [
    'an unknown target',
    [anyone],
    { target: 'nope' },
    {},
    { decision: 'deny', code: 'no_rule', problems: ['unknown_target'] },
  ],
  [
    'an unknown role',
    [anyone],
    { role: 'nope' },
    {},
    { decision: 'deny', code: 'no_rule', problems: ['unknown_role'] },
  ],
  [
    'a name every object has',
    [anyone],
    { target: 'constructor' },
    {},
    { decision: 'deny', problems: ['unknown_target'] },
  ],
  ['a role every object has', [anyone], { role: '__proto__' }, {}, { decision: 'deny', problems: ['unknown_role'] }],
];

describe('conditions, caps and what can be fixed', () => {
  it.each(CASES)('%s', (...[, rules, ask, facts, expected]) => {
    expectVerdict(decide(policyOf(rules), askFor(ask), factsFor(facts)), expected);
  });
});
