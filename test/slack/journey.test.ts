import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buttonsOf, seen, startRig, until } from './rig.ts';
import type { Rig } from './rig.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const ask = async (line: string, who = 'ada'): Promise<string> => {
  const person = rig.slack.as(who);
  const before = person.messages('prod-access').length;
  await person.command('/prod-access', line, 'prod-access');
  await until(rig, () => person.messages('prod-access').length > before);
  await rig.settle();
  return seen(
    person.messages('prod-access').find((message, index) => index >= before && message.ephemeralFor !== undefined),
  );
};

const approval = (who = 'olga') =>
  rig.slack
    .as(who)
    .messages('prod-access')
    .findLast((message) => message.ephemeralFor === undefined && message.thread_ts === undefined);

describe('a request in Slack', () => {
  it('goes from one line to granted to ended, and every message says what is so', async () => {
    expect(await ask('orders-db read 30m checkout errors OPS-12')).toContain('was sent');
    const posted = approval();
    expect(seen(posted)).toContain('<@U0ADA>');
    expect(seen(posted)).toContain('Orders database · Read only');
    expect(seen(posted)).toContain('OPS-12: ');
    expect(seen(posted)).toContain('Holds customer addresses');
    expect(buttonsOf(posted)).toEqual(['approve', 'deny', 'approve_changes', 'discuss']);
    const asked = rig.slack.as('ada').dmsWithApp().at(-1);
    expect(buttonsOf(asked)).toEqual(['cancel_request']);

    await rig.slack.as('olga').click(posted ?? 'home', 'approve');
    await waitForState('approved');
    await rig.settle();
    expect(buttonsOf(approval())).toEqual(['end_now']);
    expect(seen(approval())).toContain('*Active* until <!date^');
    const granted = rig.slack.as('ada').dmsWithApp().at(-1);
    expect(seen(granted)).toContain("You're in:* *Orders database · Read only* until");
    expect(buttonsOf(granted)).toEqual(['show_credentials', 'extend', 'done']);

    await rig.slack.as('ada').click(granted ?? 'home', 'show_credentials');
    const modal = await until(rig, () =>
      seen(rig.slack.as('ada').modal()).includes('Password') ? rig.slack.as('ada').modal() : null,
    );
    expect(JSON.stringify(modal.blocks)).toContain('a&b<c>`d`');
    const everything = rig.slack.as('ada').dmsWithApp().map(seen).join();
    expect(everything).not.toContain('a&b');

    await rig.slack.as('ada').click(granted ?? 'home', 'done');
    await until(rig, () =>
      rig.slack
        .as('ada')
        .dmsWithApp()
        .some((message) => seen(message).includes('It is ending')),
    );
    await rig.settle();
    // Who gave it back needs no new message: the one of the request says it.
    const last = rig.slack
      .as('ada')
      .dmsWithApp()
      .find((message) => seen(message).includes('*Ended*'));
    expect(last?.ts).toBe(asked?.ts);
    expect(seen(last)).toContain('no session is left, confirmed by the target');
    expect(buttonsOf(last)).toEqual(['ask_again']);
    const old = rig.slack
      .as('ada')
      .dmsWithApp()
      .find(({ ts }) => ts === granted?.ts);
    expect(buttonsOf(old)).toEqual([]);
  });

  it('is denied with the reason that the approver gives in the form', async () => {
    await ask('orders-db read 10m look at a stuck order');
    await rig.slack.as('olga').click(approval() ?? 'home', 'deny');
    await until(rig, () => rig.slack.as('olga').modal());
    await rig.slack.as('olga').type('reason', 'use the replica <!channel>');
    expect(await rig.slack.as('olga').submit()).toMatchObject({ ok: true });
    await waitForState('denied');
    await rig.settle();
    expect(seen(approval())).toContain('*Denied* by <@U0OLGA>. use the replica &lt;!channel&gt;');
    expect(seen(rig.slack.as('ada').dmsWithApp().at(-1))).toContain('*Denied*');
  });

  it('refuses one’s own approval and that of somebody who may not, privately', async () => {
    await ask('orders-db read 10m my own request', 'sam');
    const message = approval();
    await rig.slack.as('sam').click(message ?? 'home', 'approve');
    await until(rig, () =>
      rig.slack
        .as('sam')
        .messages('prod-access')
        .some((one) => seen(one).includes('cannot decide on your own request')),
    );
    await rig.slack.as('rita').click(message ?? 'home', 'approve');
    await until(rig, () =>
      rig.slack
        .as('rita')
        .messages('prod-access')
        .some((one) => seen(one).includes('not an approver of this request')),
    );
    expect(
      rig.slack
        .as('ada')
        .messages('prod-access')
        .some((one) => seen(one).includes('cannot decide')),
    ).toBe(false);
    expect(buttonsOf(approval())).toEqual(['approve', 'deny', 'approve_changes', 'discuss']);
  });

  it('is cancelled by its requester, and a click in a stale window is told so', async () => {
    await ask('orders-db read 10m something else');
    const stale = structuredClone(approval());
    const asked = rig.slack.as('ada').dmsWithApp().at(-1);
    await rig.slack.as('ada').click(asked ?? 'home', 'cancel_request');
    await waitForState('cancelled');
    await rig.settle();
    expect(seen(approval())).toContain('*Cancelled* by <@U0ADA>');
    if (!stale) throw new Error('no approval message');
    await rig.slack.as('olga').clickStale(stale, 'approve');
    await until(rig, () =>
      rig.slack
        .as('olga')
        .messages('prod-access')
        .some((one) => seen(one).includes('The requester has cancelled this')),
    );
  });

  it('is asked again from its outcome, filled in and looked over before it is sent', async () => {
    await ask('orders-db read 45m look at order 9 OPS-9');
    await rig.slack.as('olga').click(approval() ?? 'home', 'deny');
    await until(rig, () => rig.slack.as('olga').modal());
    await rig.slack.as('olga').type('reason', 'not now');
    await rig.slack.as('olga').submit();
    await waitForState('denied');
    await rig.settle();
    await rig.slack.as('ada').click(rig.slack.as('ada').dmsWithApp().at(-1) ?? 'home', 'ask_again');
    await until(rig, () => seen(rig.slack.as('ada').modal()).includes('will decide'));
    const { values } = rig.slack.as('ada').modal() ?? {};
    expect(values?.['reason']?.['reason']?.value).toBe('look at order 9');
    expect(values?.['ticket']?.['ticket']?.value).toBe('OPS-9');
    expect(JSON.stringify(values)).toContain('"45m"');
    await rig.slack.as('ada').close();
  });

  it('keeps hostile text of 10,000 characters harmless', async () => {
    const hostile = `${'<!channel> ```&` '.repeat(650)} end of it`;
    await ask(`orders-db read 10m ${hostile.slice(0, 2_900)}`);
    const message = approval();
    expect(seen(message)).not.toContain('<!channel>');
    expect(seen(message)).not.toContain('```');
    expect(buttonsOf(message)).toEqual(['approve', 'deny', 'approve_changes', 'discuss']);
  });
});

const waitForState = async (state: string): Promise<void> => {
  const deadline = performance.now() + 5_000;
  while (performance.now() < deadline) {
    const views = [...(await rig.store.read.viewsOf(`${rig.slack.state.team.id}:U0ADA`, 1))];
    if (views[0]?.request.state === state) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`the request did not become ${state}`);
};
