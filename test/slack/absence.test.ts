/** Being away: who is pinged, who votes in whose stead, by whose right, and how often. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buttonsOf, POLICY, seen, startRig, until } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

const ask = async (who = 'U0ADA', { role = 'write', target = 'orders-db' } = {}): Promise<string> => {
  const input = { userId: who, target, role, durationMs: null, reason: 'repair order 1183 by hand' };
  const result = await rig.useCases.createRequest({ ...input, ticket: 'OPS-12', idempotencyKey: null });
  if (result.outcome !== 'sent') throw new Error(`not sent: ${result.outcome}`);
  await rig.settle();
  return result.view.request.id;
};
const vote = (userId: string, requestId: string) =>
  rig.useCases.vote({ userId, requestId, kind: 'approve', reason: null });
const away = (userId: string, delegateUserId: string | null, when = '3d') =>
  rig.useCases.setAway({ userId, when, delegateUserId });
const viewOf = async (id: string) => {
  const view = await rig.store.read.view(id);
  if (!view) throw new Error('there is no request');
  return view;
};
const answer = (who: string): string =>
  seen(
    rig.slack
      .as(who)
      .messages('general')
      .findLast(({ ephemeralFor }) => ephemeralFor !== undefined),
  );
const type = async (who: string, text: string): Promise<string> => {
  const before = rig.slack.as(who).messages('general').length;
  await rig.slack.as(who).command('/prod-access', text, 'general');
  await until(rig, () => rig.slack.as(who).messages('general').length > before);
  return answer(who);
};

describe('somebody who is away', () => {
  it('is stood in for by somebody who may decide anyway, who is named once', async () => {
    rig.slack.setUsergroup('sre', ['rita', 'oscar']);
    await away('U0RITA', 'U0OSCAR');
    await ask();
    const message = seen(rig.slack.as('olga').messages('prod-access').at(-1));
    expect(message).toContain('one of sre (<@U0OSCAR> and 1 other may too)');
  });

  it('says so in words, sees it, and comes back', async () => {
    expect(await type('rita', 'away')).toContain('You are here');
    const said = await type('rita', 'away until Friday @oscar');
    expect(said).toContain('You are away until');
    expect(said).toContain('<@U0OSCAR> votes on your behalf');
    expect(await type('rita', 'away')).toContain('<@U0OSCAR>');
    expect(await type('rita', 'back')).toContain('Welcome back');
    expect(await type('rita', 'back')).toContain('You are not away');
  });

  it.each([
    ['away until the cows come home', 'until Friday @omar'],
    ['away until 2020-01-01', 'is over already'],
    ['away 900d', 'more than a year'],
    ['away 3d @nobody', 'choose the person from the list'],
    ['away 3d @rita', 'cannot be your own delegate'],
    ['away @oscar', 'Say until when'],
  ])('is told what is wrong with %j', async (text, words) => {
    expect(await type('rita', text)).toContain(words);
    expect(await rig.useCases.showAway({ userId: 'U0RITA' })).toBeNull();
  });

  it('cannot name somebody who is deactivated, or a guest', async () => {
    rig.slack.changePerson('oscar', { isDeleted: true });
    await expect(away('U0RITA', 'U0OSCAR')).rejects.toMatchObject({ code: 'delegate_unfit' });
  });

  it('is not pinged; whoever stands in is asked, and votes by their right', async () => {
    const early = await ask();
    await expect(vote('U0OSCAR', early)).rejects.toMatchObject({ code: 'not_an_approver' });
    await away('U0RITA', 'U0OSCAR');
    await rig.settle();
    const message = rig.slack
      .as('olga')
      .messages('prod-access')
      .find((one) => buttonsOf(one).includes('approve'));
    expect(seen(message)).toContain('<@U0OSCAR> for rita');
    expect(seen(message)).not.toContain('<@U0RITA>');
    expect(await vote('U0OSCAR', early)).toMatchObject({ outcome: 'counted' });
    expect((await viewOf(early)).votes).toMatchObject([
      { voter: { userId: 'U0OSCAR' }, inSteadOf: expect.stringContaining('U0RITA') },
    ]);
    await rig.settle();
    expect(
      seen(
        rig.slack
          .as('olga')
          .messages('prod-access')
          .find(({ ts }) => ts === message?.ts),
      ),
    ).toContain('<@U0OSCAR> for <@U0RITA>');
    expect(await vote('U0OLGA', early)).toMatchObject({ outcome: 'decided' });
  });

  it('has one vote: their own, or that of whoever stands in', async () => {
    rig.setPolicy(POLICY.replace('{ from: sre, count: 1 }', '{ from: sre, count: 2 }'));
    rig.slack.setUsergroup('sre', ['rita', 'ines']);
    await away('U0RITA', 'U0OSCAR');
    const id = await ask();
    await vote('U0RITA', id);
    await expect(vote('U0OSCAR', id)).rejects.toMatchObject({ code: 'stead_used' });
    const other = await ask();
    await vote('U0OSCAR', other);
    await vote('U0RITA', other);
    // Two SREs are needed; Rita and her stand-in are one.
    expect(await vote('U0OLGA', other)).toMatchObject({ outcome: 'counted' });
    expect(await vote('U0INES', other)).toMatchObject({ outcome: 'decided' });
  });

  it('is represented only while they are away, and not by a chain', async () => {
    await away('U0RITA', 'U0OSCAR');
    await away('U0OSCAR', 'U0INES');
    const id = await ask();
    await expect(vote('U0INES', id)).rejects.toMatchObject({ code: 'not_an_approver' });
    await vote('U0OSCAR', id);
    await rig.useCases.endAway({ userId: 'U0RITA' });
    // The stand-in's vote counted by a right that its owner has taken back.
    expect(await vote('U0OLGA', id)).toMatchObject({ outcome: 'counted' });
    expect(await vote('U0RITA', id)).toMatchObject({ outcome: 'decided' });
  });

  it('is not represented by the requester, whose own request it is', async () => {
    await away('U0RITA', 'U0ADA');
    const id = await ask();
    await expect(vote('U0ADA', id)).rejects.toMatchObject({ code: 'own_request' });
    // Nor does a requester's own right come back through a stand-in.
    await away('U0OLGA', 'U0INES');
    const own = await ask('U0OLGA', { role: 'read' });
    await expect(vote('U0INES', own)).rejects.toMatchObject({ code: 'not_an_approver' });
  });

  it('leaves a request that only people who are away could decide, and its requester hears it', async () => {
    await away('U0RITA', null);
    const id = await ask();
    expect(seen(rig.slack.as('ada').dmsWithApp().at(-1))).toContain('Every approver is away');
    expect((await viewOf(id)).request.unreachableAt).not.toBeNull();
    expect(await vote('U0RITA', id)).toMatchObject({ outcome: 'counted' });
  });
});

describe('reach', () => {
  it('mentions five at most and counts the others, who may decide too', async () => {
    const names = ['bea', 'cid', 'dov', 'eva', 'fin', 'gus', 'hal'];
    for (const name of names)
      rig.slack.addPerson({ id: `U0${name.toUpperCase()}`, name, realName: name, email: `${name}@acme.test` });
    rig.slack.setUsergroup('sre', names);
    rig.setPolicy(POLICY.replace('{ people: [olga@acme.test, sam@acme.test] }', '{ slack_usergroup: sre }'));
    await ask('U0ADA', { target: 'users-db', role: 'read' });
    const asked = names.filter((name) => rig.slack.as(name).dmsWithApp().length > 0);
    expect(asked).toHaveLength(5);
    expect(seen(rig.slack.as('ada').dmsWithApp().at(-1))).toContain('and 2 others may too');
  });

  it('writes to others when those who were asked first cannot be reached', async () => {
    const names = ['bea', 'cid', 'dov', 'eva', 'fin', 'gus'];
    for (const name of names)
      rig.slack.addPerson({ id: `U0${name.toUpperCase()}`, name, realName: name, email: `${name}@acme.test` });
    rig.slack.setUsergroup('sre', names);
    rig.setPolicy(POLICY.replace('{ people: [olga@acme.test, sam@acme.test] }', '{ slack_usergroup: sre }'));
    rig.slack.faults.fail('chat.postMessage', 'user_disabled', 5);
    const id = await ask('U0ADA', { target: 'users-db', role: 'read' });
    expect(names.filter((name) => rig.slack.as(name).dmsWithApp().length > 0)).toHaveLength(1);
    expect((await viewOf(id)).request.unreachableAt).toBeNull();
  });
});

describe('explain', () => {
  it('says which rule decides, which were passed over, and who is here, for me or for somebody else', async () => {
    await away('U0RITA', 'U0OSCAR');
    const mine = await type('ada', 'explain orders-db read');
    expect(mine).toContain('Everything else needs one owner');
    expect(mine).toContain('olga, sam');
    const write = await type('ada', 'explain orders-db write 30m repair order 1183 OPS-1 @olga');
    expect(write).toContain('Writes need an owner and an SRE');
    expect(write).toContain('for <@U0OLGA>');
    expect(write).toContain('rita (away, oscar stands in)');
    // Olga is an owner herself, and does not decide about herself.
    expect(write).toContain('1 from owners: sam');
    expect(await type('ada', 'explain orders-db write @nobody')).toContain('choose the person from the list');
    expect((await rig.store.read.counts()).pending).toBe(0);
  });
});
