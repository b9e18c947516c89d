/** Access taken by break-glass is judged by others, in time, and until then its taker takes no more. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ReviewOutcome } from '../../../src/domain/break-glass/follow-up.ts';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

const RULES = 'rules:\n  - { name: An owner agrees, approvals: [{ from: owners }] }\nadmins: [sre, on-call]';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf(undefined, RULES));
});
afterEach(() => rig.close());

const take = async (): Promise<string> => {
  const wanted = { userId: 'U0OSCAR', target: 'orders-db', role: 'write', durationMs: 900_000, ticket: null };
  const reason = 'checkout is down and the job holds a lock';
  const taken = await rig.useCases.breakGlass({ ...wanted, reason, idempotencyKey: null });
  if (taken.outcome !== 'sent') throw new Error(taken.outcome);
  return (await rig.grantOf(taken.view)).id;
};
type Said = { outcome: ReviewOutcome; note: string | null };
const close = (userId: string, grantId: string, said: Said = { outcome: 'justified', note: null }) =>
  rig.useCases.closeReview({ userId, grantId, ...said });
const fallDue = () =>
  rig.pool.query('update reviews set due_at = clock_timestamp(), next_reminder_at = clock_timestamp()');
const eventsOf = async (type: string) => (await rig.events()).filter((event) => event.type === type);

describe('closing a review', () => {
  test('is for the reviewers, and records who, what and the note', async () => {
    const grantId = await take();
    const { view } = await close('U0OLGA', grantId, {
      outcome: 'not_justified',
      note: '  the runbook has another way <!here> ',
    });
    const note = 'the runbook has another way <!here>';
    expect(view.review).toMatchObject({ state: 'closed', outcome: 'not_justified', note, reviewerId: 'T1:U0OLGA' });
    const [event] = await eventsOf('follow_up.closed');
    expect(event).toMatchObject({ actor: { id: 'T1:U0OLGA' }, data: { outcome: 'not_justified', note } });
  });

  test.each([
    ['its taker, who is an admin', 'U0OSCAR', 'own_review'],
    ['an admin, while reviewers have time', 'U0RITA', 'not_a_reviewer'],
    ['anybody else', 'U0MALLORY', 'not_a_reviewer'],
  ])('is not for %s, and the refusal is recorded', async (_, userId, code) => {
    const grantId = await take();
    await expect(close(userId, grantId)).rejects.toMatchObject({ code });
    expect((await eventsOf('follow_up.refused')).map(({ data }) => data['code'])).toEqual([code]);
  });

  test('falls to the admins once it is overdue, and never to its taker', async () => {
    const grantId = await take();
    await fallDue();
    await expect(close('U0OSCAR', grantId)).rejects.toMatchObject({ code: 'own_review' });
    expect((await close('U0RITA', grantId)).view.review).toMatchObject({ state: 'closed', reviewerId: 'T1:U0RITA' });
  });

  test('with "not justified" needs a note, and there must be a review', async () => {
    const grantId = await take();
    await expect(close('U0OLGA', grantId, { outcome: 'not_justified', note: '   ' })).rejects.toMatchObject({
      code: 'note_missing',
    });
    await expect(close('U0OLGA', 'none')).rejects.toMatchObject({ code: 'review_not_found' });
    expect(await eventsOf('follow_up.closed')).toEqual([]);
  });

  test('happens once: of two reviewers at the same moment the second hears who was first', async () => {
    const grantId = await take();
    const both = await Promise.allSettled([
      close('U0OLGA', grantId),
      close('U0SAM', grantId, { outcome: 'not_justified', note: 'no' }),
    ]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const late = both.find((one) => one.status === 'rejected');
    expect(late?.reason).toMatchObject({ code: 'review_closed', facts: { by: expect.stringMatching(/Olga|Sam/) } });
    expect(await eventsOf('follow_up.closed')).toHaveLength(1);
  });
});

test('reviewers see what they may close, and admins see all of it', async () => {
  const grantId = await take();
  const seenBy = async (userId: string) => {
    const { mine, all } = await rig.useCases.openReviews({ userId });
    return { mine: mine.map(({ grant }) => grant?.id), all: all?.map(({ grant }) => grant?.id) ?? null };
  };
  expect(await seenBy('U0OLGA')).toEqual({ mine: [grantId], all: null });
  expect(await seenBy('U0RITA')).toEqual({ mine: [], all: [grantId] });
  expect(await seenBy('U0MALLORY')).toEqual({ mine: [], all: null });
  await fallDue();
  expect(await seenBy('U0RITA')).toEqual({ mine: [grantId], all: [grantId] });
  expect((await seenBy('U0OSCAR')).mine).toEqual([]);
});

describe('allowing break-glass again', () => {
  const allow = (userId: string, personUserId = 'U0OSCAR') => rig.useCases.allowBreakGlass({ userId, personUserId });

  test('lifts the block that an overdue review is, and leaves the review open', async () => {
    const grantId = await take();
    await fallDue();
    await expect(take()).rejects.toMatchObject({ code: 'break_glass_blocked' });
    expect(await allow('U0RITA')).toMatchObject({ person: { id: 'T1:U0OSCAR' }, waived: 1 });
    expect(await take()).not.toBe(grantId);
    expect((await rig.useCases.openReviews({ userId: 'U0OLGA' })).mine).toHaveLength(2);
    expect((await eventsOf('break_glass.allowed')).map(({ data }) => data['person'])).toEqual(['T1:U0OSCAR']);
  });

  test.each([
    ['somebody who is no admin', 'U0OLGA', 'admins_only'],
    ['the blocked admin themselves', 'U0OSCAR', 'own_review'],
  ])('is not for %s', async (_, userId, code) => {
    await take();
    await fallDue();
    await expect(allow(userId)).rejects.toMatchObject({ code });
    await expect(take()).rejects.toMatchObject({ code: 'break_glass_blocked' });
  });

  test('does nothing where nothing blocks, and nothing a second time', async () => {
    await take();
    await expect(allow('U0RITA')).rejects.toMatchObject({ code: 'nothing_to_allow', facts: { name: 'Oscar' } });
    await fallDue();
    await allow('U0RITA');
    await expect(allow('U0RITA')).rejects.toMatchObject({ code: 'nothing_to_allow' });
    await expect(allow('U0RITA', 'U0NEVER')).rejects.toMatchObject({ code: 'unknown_person' });
  });
});

test('an open review is reminded of, and escalated once when it is overdue, whichever process sweeps', async () => {
  await take();
  const sweepBoth = () => Promise.all([rig.useCases.sweep(), rig.other.sweep()]);
  const chased = async () =>
    (await rig.events()).map(({ type }) => type).filter((type) => /reminded|overdue/.test(type));
  await sweepBoth();
  expect(await chased()).toEqual([]);
  const remind = () => rig.pool.query('update reviews set next_reminder_at = clock_timestamp()');
  await remind();
  await sweepBoth();
  expect(await chased()).toEqual(['follow_up.reminded']);
  await fallDue();
  await sweepBoth();
  await remind();
  await sweepBoth();
  expect(await chased()).toEqual(['follow_up.reminded', 'follow_up.overdue', 'follow_up.reminded']);
});
