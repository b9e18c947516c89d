import { describe, expect, it } from 'vitest';
import {
  BREAK_GLASS_REASON_CHARS,
  isBreakGlassRole,
  evaluateBreakGlass,
} from '../../../src/domain/policy/break-glass.ts';
import type { BreakGlass } from '../../../src/domain/policy/types.ts';
import { policyOf, POLICY } from '../../slack/rig.ts';

const FREEZE = `rules:
  - name: Freeze
    match: { roles: ["*/read"] }
    when: now > timestamp("2026-01-01T00:00:00Z")
    deny: Not now.`;
const policy = policyOf(POLICY);
const frozen = policyOf(POLICY.replace('rules:', FREEZE));

const glass: BreakGlass = {
  who: ['sre'],
  roles: ['*/read', 'orders-db/write'],
  maxMs: 3_600_000,
  notify: ['#s'],
  reviewWithinMs: 1,
  reviewers: ['security'],
};

const facts = {
  now: new Date('2026-01-14T12:00:00Z'),
  requester: { personId: 'T1:U1', userId: 'U1', email: null, groups: [] },
  incident: { open: false, channel: '', severity: '' },
  client: null,
  pullRequest: null,
};

const ask = (changes: object = {}) => ({
  target: 'orders-db',
  role: 'write',
  durationMs: 0,
  reason: 'checkout is down since the release',
  ticket: null,
  ...changes,
});

const evaluate = (changes: object = {}, by = policy, given = glass) =>
  evaluateBreakGlass(by, given, { requested: ask(changes), facts });

describe('break-glass', () => {
  it.each([
    ['orders-db', 'read', true],
    ['orders-db', 'write', true],
    ['users-db', 'write', false],
  ])('reaches %s/%s: %s', (target, role, reaches) => expect(isBreakGlassRole(glass, { target, role })).toBe(reaches));

  it('reaches nothing with an empty list', () => {
    expect(isBreakGlassRole({ ...glass, roles: [] }, { target: 'orders-db', role: 'read' })).toBe(false);
  });

  it('skips the approvals and the ticket of the rule that would have decided, and names them', () => {
    const verdict = evaluate();
    expect(verdict?.problems).toEqual([]);
    expect(verdict?.rule).toBe('Writes need an owner and an SRE');
    expect(verdict?.skipped.map(({ label }) => label)).toEqual(['owners', 'sre']);
    expect(verdict?.overrides).toBeNull();
  });

  it.each([
    ['the role', 4 * 3_600_000, 3_600_000],
    ['its own max', 60_000, 60_000],
  ])('is capped by %s', (_, maxMs, capMs) => {
    const verdict = evaluate({ durationMs: capMs + 1 }, policy, { ...glass, maxMs });
    expect(verdict?.capMs).toBe(capMs);
    expect(verdict?.problems.map(({ code }) => code)).toEqual(['duration_over_cap']);
  });

  it('takes the usual time of the role, cut to the cap, where none is named', () => {
    expect(evaluate()?.defaultMs).toBe(15 * 60_000);
    expect(evaluate({}, policy, { ...glass, maxMs: 60_000 })?.defaultMs).toBe(60_000);
  });

  it.each(['', '.', 'asdf asdf asdf', 'x'.repeat(BREAK_GLASS_REASON_CHARS - 1)])(
    'wants a real reason, not "%s"',
    (reason) => {
      expect(evaluate({ reason })?.problems.map(({ field }) => field)).toEqual(['reason']);
    },
  );

  it('overrides a denial, says which, and has the owners told', () => {
    const verdict = evaluate({ role: 'read' }, frozen);
    expect(verdict?.overrides).toEqual({ rule: 'Freeze', message: 'Not now.' });
    expect(verdict?.skipped.map(({ label }) => label)).toEqual(['owners']);
  });

  it('knows nothing of what is not in the policy', () => {
    expect(evaluate({ target: 'nothing' })).toBeNull();
    expect(evaluate({ role: 'constructor' })).toBeNull();
  });
});
