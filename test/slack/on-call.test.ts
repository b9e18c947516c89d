/** Groups that PagerDuty keeps: who is on call decides and is asked, and what cannot be looked up goes to people. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDomainError } from '../../src/domain/errors.ts';
import { createLog } from '../../src/lib/log.ts';
import { createPagerDuty } from '../../src/directory/on-call/pagerduty.ts';
import type { CreateRequestResult } from '../../src/application/requests/request-types.ts';
import type { VoteResult } from '../../src/application/requests/vote-context.ts';
import { hoursLater, startAcmePagerDuty } from '../support/pagerduty.ts';
import type { PagerDuty } from '../support/pagerduty.ts';
import { withClient } from '../support/world.ts';
import { POLICY, seen, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const RULES = `rules:
  - name: On-call reads at once
    match: { roles: ["*/read"], groups: [on-call] }
    approve: true
  - name: Writes need an owner and on-call
    match: { roles: ["orders-db/write"] }
    approvals: [{ from: owners }, { from: on-call }]
  - name: On-call alone decides here
    match: { roles: ["users-db/read"] }
    approvals: [{ from: on-call }]
  - name: Everything else needs an owner or on-call
    approvals: [{ from: [owners, on-call] }]
admins: [security]
`;
const ON_CALL = '  on-call: { pagerduty_schedule: PFIRST, levels: [1] }\n';
const WITH_ON_CALL = `${POLICY.slice(0, POLICY.indexOf('rules:'))}${RULES}`.replace(
  'targets:\n',
  `${ON_CALL}targets:\n`,
);

let rig: Rig;
let pagerDuty: PagerDuty;
beforeEach(async () => {
  pagerDuty = await startAcmePagerDuty();
  const { token, apiUrl } = pagerDuty;
  rig = await startRig({
    policy: WITH_ON_CALL,
    onCall: { pagerduty: createPagerDuty({ token, apiUrl, log: createLog('silent') }) },
  });
});
afterEach(async () => {
  await rig.stop();
  await pagerDuty.close();
});

const down = (): void => pagerDuty.fail({ status: 503 }, 1_000);

const ask = (who: string, role: string): Promise<CreateRequestResult> => {
  const [target = '', name = ''] = role.split('/');
  const reason = 'checkout errors since noon';
  const input = { target, role: name, durationMs: null, reason, ticket: null, idempotencyKey: null };
  return rig.useCases.createRequest({ userId: who, ...input });
};

const sent = async (who: string, role: string): Promise<string> => {
  const result = await ask(who, role);
  if (result.outcome !== 'sent') throw new Error(result.outcome);
  return result.view.request.id;
};

const vote = (who: string, requestId: string, kind: 'approve' | 'deny' = 'approve'): Promise<VoteResult> =>
  rig.useCases.vote({ userId: who, requestId, kind, reason: null });

const outcomeOf = async (work: Promise<{ outcome: string }>): Promise<string> => {
  try {
    return (await work).outcome;
  } catch (error) {
    if (isDomainError(error)) return error.code;
    throw error;
  }
};

const stateOf = async (requestId: string): Promise<{ state: string | undefined; votes: number | undefined }> => {
  const view = await rig.store.read.view(requestId);
  return { state: view?.request.state, votes: view?.votes.length };
};

describe('who is on call', () => {
  it('gets what the rule gives, until the hand-over', async () => {
    expect((await rig.store.read.view(await sent('U0OSCAR', 'orders-db/read')))?.request.state).toBe('approved');
    expect((await rig.store.read.view(await sent('U0RITA', 'orders-db/read')))?.request.state).toBe('pending');
    pagerDuty.setClock(hoursLater(24));
    expect((await rig.store.read.view(await sent('U0OSCAR', 'orders-db/read')))?.request.state).toBe('pending');
    expect((await rig.store.read.view(await sent('U0RITA', 'orders-db/read')))?.request.state).toBe('approved');
  });

  it('counts in the named tiers only', async () => {
    rig.setPolicy(WITH_ON_CALL.replace('PFIRST, levels: [1]', 'PSECOND, levels: [1]'));
    expect((await rig.store.read.view(await sent('U0SAM', 'orders-db/read')))?.request.state).toBe('pending');
    rig.setPolicy(WITH_ON_CALL.replace('PFIRST, levels: [1]', 'PSECOND, levels: [1, 2]'));
    expect((await rig.store.read.view(await sent('U0SAM', 'orders-db/read')))?.request.state).toBe('approved');
  });

  it('votes as long as the shift lasts, whatever a cache still shows', async () => {
    const id = await sent('U0ADA', 'orders-db/write');
    const asked = await rig.useCases.targetOverview({ userId: 'U0ADA', target: 'orders-db' });
    expect(JSON.stringify(asked)).toContain('U0OSCAR');
    pagerDuty.setClock(hoursLater(24));
    expect(await outcomeOf(vote('U0OSCAR', id))).toBe('not_an_approver');
    expect(await outcomeOf(vote('U0OLGA', id))).toBe('counted');
    expect(await outcomeOf(vote('U0RITA', id))).toBe('decided');
  });

  it('a request is not refused by a look that was kept: by then somebody may approve it', async () => {
    const oscar = pagerDuty.users.get('PUOSCAR');
    if (!oscar) throw new Error('Oscar is not in PagerDuty');
    pagerDuty.users.set('PUOSCAR', { ...oscar, email: 'oscar@other.test' });
    await rig.useCases.targetOverview({ userId: 'U0ADA', target: 'users-db' });
    pagerDuty.users.set('PUOSCAR', oscar);
    expect(await outcomeOf(ask('U0ADA', 'users-db/read'))).not.toBe('nobody_can_approve');
  });

  it('is nobody whose address no member has, or who was deactivated', async () => {
    const id = await sent('U0ADA', 'orders-db/write');
    rig.slack.changePerson('oscar', { isDeleted: true });
    expect(await outcomeOf(vote('U0OSCAR', id))).toBe('inactive_person');
    pagerDuty.users.set('PUOSCAR', { id: 'PUOSCAR', name: 'Oscar', email: 'oscar@other.test' });
    expect(await outcomeOf(ask('U0ADA', 'users-db/read'))).toBe('nobody_can_approve');
  });
});

describe('while on-call cannot be looked up', () => {
  it('whoever would be let in at once asks people instead, and the message says what is unknown', async () => {
    down();
    const id = await sent('U0OSCAR', 'orders-db/read');
    expect((await stateOf(id)).state).toBe('pending');
    await rig.settle();
    const shown = seen(rig.slack.as('olga').messages('prod-access').at(-1));
    expect(shown).toContain('<@U0OLGA>');
    expect(shown).toContain('on-call could not be looked up just now');
    expect(await outcomeOf(vote('U0OLGA', id))).toBe('decided');
  });

  it('a request that only they could decide is not made, and says so', async () => {
    down();
    expect(await outcomeOf(ask('U0ADA', 'users-db/read'))).toBe('lookup_failed');
    expect(await rig.store.read.pending(10)).toEqual([]);
    const preview = await rig.useCases.preview({
      userId: 'U0ADA',
      target: 'users-db',
      role: 'read',
      durationMs: null,
      reason: '',
      ticket: null,
    });
    expect(preview.eligible).toMatchObject([{ label: 'on-call', people: [], unknown: ['on-call'] }]);
  });

  it('an owner’s vote counts, one that needs them changes nothing, and works again afterwards', async () => {
    const id = await sent('U0ADA', 'orders-db/write');
    down();
    expect(await outcomeOf(vote('U0OSCAR', id))).toBe('lookup_failed');
    expect(await stateOf(id)).toEqual({ state: 'pending', votes: 0 });
    expect(await outcomeOf(vote('U0OLGA', id))).toBe('counted');
    pagerDuty.clearFaults();
    expect(await outcomeOf(vote('U0OSCAR', id))).toBe('decided');
  });

  it('a vote that would decide with a vote of theirs is not stored, so that it decides when cast again', async () => {
    const id = await sent('U0ADA', 'orders-db/write');
    expect(await outcomeOf(vote('U0OSCAR', id))).toBe('counted');
    down();
    expect(await outcomeOf(vote('U0OLGA', id))).toBe('lookup_failed');
    expect(await stateOf(id)).toEqual({ state: 'pending', votes: 1 });
    pagerDuty.clearFaults();
    expect(await outcomeOf(vote('U0OLGA', id))).toBe('decided');
  });

  it('an owner may still deny', async () => {
    const id = await sent('U0ADA', 'orders-db/write');
    down();
    expect(await outcomeOf(vote('U0OLGA', id, 'deny'))).toBe('decided');
    expect((await stateOf(id)).state).toBe('denied');
  });

  it('a rule that says no to them says no, and denies no request that waits', async () => {
    const id = await sent('U0ADA', 'orders-db/write');
    rig.setPolicy(
      WITH_ON_CALL.replace(
        'rules:\n',
        'rules:\n  - name: Not on call\n    match: { groups: [on-call] }\n    deny: Rest.\n',
      ),
    );
    down();
    expect(await outcomeOf(ask('U0ADA', 'orders-db/write'))).toBe('denied');
    expect(await outcomeOf(vote('U0OLGA', id))).toBe('lookup_failed');
    expect(await stateOf(id)).toEqual({ state: 'pending', votes: 0 });
  });

  it('a rule that does not look at them asks PagerDuty nothing', async () => {
    rig.setPolicy(POLICY.replace('targets:\n', `${ON_CALL}targets:\n`));
    const before = pagerDuty.requests.length;
    const id = await sent('U0ADA', 'orders-db/read');
    expect(await outcomeOf(vote('U0OLGA', id))).toBe('decided');
    expect(pagerDuty.requests).toHaveLength(before);
  });

  it('who may revoke is told to try again, an owner revokes all the same', async () => {
    const id = await sent('U0OSCAR', 'orders-db/read');
    const grant = (await rig.store.read.view(id))?.grant;
    await rig.settle();
    rig.setPolicy(WITH_ON_CALL.replace('admins: [security]', 'admins: [security, on-call]'));
    down();
    const revoke = (userId: string) =>
      rig.useCases.end({ userId, id: grant?.id ?? '', cause: 'revoked', reason: null });
    await expect(revoke('U0RITA')).rejects.toMatchObject({ code: 'lookup_failed' });
    expect((await revoke('U0OLGA')).view.grant?.state).toBe('ending');
  });
});

describe('a schedule that is gone', () => {
  const codeAndFacts = async (work: Promise<unknown>): Promise<Record<string, unknown>> => {
    try {
      await work;
    } catch (error) {
      if (isDomainError(error)) return { code: error.code, ...error.facts };
      throw error;
    }
    throw new Error('nothing was refused');
  };
  const notices = async (): Promise<unknown[]> =>
    withClient(
      rig.databaseUrl,
      async (client) =>
        (await client.query("select closing from announcements where kind = 'group_gone' order by created_at")).rows,
    );

  it.each([
    [
      'was deleted',
      () => void pagerDuty.schedules.delete('PFIRST'),
      /PagerDuty has no schedule PFIRST; it was deleted/,
    ],
    ['may not be read', () => pagerDuty.fail({ status: 403 }, 1_000), /does not let this token see schedules/],
    ['is refused with the token', () => pagerDuty.fail({ status: 401 }, 1_000), /refuses the token/],
  ])('because it %s is no matter of moments, and admins are notified once', async (_what, break_, why) => {
    break_();
    const refused = await codeAndFacts(ask('U0ADA', 'users-db/read'));
    expect(refused).toMatchObject({ code: 'lookup_failed', lasting: [expect.stringMatching(why)], isNotified: true });
    await codeAndFacts(ask('U0ADA', 'users-db/read'));
    expect(await notices()).toMatchObject([{ closing: null }]);
  });

  it('as long as the service only does not answer is tried again in a moment', async () => {
    down();
    const refused = await codeAndFacts(ask('U0ADA', 'users-db/read'));
    expect(refused).not.toHaveProperty('lasting');
    expect(await notices()).toEqual([]);
  });

  it('and comes back closes the notice at the next look', async () => {
    const first = pagerDuty.schedules.get('PFIRST');
    pagerDuty.schedules.delete('PFIRST');
    await codeAndFacts(ask('U0ADA', 'users-db/read'));
    if (first) pagerDuty.schedules.set('PFIRST', first);
    await ask('U0ADA', 'users-db/read');
    expect(await notices()).toMatchObject([{ closing: 'It can be read again, and counts again.' }]);
  });
});
