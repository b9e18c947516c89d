/** Approving: changed votes, leavers, less than was asked, reminders, and others who are asked when nobody answers. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buttonsOf, POLICY, seen, startRig, until } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

type Asked = { who?: string; role?: string; durationMs?: number | null };

const ask = async ({ who = 'U0ADA', role = 'write', durationMs = null }: Asked = {}): Promise<string> => {
  const input = { userId: who, target: 'orders-db', role, durationMs, reason: 'repair order 1183 by hand' };
  const result = await rig.useCases.createRequest({ ...input, ticket: 'OPS-12', idempotencyKey: null });
  if (result.outcome !== 'sent') throw new Error(`not sent: ${result.outcome}`);
  await rig.settle();
  return result.view.request.id;
};

const vote = (who: string, requestId: string, kind: 'approve' | 'deny' = 'approve') =>
  rig.useCases.vote({ userId: who, requestId, kind, reason: kind === 'deny' ? 'not now' : null });

const requestOf = async (id: string) => {
  const view = await rig.store.read.view(id);
  if (!view) throw new Error('there is no request');
  return view;
};

const inChannel = () => rig.slack.as('olga').messages('prod-access');
const dms = (who: string) => rig.slack.as(who).dmsWithApp();

describe('a vote', () => {
  it('may be changed until the request is decided, and counts once', async () => {
    const id = await ask();
    expect(await vote('U0OLGA', id)).toMatchObject({ outcome: 'counted' });
    await expect(vote('U0OLGA', id)).rejects.toMatchObject({ code: 'already_voted' });
    expect(await vote('U0OLGA', id, 'deny')).toMatchObject({ outcome: 'decided' });
    const view = await requestOf(id);
    expect(view.request.state).toBe('denied');
    expect(view.votes.map(({ kind }) => kind)).toEqual(['deny']);
    await expect(vote('U0OLGA', id)).rejects.toMatchObject({ code: 'already_decided' });
  });

  it('of somebody who left is void, and those who remain are shown what is missing', async () => {
    const id = await ask();
    await vote('U0OLGA', id);
    await rig.settle();
    expect(seen(inChannel().at(-1))).toContain('<@U0OLGA> approved');
    rig.slack.changePerson('olga', { isDeleted: true });
    await until(rig, () => rig.slack.as('sam').messages('prod-access').length > 0);
    await untilState(async () => (await requestOf(id)).votes.length === 0);
    await rig.settle();
    expect(seen(inChannel().at(-1))).not.toContain('<@U0OLGA> approved');
    expect(await vote('U0RITA', id)).toMatchObject({ outcome: 'counted' });
    expect(await vote('U0SAM', id)).toMatchObject({ outcome: 'decided' });
    expect((await requestOf(id)).request.state).toBe('approved');
  });

  it('counts no longer once the voter was taken out of the group', async () => {
    const id = await ask();
    await vote('U0OLGA', id);
    rig.setPolicy(POLICY.replace('[olga@acme.test, sam@acme.test]', '[sam@acme.test]'));
    expect(await vote('U0RITA', id)).toMatchObject({ outcome: 'counted' });
    expect(await vote('U0SAM', id)).toMatchObject({ outcome: 'decided' });
  });
});

describe('a button', () => {
  const card = (id: string) => inChannel().find((one) => JSON.stringify(one).includes(id));
  const answersTo = (who: string) =>
    rig.slack
      .as(who)
      .messages('prod-access')
      .filter(({ ephemeralFor }) => ephemeralFor !== undefined);
  /** As it was posted before buttons carried what is shown. */
  const withoutFingerprint = <T>(message: T): T =>
    JSON.parse(JSON.stringify(message).replaceAll(/"value":"([^":]+):[^"]+"/g, '"value":"$1"')) as T;

  it('decides on what its message shows: one that shows what was requested before decides nothing', async () => {
    const id = await ask({ durationMs: 3_600_000 });
    const before = structuredClone(card(id));
    if (!before) throw new Error('no card');
    await rig.useCases.approveWithChanges({
      ...{ userId: 'U0OLGA', requestId: id, role: null, durationMs: 600_000, note: null },
    });
    await rig.settle();
    const rita = rig.slack.as('rita');
    for (const stale of [before, withoutFingerprint(before)]) {
      const count = answersTo('rita').length;
      await rita.clickStale(stale, 'approve');
      await until(rig, () => answersTo('rita').length > count);
      expect(seen(answersTo('rita').at(-1))).toContain('The request changed after this message was posted');
    }
    expect((await requestOf(id)).votes.map(({ voter }) => voter.userId)).toEqual(['U0OLGA']);
    await rita.click(card(id) ?? 'home', 'approve');
    await untilState(async () => (await requestOf(id)).request.state === 'approved');
  });

  it('of a message from before still decides, where the request never changed', async () => {
    const id = await ask();
    const message = card(id);
    if (!message) throw new Error('no card');
    expect(JSON.stringify(withoutFingerprint(message))).toContain(`"value":"${id}"`);
    await rig.slack.as('olga').clickStale(withoutFingerprint(message), 'approve');
    await untilState(async () => (await requestOf(id)).votes.length === 1);
  });

  it('opens no form for what changed since', async () => {
    const id = await ask({ durationMs: 3_600_000 });
    const before = structuredClone(card(id));
    if (!before) throw new Error('no card');
    const changed = { userId: 'U0OLGA', requestId: id, role: null, durationMs: 600_000, note: null };
    await rig.useCases.approveWithChanges(changed);
    const rita = rig.slack.as('rita');
    await rita.clickStale(before, 'approve_changes');
    await until(rig, () => JSON.stringify(rita.modal() ?? {}).includes('The request changed after this message'));
  });
});

