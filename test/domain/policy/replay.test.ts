import { describe, expect, it } from 'vitest';
import { decide } from '../../../src/domain/policy/decide.ts';
import { policyDifferences } from '../../../src/domain/policy/differences.ts';
import { explain } from '../../../src/domain/policy/explain.ts';
import { evaluationOf, replay } from '../../../src/domain/policy/replay.ts';
import type { PastRequest } from '../../../src/domain/policy/replay.ts';
import type { Policy, Rule } from '../../../src/domain/policy/types.ts';
import { evaluationRecordOf, pastRequestOf } from '../../../src/domain/policy/past.ts';
import type { EvaluationRecord } from '../../../src/domain/policy/past.ts';
import { client } from './decide-cases.ts';
import { approve, askFor, deny, factsFor, HOUR, policyOf, rule } from './made.ts';
import { boundEmail } from '../../../src/domain/principals/identity.ts';

const pastUnder = (policy: Policy, role: string, id: string): PastRequest => {
  const ask = askFor({ role });
  const facts = factsFor();
  return {
    id,
    requester: 'anna@acme.test',
    requested: ask,
    facts,
    before: evaluationOf(decide(policy, ask, facts)),
    isRecorded: true,
  };
};

const two = { kind: 'ask' as const, approvals: [{ from: ['owners'], count: 2 }] };
const other = { kind: 'ask' as const, approvals: [{ from: ['sre'], count: 1 }] };

const changeBetween = async (before: Rule[], after: Rule[]): Promise<string | null> => {
  const { requests, changes } = await replay(policyOf(after), [pastUnder(policyOf(before), 'read', 'r1')]);
  expect(requests).toBe(1);
  return changes[0]?.kind ?? null;
};

describe('replay of past requests', () => {
  it.each<[string, Rule[], Rule[], string | null]>([
    ['the same rules change nothing', [rule('a')], [rule('a')], null],
    ['a new name of a rule changes nothing', [rule('a')], [rule('b')], null],
    ['an approval at once is wider', [rule('a')], [approve('a')], 'wider'],
    ['a deny is narrower', [rule('a')], [deny('d'), rule('a')], 'narrower'],
    ['an approver more is narrower', [rule('a')], [rule('a', { effect: two })], 'narrower'],
    ['an approver less is wider', [rule('a', { effect: two })], [rule('a')], 'wider'],
    ['other approvers are other', [rule('a')], [rule('a', { effect: other })], 'other'],
    ['no rule left is narrower', [rule('a')], [rule('a', { match: { roles: ['*/write'] } })], 'narrower'],
    ['a lower cap sends requests back', [rule('a')], [rule('a', { maxMs: HOUR / 60 })], 'narrower'],
  ])('%s', async (...[, before, after, kind]) => expect(await changeBetween(before, after)).toBe(kind));

  it('reads a stream and says what would change in a sentence', async () => {
    const past = async function* (): AsyncGenerator<PastRequest> {
      yield pastUnder(policyOf([rule('old')]), 'read', 'r1');
      yield pastUnder(policyOf([rule('old')]), 'write', 'r2');
    };
    const { requests, changes } = await replay(
      policyOf([approve('new', { match: { roles: ['*/read'] } }), rule('old')]),
      past(),
    );
    expect(requests).toBe(2);
    expect(changes).toMatchObject([{ id: 'r1', target: 'orders', role: 'read' }]);
    expect(changes[0]?.message).toBe(
      '2026-01-14T12:00:00.000Z anna@acme.test orders/read: ask owners by "old" -> approve by "new" (wider)',
    );
  });
});

describe('what changed between two policies', () => {
  it('nothing, when only lines moved', () => {
    expect(
      policyDifferences(policyOf([rule('a', { line: 1 })]), policyOf([rule('a', { line: 9 })], { sha256: 'x' })),
    ).toEqual([]);
  });

  it('is said by name', () => {
    const before = policyOf([rule('kept'), rule('gone'), rule('same')]);
    const after = policyOf([rule('same'), rule('kept', { when: 'incident.open' }), rule('new')], {
      groups: { dba: { kind: 'people', people: ['dana@acme.test'] } },
      admins: ['dba'],
    });
    expect(policyDifferences(before, after)).toEqual([
      'Group "sre" was removed',
      'Group "on-call" was removed',
      'Group "dba" was changed',
      'Rule "new" was added',
      'Rule "gone" was removed',
      'Rule "kept" was changed',
      'The order of the rules was changed',
      'The list of admins was changed',
    ]);
  });
});

