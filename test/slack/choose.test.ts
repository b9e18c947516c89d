/** Where an id would have to be typed, the command alone shows what there is, with a button for each. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buttonsOf, seen, startRig, until } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const ask = async (reason: string): Promise<string> => {
  const wanted = { durationMs: null, ticket: null, start: null, incidentChannelId: null, alert: null };
  const to = { target: 'orders-db', role: 'read', reason, idempotencyKey: null };
  const sent = await rig.useCases.createRequest({ ...wanted, ...to, userId: 'U0ADA' });
  if (sent.outcome !== 'sent') throw new Error('not sent');
  return sent.view.request.id;
};

const give = async (reason: string): Promise<string> => {
  const requestId = await ask(reason);
  await rig.useCases.vote({ userId: 'U0OLGA', requestId, kind: 'approve', reason: null });
  await rig.settle();
  const view = await rig.store.read.view(requestId);
  return view?.grant?.id ?? '';
};

/** What the person alone is answered in the channel. */
const say = async (who: string, text: string) => {
  const person = rig.slack.as(who);
  const answers = () => person.messages('prod-access').filter(({ ephemeralFor }) => ephemeralFor === person.userId);
  const before = answers().length;
  await person.command('/prod-access', text, 'prod-access');
  await until(rig, () => answers().length > before);
  const answer = answers().at(-1);
  if (!answer) throw new Error('no answer came');
  return answer;
};

describe('the command alone', () => {
  let grants: string[];
  beforeAll(async () => {
    grants = [await give('the first of two'), await give('the second of two')];
  });

  it.each([
    { who: 'ada', line: 'done', action: 'done', title: 'Which access do you give back?' },
    { who: 'ada', line: 'extend', action: 'extend', title: 'Which access do you need for longer?' },
    { who: 'olga', line: 'revoke', action: 'end_now', title: 'Access that you may end now' },
    { who: 'sam', line: 'revoke', action: 'end_now', title: 'Access that you may end now' },
    { who: 'ada', line: 'revoke', action: 'end_now', title: 'Access that you may end now' },
  ])('$who: $line has a button for each of two', async ({ who, line, action, title }) => {
    const answer = await say(who, line);
    expect(seen(answer)).toContain(title);
    expect(buttonsOf(answer).filter((id) => id === action)).toHaveLength(2);
    for (const id of grants) expect(seen(answer)).not.toContain(`\`${id}\``);
  });

  it('shows nobody else what they may not end', async () => {
    expect(seen(await say('rita', 'revoke'))).toContain('There is no live access that you may end');
  });

  it('offers an auditor the evidence of what was granted, and nobody else', async () => {
    const answer = await say('sam', 'evidence');
    const says = (answer.blocks ?? []).flatMap(({ elements }) => (elements as { value?: string }[] | undefined) ?? []);
    for (const id of grants) expect(says).toContainEqual(expect.objectContaining({ value: `evidence ${id}` }));
    expect(seen(await say('ada', 'evidence'))).toContain('Only auditors and admins');
  });

  it('cancels a request by a button, also on the answer to one that was typed', async () => {
    const sent = await say('ada', 'orders-db read 10m look at order 7');
    expect(buttonsOf(sent)).toEqual(['cancel_request']);
    const answer = await say('ada', 'cancel');
    expect(seen(answer)).toContain('Which request do you cancel?');
    await rig.slack.as('ada').click(answer, 'cancel_request');
    await rig.slack.waitFor(async () => (await rig.store.read.pending(5)).length === 0);
  });

  it('withdraws a pre-approval by a button', async () => {
    await rig.useCases.preApprove({
      userId: 'U0OLGA',
      personUserId: 'U0ADA',
      target: 'orders-db',
      role: 'read',
      forMs: 3_600_000,
    });
    const answer = await say('olga', 'withdraw');
    await rig.slack.as('olga').click(answer, 'say_line_0');
    await until(rig, () => seen(rig.slack.as('olga').messages('prod-access').at(-1)).includes('Withdrawn'));
  });

  it('gives one of two back with the button, and the other without a choice', async () => {
    const answer = await say('ada', 'done');
    await rig.slack.as('ada').click(answer, 'done', grants[0]);
    await rig.slack.waitFor(async () => (await rig.store.read.grant(grants[0] ?? ''))?.state !== 'active');
    await rig.settle();
    expect(buttonsOf(await say('ada', 'done'))).toEqual([]);
    await rig.slack.waitFor(async () => (await rig.store.read.grant(grants[1] ?? ''))?.state !== 'active');
  });
});
