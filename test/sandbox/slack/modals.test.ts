import { afterEach, describe, expect, it } from 'vitest';
import type { App, ViewClosedAction } from '@slack/bolt';
import { startSlack } from '../../support/slack.ts';
import type { Slack } from '../../support/slack.ts';
import { startSocketApp } from './bolt-app.ts';
import type { Running } from './bolt-app.ts';
import { form, plain } from './plain-form.ts';

let slack: Slack;
let running: Running | undefined;

afterEach(async () => {
  await running?.stop();
  running = undefined;
  await slack.close();
});

const open = async (setUp: (app: App) => void): Promise<void> => {
  slack = await startSlack();
  running = await startSocketApp(slack, setUp);
};

describe('modals', () => {
  const opener = (app: App): void => {
    app.command('/ask', async ({ ack, client, body }) => {
      await ack();
      await client.views.open({ trigger_id: body.trigger_id, view: form() });
    });
  };

  const openedBy = async (name: string) => {
    const person = slack.as(name);
    await person.command('/ask');
    await slack.waitFor(() => person.modal());
    return person;
  };

  it('does not ask the app when a required field is empty', async () => {
    await open(opener);
    const ada = await openedBy('ada');
    expect(await ada.submit()).toEqual({
      ok: false,
      errors: { reason: 'Please complete this required field.' },
      wasSent: false,
    });
    expect(slack.deliveries('interactive')).toEqual([]);
  });

  it("shows the app's errors under the field and stays open", async () => {
    await open((app) => {
      opener(app);
      app.view('form', async ({ ack }) => ack({ response_action: 'errors', errors: { reason: 'Say more.' } }));
    });
    const ada = await openedBy('ada');
    await ada.type('reason', 'x');
    expect(await ada.submit()).toMatchObject({ ok: false, errors: { reason: 'Say more.' } });
    expect(ada.modal()?.errors).toEqual({ reason: 'Say more.' });
    expect(ada.modal()?.values.reason?.reason?.value).toBe('x');
  });

  it('gives two people two modals with their own values', async () => {
    await open(opener);
    const ada = await openedBy('ada');
    const olga = await openedBy('olga');
    await ada.type('reason', 'mine');
    expect(olga.modal()?.values.reason?.reason?.value).toBeNull();
    expect(ada.modal()?.id).not.toBe(olga.modal()?.id);
    await olga.close();
    expect(ada.modal()).toBeDefined();
  });

  it('stacks three views and no fourth, and tells of a closed one that asked for it', async () => {
    const closed: boolean[] = [];
    await open((app) => {
      opener(app);
      app.view('form', async ({ ack, view }) => {
        await ack({ response_action: 'push', view: form({ notify_on_close: true, private_metadata: view.id }) });
      });
      app.view({ callback_id: 'form', type: 'view_closed' }, async ({ ack, body }) => {
        closed.push((body as ViewClosedAction).is_cleared);
        await ack();
      });
    });
    const ada = await openedBy('ada');
    for (const depth of [2, 3]) {
      await ada.type('reason', 'x');
      expect(await ada.submit()).toMatchObject({ ok: true });
      expect(ada.modals()).toHaveLength(depth);
    }
    await ada.type('reason', 'x');
    expect(await ada.submit()).toMatchObject({ ok: false, error: 'push_limit_reached' });
    await ada.close();
    expect(closed).toEqual([false]);
    expect(ada.modals()).toHaveLength(2);
  });

  it('cannot push where no modal is open', async () => {
    const triggers: string[] = [];
    await open((app) => {
      app.command('/ask', async ({ ack, body }) => {
        triggers.push(body.trigger_id);
        await ack();
      });
    });
    await slack.as('ada').command('/ask');
    const push = running?.app.client.views.push({ trigger_id: String(triggers[0]), view: form() });
    await expect(push).rejects.toMatchObject({ data: { error: 'invalid_trigger_id' } });
  });

  it('tells the app of typing only where dispatch_action and its configuration say so', async () => {
    const typed: unknown[] = [];
    const field = (actionId: string, more: object, trigger?: 'on_character_entered') => ({
      type: 'input' as const,
      block_id: actionId,
      label: plain(actionId),
      element: {
        type: 'plain_text_input' as const,
        action_id: actionId,
        ...(trigger === undefined ? {} : { dispatch_action_config: { trigger_actions_on: [trigger] } }),
      },
      ...more,
    });
    const dispatch = { dispatch_action: true };
    const blocks = [field('still', {}), field('enter', dispatch), field('each', dispatch, 'on_character_entered')];
    await open((app) => {
      app.command('/ask', async ({ ack, client, body }) => {
        await ack();
        await client.views.open({ trigger_id: body.trigger_id, view: form({ blocks }) });
      });
      app.action(/.*/, async ({ ack, action }) => {
        typed.push('action_id' in action && 'value' in action ? [action.action_id, action.value] : action);
        await ack();
      });
    });
    const ada = await openedBy('ada');
    for (const actionId of ['still', 'enter', 'each']) await ada.type(actionId, 'a');
    await ada.type('enter', 'b', { isEnter: true });
    expect(typed).toEqual([
      ['each', 'a'],
      ['enter', 'b'],
    ]);
  });

  it('keeps what was typed through an update of the same fields, and refuses an old hash', async () => {
    await open(opener);
    const ada = await openedBy('ada');
    await ada.type('reason', 'half a sentence');
    const view = ada.modal();
    const client = running?.app.client;
    const update = { view_id: String(view?.id), view: form({ title: plain('Newer') }), hash: String(view?.hash) };
    expect(await client?.views.update(update)).toMatchObject({ ok: true });
    expect(ada.modal()).toMatchObject({ title: { text: 'Newer' } });
    expect(ada.modal()?.values.reason?.reason?.value).toBe('half a sentence');
    await expect(client?.views.update(update)).rejects.toMatchObject({ data: { error: 'hash_conflict' } });
    await ada.close();
    await expect(client?.views.update(update)).rejects.toMatchObject({ data: { error: 'not_found' } });
  });

  it('shows a home tab when it was published, to its person only', async () => {
    await open((app) => {
      app.event('app_home_opened', async ({ event, client }) => {
        await client.views.publish({
          user_id: event.user,
          view: { type: 'home', blocks: [{ type: 'section', text: plain(`Hello ${event.user}`) }] },
        });
      });
    });
    slack.as('ada').openHome();
    const home = await slack.waitFor(() => slack.as('ada').home());
    expect(home.blocks[0]).toMatchObject({ text: { text: 'Hello U0ADA' } });
    expect(slack.as('olga').home()).toBeUndefined();
  });

  it('asks for options from the shortest query allowed, and shows none that Slack would refuse', async () => {
    const asked: string[] = [];
    await open((app) => {
      app.command('/ask', async ({ ack, client, body }) => {
        await ack();
        const element = { type: 'external_select' as const, action_id: 'pick' };
        const blocks = [{ type: 'input' as const, block_id: 'pick', label: plain('Pick'), element }];
        await client.views.open({ trigger_id: body.trigger_id, view: form({ blocks }) });
      });
      app.options('pick', async ({ ack, payload }) => {
        asked.push(payload.value);
        await ack({ options: Array.from({ length: 101 }, (_, index) => ({ text: plain('x'), value: `${index}` })) });
      });
    });
    const ada = await openedBy('ada');
    expect(await ada.suggest('pick', 'ab')).toMatchObject({ wasAsked: false });
    expect(await ada.suggest('pick', 'abc')).toMatchObject({
      options: [],
      error: 'no more than 100 items allowed [json-pointer:/options]',
    });
    expect(asked).toEqual(['abc']);
    await expect(ada.select('pick', 'never offered')).rejects.toThrow('is not an option of "pick"');
  });
});
