import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withClient } from '../support/world.ts';
import { buttonsOf, POLICY, seen, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

const ask = async (target = 'orders-db', who = 'U0ADA'): Promise<string> => {
  const input = {
    userId: who,
    target,
    role: 'read',
    durationMs: null,
    reason: 'checkout errors',
    ticket: null,
    idempotencyKey: null,
  };
  const result = await rig.useCases.createRequest(input);
  if (result.outcome !== 'sent') throw new Error(`not sent: ${result.outcome}`);
  return result.view.request.id;
};

const approve = async (requestId: string): Promise<void> => {
  await rig.useCases.vote({ userId: 'U0OLGA', requestId, kind: 'approve', reason: null });
};

const copiesIn = (who: string, where: 'channel' | 'dm') =>
  where === 'channel' ? rig.slack.as(who).messages('prod-access') : rig.slack.as(who).dmsWithApp();

describe('the messages of a request', () => {
  it('are posted once, however often they are brought up to date', async () => {
    const requestId = await ask();
    await Promise.all([rig.notifier.sync(requestId), rig.notifier.sync(requestId), rig.notifier.sync(requestId)]);
    await rig.notifier.sync(requestId);
    expect(copiesIn('olga', 'channel').filter((message) => buttonsOf(message).length > 0)).toHaveLength(1);
    expect(copiesIn('ada', 'dm')).toHaveLength(1);
  });

  it('go to each approver, and not to the requester, where the bot is not in the channel', async () => {
    rig.setPolicy(POLICY.replace('"#prod-access"', '"#general"'));
    const requestId = await ask('orders-db', 'U0SAM');
    expect(await rig.notifier.sync(requestId)).toMatchObject({ outcome: 'done' });
    expect(buttonsOf(copiesIn('olga', 'dm').at(-1))).toEqual(['approve', 'deny', 'approve_changes', 'discuss']);
    expect(copiesIn('sam', 'dm').every((message) => !buttonsOf(message).includes('approve'))).toBe(true);
    await approve(requestId);
    await rig.settle();
    expect(buttonsOf(copiesIn('olga', 'dm')[0])).toEqual(['end_now']);
  });

  it('reach the others when one approver cannot be reached', async () => {
    const requestId = await ask('users-db');
    rig.slack.faults.fail('chat.postMessage', 'user_disabled', 1);
    expect(await rig.notifier.sync(requestId)).toMatchObject({ outcome: 'done' });
    const reached = ['olga', 'sam'].filter((who) => copiesIn(who, 'dm').length > 0);
    expect(reached).toHaveLength(1);
    expect(copiesIn('ada', 'dm')).toHaveLength(1);
  });

  it('tell the requester when nobody could be reached', async () => {
    const requestId = await ask('users-db');
    rig.slack.faults.fail('chat.postMessage', 'user_disabled', 2);
    expect(await rig.notifier.sync(requestId)).toMatchObject({ outcome: 'done' });
    expect(seen(copiesIn('ada', 'dm').at(-1))).toContain('No approver could be reached');
    await rig.notifier.sync(requestId);
    expect(await rig.auditTypes(requestId)).toEqual(['request.created', 'request.unreachable']);
  });

  it('wait as long as Slack asks when it limits them', async () => {
    const requestId = await ask();
    rig.slack.faults.ratelimit('chat.postMessage', 7, 1);
    expect(await rig.notifier.sync(requestId)).toMatchObject({ outcome: 'retry', retryInMs: 7_000 });
    expect(await rig.notifier.sync(requestId)).toMatchObject({ outcome: 'done' });
    expect(copiesIn('olga', 'channel').filter((message) => buttonsOf(message).length > 0)).toHaveLength(1);
  });

  it('arrive when Slack is back, telling what is so then', async () => {
    const requestId = await ask('users-db');
    await rig.settle();
    await approve(requestId);
    await rig.slack.faults.down(503);
    const view = await rig.store.read.view(requestId);
    await rig.useCases.activate({ grantId: view?.grant?.id ?? '' });
    expect(await rig.notifier.sync(requestId)).toMatchObject({ outcome: 'retry' });
    await rig.useCases.end({ userId: 'U0ADA', id: null, cause: 'done', reason: null }).catch(() => undefined);
    await rig.slack.faults.up();
    await rig.useCases.end({ userId: 'U0ADA', id: null, cause: 'done', reason: null });
    await rig.useCases.completeRevocation({ grantIds: [view?.grant?.id ?? ''] });
    expect(await rig.notifier.sync(requestId)).toMatchObject({ outcome: 'done' });
    const texts = copiesIn('ada', 'dm').map(seen);
    expect(texts.some((text) => text.includes("You're in"))).toBe(false);
    expect(texts.at(-1)).toContain('no session is left, confirmed');
  });

  it('that Slack took are noted as soon as Postgres takes it, and not posted again', async () => {
    const requestId = await ask();
    const inStore = (text: string): Promise<unknown> => withClient(rig.databaseUrl, (client) => client.query(text));
    await inStore(`create function fail_now() returns trigger language plpgsql as $$
      begin raise exception 'made to fail' using errcode = '53100'; end $$;
      create trigger made_to_fail before insert or update on messages for each row execute function fail_now()`);
    const drawn = rig.notifier.sync(requestId);
    await rig.slack.waitFor(() => copiesIn('olga', 'channel').length > 0);
    await inStore('drop trigger made_to_fail on messages; drop function fail_now()');
    expect(await drawn).toMatchObject({ outcome: 'done' });
    await rig.notifier.sync(requestId);
    expect(copiesIn('olga', 'channel')).toHaveLength(1);
    expect(copiesIn('ada', 'dm')).toHaveLength(1);
  });

  it('that another process has in hand are looked at again later, for it may have died', async () => {
    const requestId = await ask();
    await rig.store.messages.claim({ kind: 'request', id: requestId }, 60_000);
    expect(await rig.notifier.sync(requestId)).toMatchObject({ outcome: 'retry', retryInMs: 1_000 });
    await rig.store.messages.release({ kind: 'request', id: requestId });
    expect(await rig.notifier.sync(requestId)).toMatchObject({ outcome: 'done' });
  });

  it('tell admins and owners when a grant does not end, and again when it did', async () => {
    const requestId = await ask();
    await approve(requestId);
    await rig.settle();
    const grantId = (await rig.store.read.view(requestId))?.grant?.id ?? '';
    rig.target.isBroken = true;
    await rig.useCases.end({ userId: 'U0ADA', id: grantId, cause: 'done', reason: null });
    for (let attempt = 0; attempt < 3; attempt += 1) await failToEnd(grantId);
    await rig.notifier.sync(requestId);
    expect(seen(copiesIn('sam', 'dm').at(-1))).toContain('Access is not ending');
    expect(seen(copiesIn('ada', 'dm').at(-1))).not.toContain('no session is left');
    rig.target.isBroken = false;
    await makeDue(grantId);
    await rig.useCases.completeRevocation({ grantIds: [grantId] });
    await rig.notifier.sync(requestId);
    expect(seen(copiesIn('sam', 'dm').at(-1))).toContain('no session is left, confirmed');
  });
});

/** The back-off of the grant is not what is tested here. */
const makeDue = (grantId: string): Promise<void> =>
  rig.store.transaction(
    async (tx) =>
      void (await tx.grants.setRetry(grantId, { kind: 'unavailable', message: 'The target did not answer.' }, 0)),
  );

const failToEnd = async (grantId: string): Promise<void> => {
  await rig.useCases.completeRevocation({ grantIds: [grantId] });
  await makeDue(grantId);
};