describe('a mistaken approval', () => {
  it('that decided nothing is taken back with one click, and is recorded', async () => {
    const id = await ask();
    await rig.settle();
    const message = inChannel().find((one) => JSON.stringify(one).includes(id));
    if (!message) throw new Error('no message');
    const olga = rig.slack.as('olga');
    const answers = () => olga.messages('prod-access').filter(({ ephemeralFor }) => ephemeralFor === 'U0OLGA');
    await olga.click(message, 'approve');
    await until(rig, () => answers().some((one) => seen(one).includes('Your approval counts')));
    const answer = answers().findLast((one) => seen(one).includes('Your approval counts'));
    if (!answer) throw new Error('no answer');
    await olga.click(answer, 'withdraw_vote');
    await until(rig, () => answers().some((one) => seen(one).includes('Your approval is withdrawn')));
    expect(await requestOf(id)).toMatchObject({ request: { state: 'pending' }, votes: [] });
    await expect(rig.useCases.withdrawVote({ userId: 'U0OLGA', requestId: id })).rejects.toMatchObject({
      code: 'no_vote',
    });
    expect(await vote('U0RITA', id)).toMatchObject({ outcome: 'counted' });
    expect(await vote('U0OLGA', id)).toMatchObject({ outcome: 'decided' });
    await expect(rig.useCases.withdrawVote({ userId: 'U0OLGA', requestId: id })).rejects.toMatchObject({
      code: 'already_decided',
    });
  });
});

describe('approve with changes', () => {
  it('opens a form, gives the smaller role for the shorter time, and tells the requester what changed', async () => {
    const id = await ask({ durationMs: 3_600_000 });
    const olga = rig.slack.as('olga');
    const message = inChannel().find((one) => buttonsOf(one).includes('approve_changes'));
    if (!message) throw new Error('no button');
    await olga.click(message, 'approve_changes');
    await until(rig, () => JSON.stringify(olga.modal() ?? {}).includes('as requested'));
    await olga.select('role', 'read');
    await olga.select('duration', '30m');
    await olga.type('note', 'the replica lags, <@U0SAM> knows');
    await olga.submit();
    await untilState(async () => (await requestOf(id)).request.state === 'approved');
    await rig.settle();
    const { request, grant } = await requestOf(id);
    expect(request).toMatchObject({ role: 'read', durationMs: 1_800_000, rule: 'Everything else needs one owner' });
    expect(grant).toMatchObject({ role: 'read', durationMs: 1_800_000 });
    const told = seen(dms('ada').find((one) => seen(one).includes('with changes')));
    expect(told).toContain('Read-write for 1h → *Read only for 30m*');
    expect(told).toContain('&lt;@U0SAM&gt;');
  });

  it('lets votes for the wider ask count where the voter may approve the narrower, and the requester cancel', async () => {
    const id = await ask({ durationMs: 3_600_000 });
    await vote('U0RITA', id);
    await rig.useCases.approveWithChanges({
      userId: 'U0OLGA',
      requestId: id,
      role: null,
      durationMs: 600_000,
      note: null,
    });
    expect(await requestOf(id)).toMatchObject({ request: { state: 'approved' }, grant: { durationMs: 600_000 } });
    const other = await ask({ durationMs: 3_600_000 });
    const changed = { userId: 'U0OLGA', requestId: other, role: null, durationMs: 600_000, note: null };
    expect(await rig.useCases.approveWithChanges(changed)).toMatchObject({ outcome: 'counted' });
    await rig.settle();
    const told = dms('ada').at(-1);
    expect(seen(told)).toContain('for 1h → *Read-write for 10m*');
    expect(buttonsOf(told)).toEqual(['cancel_request']);
    if (told) await rig.slack.as('ada').click(told, 'cancel_request');
    await untilState(async () => (await requestOf(other)).request.state === 'cancelled');
    await rig.settle();
    expect(buttonsOf(dms('ada').find(({ ts }) => ts === told?.ts))).toEqual([]);
  });
});

