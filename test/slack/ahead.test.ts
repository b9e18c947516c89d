/** What was allowed ahead of time where it is not enough alone: a vote on the request that waits, until it is taken back. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { codeOf } from '../support/refusal.ts';
import { POLICY, seen, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

const preApprove = (userId: string, role = 'write') =>
  rig.useCases.preApprove({ userId, personUserId: 'U0ADA', target: 'orders-db', role, forMs: 3_600_000 });
const ask = async (role = 'write'): Promise<{ id: string; state: string }> => {
  const wanted = { userId: 'U0ADA', target: 'orders-db', role, durationMs: null, reason: 'repair order 1183 by hand' };
  const result = await rig.useCases.createRequest({ ...wanted, ticket: 'OPS-12', idempotencyKey: null });
  if (result.outcome !== 'sent') throw new Error(`not sent: ${result.outcome}`);
  await rig.settle();
  return result.view.request;
};
const vote = async (userId: string, requestId: string, kind: 'approve' | 'deny' = 'approve') => {
  const result = await rig.useCases.vote({ userId, requestId, kind, reason: kind === 'deny' ? 'no' : null });
  await rig.settle();
  return result;
};
const query = async <Row extends pg.QueryResultRow>(text: string, values: unknown[]): Promise<pg.QueryResult<Row>> => {
  const database = new pg.Client({ connectionString: rig.databaseUrl });
  await database.connect();
  try {
    return await database.query<Row>(text, values);
  } finally {
    await database.end();
  }
};
const approval = (): string => seen(rig.slack.as('olga').messages('prod-access').at(-1));

describe('a pre-approval that is one of two approvals', () => {
  it('is said in the message, and the other approval decides', async () => {
    const { preApproval, missing } = await preApprove('U0OLGA');
    expect(missing).toEqual([{ label: 'sre', count: 1 }]);
    const { id, state } = await ask();
    expect(state).toBe('pending');
    expect(approval()).toContain('olga (pre-approved) approved');
    expect(approval()).toContain('waiting for one of sre');
    const { outcome, view } = await vote('U0RITA', id);
    expect(outcome).toBe('decided');
    expect(view.decision?.reason).toBe(`by rita, and in advance by olga (pre-approval ${preApproval.id})`);
    expect(approval()).toContain('Approved by rita, and in advance by olga');
  });

  it('taken back before the other approval counts for nothing', async () => {
    const { preApproval } = await preApprove('U0OLGA');
    const { id } = await ask();
    await rig.useCases.withdrawPreApproval({ userId: 'U0OLGA', id: preApproval.id });
    expect((await vote('U0RITA', id)).outcome).toBe('counted');
    expect((await vote('U0OLGA', id)).outcome).toBe('decided');
  });

  it('is silent once its giver votes, and a deny of theirs denies', async () => {
    await preApprove('U0OLGA');
    const { id } = await ask();
    const { outcome, view } = await vote('U0OLGA', id, 'deny');
    expect([outcome, view.request.state]).toEqual(['decided', 'denied']);
  });

  it('counts its giver once: two pre-approvals of one approver fill one requirement', async () => {
    rig.setPolicy(POLICY.replace('{ from: sre, count: 1 }', '{ from: dba, count: 1 }'));
    await preApprove('U0OLGA');
    await preApprove('U0OLGA');
    const { id, state } = await ask();
    expect(state).toBe('pending');
    expect((await vote('U0SAM', id)).outcome).toBe('decided');
  });

  it('of somebody who may approve no more gives nothing', async () => {
    await preApprove('U0OLGA');
    const { id } = await ask();
    rig.slack.changePerson('olga', { isDeleted: true });
    expect((await vote('U0RITA', id)).outcome).toBe('counted');
  });
});

describe('a pre-approval that is enough', () => {
  it('is said by the form and by explain, for its role only', async () => {
    await preApprove('U0OLGA', 'read');
    const wanted = {
      userId: 'U0ADA',
      target: 'orders-db',
      durationMs: null,
      reason: 'repair order 1183',
      ticket: 'OPS-1',
    };
    const previewed = async (role: string) => (await rig.useCases.preview({ ...wanted, role })).allowedBy;
    expect((await previewed('read')).map(({ name }) => name)).toEqual(['olga']);
    expect(await previewed('write')).toEqual([]);
    const { lines } = await rig.useCases.explainRequest({ ...wanted, role: 'read', forUserId: null });
    expect(lines.join('\n')).toContain('Pre-approved by olga: ');
  });

  it('revoked at the very moment of its use is either used or revoked, never both ways round', async () => {
    const rounds = Array.from({ length: 8 }, (_, index) => index);
    for (const round of rounds) {
      const { preApproval } = await preApprove('U0OLGA', 'read');
      const [asked] = await Promise.all([
        ask('read'),
        codeOf(rig.useCases.withdrawPreApproval({ userId: 'U0OLGA', id: preApproval.id })),
      ]);
      const { rows } = await query<{ decided: Date | null; revoked: Date | null }>(
        `select (select d.decided_at from decisions d where d.request_id = $1) as decided,
                (select revoked_at from pre_approvals where id = $2) as revoked`,
        [asked.id, preApproval.id],
      );
      const [row] = rows;
      expect(row?.revoked, `round ${round}`).not.toBeNull();
      // Approved by it only while it held: the revocation waited for the decision, or came first and nothing was decided.
      expect(row?.decided?.getTime() ?? 0, `round ${round}`).toBeLessThanOrEqual(row?.revoked?.getTime() ?? 0);
    }
  });
});

it('whoever cancels a request of somebody else is refused, and it is recorded', async () => {
  const { id } = await ask();
  expect(await codeOf(rig.useCases.cancel({ userId: 'U0RITA', requestId: id }))).toBe('not_your_request');
  expect(await rig.auditTypes(id)).toContain('request.cancel_refused');
  expect((await rig.useCases.cancel({ userId: 'U0ADA', requestId: id })).view.request.state).toBe('cancelled');
});