it('no part of a policy changes without a word, but for its tests and the hash of its text', () => {
  const before = policyOf([rule('a')]);
  const silent = Object.keys(before).filter((key) => {
    const changed = key === 'rules' ? [rule('b')] : { changed: {} };
    return policyDifferences(before, { ...before, [key]: changed }).length === 0;
  });
  expect(silent.toSorted()).toEqual(['sha256', 'tests']);
});

describe('explaining in words', () => {
  const policy = policyOf([
    deny('freeze', { when: 'incident.open', line: 4 }),
    rule('two', {
      effect: two,
      line: 9,
      isInOrder: true,
      escalate: { afterMs: HOUR, to: 'sre' },
      require: { ticket: '^OPS$', reasonChars: 20 },
    }),
    rule('elsewhere', { match: { targets: ['billing'] } }),
  ]);

  it('says which rule decides, who is asked, what is missing and what was passed over', () => {
    const { lines } = explain({
      policy,
      requested: askFor({ durationMs: 9 * HOUR, reason: 'asdf asdf asdf asdf asdf' }),
      facts: factsFor(),
      reach: {
        isFillable: false,
        problem: 'too_few',
        requirements: [{ index: 0, label: 'owners', count: 2, eligible: ['T1:U2'], state: 'too_few' }],
      },
      nameOf: () => 'Dana',
    });
    expect(lines).toEqual([
      'Decided by the rule "two" (line 9), for up to 4h.',
      'It needs:',
      '  - 2 from owners: Dana (there are too few people)',
      'Nobody answers within 1h: sre may approve too.',
      'Unanswered, it expires after 4h.',
      'Before it can be sent:',
      '  - 9h is longer than the 4h that is allowed here; request less.',
      '  - The reason does not read like one; write at least 20 characters of real text.',
      '  - A ticket is needed, of the shape ^OPS$.',
      'One person may have 5 open requests and 3 live grants at a time.',
      'Passed over:',
      '  - "freeze" (line 4) its condition is false: incident.open',
    ]);
  });

  it('says why it is denied', () => {
    const { lines } = explain({ policy, requested: askFor(), facts: factsFor({ incident: { open: true } }) });
    expect(lines[0]).toBe('Denied by the rule "freeze" (line 4): No: freeze.');
  });

  it('says what there is instead of an unknown role', () => {
    const { lines } = explain({ policy, requested: askFor({ role: 'admin' }), facts: factsFor() });
    expect(lines).toEqual(['"orders" has no role "admin"; it has read, write.']);
  });
});

describe('an ask from before more of an alert was kept than its name', () => {
  it('is judged as if the source had said nothing more, and no condition on it fails', () => {
    const facts = { ...factsFor(), alert: { name: 'lag', isUnknown: false } } as unknown as EvaluationRecord['facts'];
    const policy = policyOf([
      approve('lag', { match: { alerts: ['lag'] }, when: 'alert.severity == "critical"' }),
      rule('rest'),
    ]);
    const before = { decision: 'approve' as const, rule: 'lag', requirements: [] };
    const requester = { personId: 'T1:U0ANNA', userId: 'U0ANNA', name: 'Anna', email: boundEmail('anna@acme.test') };
    const record = { ask: askFor(), facts, groupsRead: [], judged: before };
    const past = pastRequestOf(policy, {
      id: 'r1',
      at: new Date(),
      requester,
      requested: askFor(),
      rule: 'lag',
      requirements: [],
      record,
    });
    expect(past.facts.alert).toEqual({ name: 'lag', source: '', severity: '', isUnknown: false });
    expect(decide(policy, past.requested, past.facts)).toMatchObject({
      decision: 'ask',
      passedOver: [{ rule: 'lag', why: 'condition_false' }],
    });
  });
});

describe('a request of a client', () => {
  it('is judged again as of its job: by rules for its client, and by what its token said', async () => {
    const before = policyOf([rule('rest')]);
    const facts = factsFor({ client: client('api-deploy') });
    const record = evaluationRecordOf(before, {
      requested: askFor(),
      facts,
      verdict: decide(before, askFor(), facts),
    });
    const past = (policy: Policy): PastRequest =>
      pastRequestOf(policy, {
        id: 'r1',
        at: new Date(),
        requester: { personId: 'client:api-deploy', userId: '', name: 'api-deploy', email: null },
        requested: askFor(),
        rule: 'rest',
        requirements: [],
        record,
      });
    const kindUnder = async (when: string): Promise<string | null> => {
      const policy = policyOf([approve('jobs', { match: { clients: ['api-*'] }, when }), rule('rest')]);
      const { changes } = await replay(policy, [past(policy)]);
      return changes[0]?.kind ?? null;
    };
    expect(await kindUnder('client.name == "api-deploy"')).toBe('wider');
    expect(await kindUnder('client.name == "web-deploy"')).toBeNull();
  });
});