describe('discuss', () => {
  it('opens one thread, whoever clicks, and shows the way there', async () => {
    await ask();
    const message = inChannel().find((one) => buttonsOf(one).includes('discuss'));
    if (!message) throw new Error('no button');
    await rig.slack.as('olga').click(message, 'discuss');
    await rig.slack.as('sam').click(message, 'discuss');
    await until(rig, () => inChannel().some((one) => one.ephemeralFor && seen(one).includes('place to talk')));
    await rig.settle();
    const thread = rig.slack.as('olga').thread('prod-access', message.ts);
    expect(thread.filter((one) => seen(one).includes('would like to talk'))).toHaveLength(1);
  });
});

const SILENT = POLICY.replace('pending: 4h', 'pending: 4h\nremind: 1s')
  .replace(
    'approvals: [{ from: owners }, { from: sre, count: 1 }]',
    'approvals: [{ from: owners }, { from: sre, count: 1 }]\n    escalate: { after: 2s, to: on-call }',
  )
  .replace('groups:\n', 'groups:\n  on-call: { slack_usergroup: on-call }\n');

/** Sweeps until it is so; what is due is found by the database clock. */
const untilState = async (look: () => Promise<boolean>): Promise<void> => {
  const endsAt = Date.now() + 15_000;
  while (!(await look())) {
    if (Date.now() > endsAt) throw new Error('it did not come to that in time');
    await rig.useCases.sweep();
  }
};

describe('silence', () => {
  it('reminds those who are missing in the thread, once each time, with growing pauses', async () => {
    rig.setPolicy(SILENT);
    const id = await ask();
    await vote('U0OLGA', id);
    let beforeLastMs = 0;
    await untilState(async () => {
      const isSo = (await requestOf(id)).request.reminders === 2;
      if (!isSo) beforeLastMs = Date.now();
      return isSo;
    });
    await rig.settle();
    const { request } = await requestOf(id);
    const pauseMs = (request.nextReminderAt?.getTime() ?? 0) - beforeLastMs;
    expect(pauseMs).toBeGreaterThan(3_900);
    const [parent] = inChannel();
    const replies = rig.slack
      .as('olga')
      .thread('prod-access', parent?.ts ?? '')
      .filter((one) => seen(one).includes('still waits'));
    expect(replies.length).toBeGreaterThan(0);
    expect(seen(replies.at(-1))).toContain('<@U0RITA>');
    expect(seen(replies.at(-1))).not.toContain('<@U0OLGA>');
    await rig.settle();
    expect(
      rig.slack
        .as('olga')
        .thread('prod-access', parent?.ts ?? '')
        .filter((one) => seen(one).includes('still waits')),
    ).toHaveLength(replies.length);

    await vote('U0RITA', id);
    await rig.settle();
    const after = rig.slack
      .as('olga')
      .thread('prod-access', parent?.ts ?? '')
      .filter(({ ts }) => ts !== parent?.ts)
      .map(seen);
    expect(after.join('\n')).not.toContain('still waits');
    expect(after.filter((text) => text.includes('waited for an answer. Since then:')).length).toBeGreaterThan(0);
    expect(after.every((text) => text.includes('Since then:'))).toBe(true);
  });

  it('asks the others too, says so to everybody, and counts their votes', async () => {
    rig.setPolicy(SILENT);
    const id = await ask();
    await expect(vote('U0OSCAR', id)).rejects.toMatchObject({ code: 'not_an_approver' });
    // Two processes sweep at the same moment.
    await untilState(async () => {
      await Promise.all([rig.useCases.sweep(), rig.useCases.sweep()]);
      return (await requestOf(id)).request.escalatedAt !== null;
    });
    await rig.settle();
    const [parent] = inChannel();
    expect(seen(parent)).toContain('no answer for 2s');
    expect(seen(parent)).toContain('<@U0OSCAR>');
    const thread = rig.slack.as('olga').thread('prod-access', parent?.ts ?? '');
    expect(thread.filter((one) => one.ts !== parent?.ts && seen(one).includes('no answer for'))).toHaveLength(1);
    expect(buttonsOf(dms('oscar').at(-1))).toContain('approve');
    expect(await vote('U0OSCAR', id)).toMatchObject({ outcome: 'counted' });
    expect(await vote('U0OLGA', id)).toMatchObject({ outcome: 'decided' });
  });

  it('is broken by a vote: the others are asked only after another silence', async () => {
    rig.setPolicy(SILENT);
    const id = await ask();
    const before = (await requestOf(id)).request.escalateAt?.getTime() ?? 0;
    await vote('U0OLGA', id);
    expect((await requestOf(id)).request.escalateAt?.getTime()).toBeGreaterThan(before);
  });
});
