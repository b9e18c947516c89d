import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { App, BlockAction, ButtonAction } from '@slack/bolt';
import type { WorkspaceConfig } from '../../../sandbox/src/slack/config.ts';
import { slackTiming } from '../../../sandbox/src/slack/config.ts';
import { startSlack } from '../../support/slack.ts';
import type { Slack } from '../../support/slack.ts';
import { startHttpApp, startSocketApp } from './bolt-app.ts';
import type { Running } from './bolt-app.ts';
import { form, plain } from './plain-form.ts';

let slack: Slack;
let running: Running | undefined;
let now = new Date('2026-11-22T12:00:00Z');

beforeEach(() => {
  now = new Date('2026-11-22T12:00:00Z');
});

afterEach(async () => {
  await running?.stop();
  running = undefined;
  await slack.close();
});

const buttons = (...values: string[]) => [
  {
    type: 'actions' as const,
    block_id: 'votes',
    elements: values.map((value) => ({
      type: 'button' as const,
      action_id: `vote_${value}`,
      text: plain(value),
      value,
    })),
  },
];

type Mode = 'socket' | 'http';

const open = async (
  setUp: (app: App) => void,
  given: { config?: WorkspaceConfig; mode?: Mode } = {},
): Promise<void> => {
  slack = await startSlack({ now: () => now, ...given.config });
  running = given.mode === 'http' ? await startHttpApp(slack, setUp) : await startSocketApp(slack, setUp);
};

const errorOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return 'ok';
  } catch (error) {
    return String((error as { data?: { error?: string } }).data?.error ?? error);
  }
};

describe.each<Mode>(['socket', 'http'])('a whole story by %s', (mode) => {
  it('opens a form by command, searches, submits, and tells the person', async () => {
    const story: string[] = [];
    await open(
      (app) => {
        app.command('/ask', async ({ ack, client, body }) => {
          await ack();
          await client.views.open({ trigger_id: body.trigger_id, view: form({ private_metadata: body.channel_id }) });
        });
        app.options('target', async ({ ack, payload }) => {
          const all = ['orders-db', 'users-db', 'billing'];
          const found = all.filter((name) => name.includes(payload.value));
          await ack({ options: found.map((value) => ({ text: plain(value), value })) });
        });
        app.action('target', async ({ ack }) => {
          story.push('target chosen');
          await ack();
        });
        app.view('form', async ({ ack, view, client, body }) => {
          await ack();
          const { reason, target } = view.state.values;
          const text = `${reason?.reason?.value} on ${target?.target?.selected_option?.value}`;
          await client.chat.postEphemeral({ channel: view.private_metadata, user: body.user.id, text });
        });
      },
      { mode },
    );
    const ada = slack.as('ada');
    expect(await ada.command('/ask', '', 'prod-access')).toEqual({ ok: true });
    await slack.waitFor(() => ada.modal(), { what: 'the form' });
    expect(slack.as('olga').modal()).toBeUndefined();
    const { options } = await ada.suggest('target', 'db');
    expect(options.map((one) => one.value)).toEqual(['orders-db', 'users-db']);
    await ada.type('reason', 'checkout errors');
    expect(await ada.select('target', 'orders-db')).toEqual({ ok: true });
    expect(story).toEqual(['target chosen']);
    expect(await ada.submit()).toMatchObject({ ok: true });
    expect(ada.modal()).toBeUndefined();
    await slack.waitFor(() => ada.messages('prod-access').some((one) => one.text === 'checkout errors on orders-db'));
    expect(slack.as('olga').messages('prod-access')).toEqual([]);
  });

  it('answers a command in the acknowledgement, privately or to all', async () => {
    await open(
      (app) => {
        app.command('/quiet', async ({ ack }) => ack('only you'));
        app.command('/loud', async ({ ack }) => ack({ response_type: 'in_channel', text: 'everyone' }));
      },
      { mode },
    );
    const ada = slack.as('ada');
    expect((await ada.command('/quiet', '', 'prod-access')).reply).toMatchObject({
      text: 'only you',
      ephemeralFor: 'U0ADA',
    });
    await ada.command('/loud', '', 'prod-access');
    expect(
      slack
        .as('olga')
        .messages('prod-access')
        .map((one) => one.text),
    ).toEqual(['everyone']);
  });
});

describe('triggers', () => {
  const keep = (triggers: string[]) => (app: App) => {
    app.command('/ask', async ({ ack, body }) => {
      triggers.push(body.trigger_id);
      await ack();
    });
  };

  it('serves once, and not after three seconds', async () => {
    const triggers: string[] = [];
    await open(keep(triggers), { config: { timing: slackTiming } });
    const client = running?.app.client;
    await slack.as('ada').command('/ask');
    await slack.as('ada').command('/ask');
    const [first, second] = triggers.map((trigger_id) => ({ trigger_id, view: form() }));
    if (first === undefined || second === undefined || client === undefined) throw new Error('no trigger');
    expect(await errorOf(client.views.open(first))).toBe('ok');
    expect(await errorOf(client.views.open(first))).toBe('exchanged_trigger_id');
    now = new Date(now.getTime() + 3_001);
    expect(await errorOf(client.views.open(second))).toBe('expired_trigger_id');
    expect(await errorOf(client.views.open({ ...second, trigger_id: '1.2.3' }))).toBe('invalid_trigger_id');
  });

  it('is not used up by a view that Slack refuses, and the refusal has a pointer', async () => {
    const triggers: string[] = [];
    await open(keep(triggers));
    await slack.as('ada').command('/ask');
    const client = running?.app.client;
    const trigger_id = String(triggers[0]);
    await expect(
      client?.views.open({ trigger_id, view: form({ title: plain('x'.repeat(25)) }) }),
    ).rejects.toMatchObject({
      data: {
        error: 'invalid_arguments',
        response_metadata: {
          messages: expect.arrayContaining(['[ERROR] must be less than 25 characters [json-pointer:/view/title/text]']),
        },
      },
    });
    await client?.views.open({ trigger_id, view: form() });
    expect(slack.as('ada').modal()?.callbackId).toBe('form');
  });
});

describe('clicks', () => {
  it('come through one by one when twenty people click at once', async () => {
    const seen: string[] = [];
    await open((app) => {
      app.action<BlockAction<ButtonAction>>('vote_yes', async ({ ack, body }) => {
        seen.push(body.trigger_id);
        await ack();
      });
    });
    await running?.app.client.chat.postMessage({ channel: 'C0ACCESS', text: 'x', blocks: buttons('yes') });
    const [message] = slack.as('ada').messages('prod-access');
    if (message === undefined) throw new Error('no message');
    const names = ['ada', 'olga', 'rita', 'oscar', 'sam'];
    const clicks = Array.from({ length: 20 }, (_, index) =>
      slack.as(names[index % names.length] ?? 'ada').click(message, 'vote_yes'),
    );
    expect(await Promise.all(clicks)).toEqual(clicks.map(() => ({ ok: true })));
    expect(new Set(seen).size).toBe(20);
  });

  it('of a guest from another team carry that team, and their commands are not known', async () => {
    const users: WorkspaceConfig['users'] = [
      { id: 'U0ADA', name: 'ada' },
      { id: 'U0EVE', name: 'eve', teamId: 'T0OTHER' },
    ];
    const channels = [
      { id: 'C0SHARED', name: 'shared', members: ['bot', 'ada', 'eve'], connectedTeamIds: ['T0OTHER'] },
    ];
    const otherTeams = [{ id: 'T0OTHER', name: 'Other', domain: 'other' }];
    const bodies: BlockAction<ButtonAction>[] = [];
    await open(
      (app) => {
        app.action<BlockAction<ButtonAction>>('vote_yes', async ({ ack, body }) => {
          bodies.push(body);
          await ack();
        });
      },
      { config: { users, channels, otherTeams, usergroups: [] } },
    );
    const client = running?.app.client;
    await client?.chat.postMessage({ channel: 'C0SHARED', text: 'x', blocks: buttons('yes') });
    const eve = slack.as('eve');
    const [message] = eve.messages('shared');
    if (message === undefined) throw new Error('no message');
    await eve.click(message, 'vote_yes');
    expect(bodies[0]).toMatchObject({ user: { id: 'U0EVE', team_id: 'T0OTHER' }, team: { id: slack.state.team.id } });
    expect(await eve.command('/ask', '', 'shared')).toMatchObject({ ok: false, error: 'unknown_command' });
    expect((await client?.users.info({ user: 'U0EVE' }))?.user).toMatchObject({ is_stranger: true });
  });

  it('carries message, value, state and response_url, and can be made from a stale window only on purpose', async () => {
    const bodies: BlockAction<ButtonAction>[] = [];
    await open((app) => {
      app.action<BlockAction<ButtonAction>>(/^vote_/, async ({ ack, body, client }) => {
        bodies.push(body);
        await ack();
        await client.chat.update({ channel: String(body.channel?.id), ts: String(body.message?.ts), text: 'done' });
      });
    });
    const client = running?.app.client;
    await client?.chat.postMessage({ channel: 'C0ACCESS', text: 'vote', blocks: buttons('yes', 'no') });
    const [before] = slack.as('olga').messages('prod-access');
    if (before === undefined) throw new Error('no message');
    expect(await slack.as('olga').click(before, 'vote_yes')).toEqual({ ok: true });
    await slack.waitFor(() => slack.as('olga').messages('prod-access')[0]?.text === 'done');
    expect(bodies[0]).toMatchObject({
      user: { id: 'U0OLGA' },
      container: { type: 'message', channel_id: 'C0ACCESS', message_ts: before.ts, is_ephemeral: false },
      message: { ts: before.ts },
      actions: [{ action_id: 'vote_yes', block_id: 'votes', value: 'yes' }],
    });
    await expect(slack.as('rita').click(before, 'vote_yes')).rejects.toThrow('There is no "vote_yes"');
    expect(await slack.as('rita').clickStale(before, 'vote_yes')).toEqual({ ok: true });
    expect(bodies[1]?.message).toMatchObject({ text: 'done' });
  });

  it('serves a response_url five times in thirty minutes', async () => {
    const urls: string[] = [];
    await open((app) => {
      app.command('/ask', async ({ ack, body }) => {
        urls.push(body.response_url);
        await ack();
      });
    });
    await slack.as('ada').command('/ask', '', 'prod-access');
    await slack.as('ada').command('/ask', '', 'prod-access');
    const use = async (url: string | undefined): Promise<[number, unknown]> => {
      const response = await fetch(String(url), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ text: 'late answer' }),
      });
      return [response.status, await response.json()];
    };
    for (let index = 0; index < 5; index += 1) expect(await use(urls[0])).toEqual([200, { ok: true }]);
    expect(await use(urls[0])).toEqual([404, { ok: false, error: 'used_url' }]);
    now = new Date(now.getTime() + 30 * 60_000 + 1);
    expect(await use(urls[1])).toEqual([404, { ok: false, error: 'expired_url' }]);
    expect(slack.as('ada').messages('prod-access')).toHaveLength(5);
    expect(slack.as('olga').messages('prod-access')).toEqual([]);
  });

  it('replaces and deletes an ephemeral message through its response_url', async () => {
    await open((app) => {
      app.action('vote_edit', async ({ ack, respond }) => {
        await ack();
        await respond({ replace_original: true, text: 'replaced', blocks: buttons('gone') });
      });
      app.action('vote_gone', async ({ ack, respond }) => {
        await ack();
        await respond({ delete_original: true });
      });
    });
    const client = running?.app.client;
    await client?.chat.postEphemeral({ channel: 'C0ACCESS', user: 'U0ADA', text: 'x', blocks: buttons('edit') });
    const ada = slack.as('ada');
    const [first] = ada.messages('prod-access');
    if (first === undefined) throw new Error('no message');
    await ada.click(first, 'vote_edit');
    await slack.waitFor(() => ada.messages('prod-access')[0]?.text === 'replaced');
    expect(ada.messages('prod-access')).toHaveLength(1);
    await ada.click(first, 'vote_gone');
    await slack.waitFor(() => ada.messages('prod-access').length === 0);
  });
});

describe('an app that does not answer', () => {
  it('costs the person a private word after a command, and an error after a click', async () => {
    await open(
      (app) => {
        app.command('/slow', async () => undefined);
        app.action('vote_slow', async () => undefined);
      },
      { config: { timing: { ackMs: 150 } } },
    );
    const ada = slack.as('ada');
    const outcome = await ada.command('/slow', '', 'prod-access');
    expect(outcome).toMatchObject({ ok: false, error: 'operation_timeout', reply: { ephemeralFor: 'U0ADA' } });
    expect(outcome.reply?.text).toBe('/slow failed with the error "operation_timeout"');
    await running?.app.client.chat.postMessage({ channel: 'C0ACCESS', text: 'x', blocks: buttons('slow') });
    const message = ada.messages('prod-access').at(-1);
    if (message === undefined) throw new Error('no message');
    expect(await ada.click(message, 'vote_slow')).toEqual({ ok: false, error: 'operation_timeout' });
  });

  it('is refused by itself when the signing secret is another', async () => {
    slack = await startSlack();
    running = await startHttpApp(slack, (app) => app.command('/ask', async ({ ack }) => ack('in')), 'another-secret');
    expect(await slack.as('ada').command('/ask')).toMatchObject({ ok: false, error: 'dispatch_failed' });
  });

  it('does not know a command the manifest does not name', async () => {
    slack = await startSlack({
      manifest: {
        features: { slash_commands: [{ command: '/known' }] },
        oauth_config: { scopes: { bot: ['commands'] } },
      },
    });
    expect(await slack.as('ada').command('/unknown')).toMatchObject({ ok: false, error: 'unknown_command' });
    expect(await slack.as('ada').command('/known')).toMatchObject({ ok: false, error: 'dispatch_failed' });
  });

  it('hears no click when its manifest does not switch interactivity on, and sends no message with the tab off', async () => {
    const manifest = {
      features: { app_home: { messages_tab_enabled: false } },
      oauth_config: { scopes: { bot: ['chat:write', 'im:write'] } },
      settings: { interactivity: { is_enabled: false } },
    };
    let clicks = 0;
    await open(
      (app) => {
        app.action(/.*/, async ({ ack }) => {
          clicks += 1;
          await ack();
        });
      },
      { config: { manifest } },
    );
    const client = running?.app.client;
    await client?.chat.postMessage({ channel: 'C0ACCESS', text: 'x', blocks: buttons('yes') });
    const message = slack.as('ada').messages('prod-access').at(-1);
    if (message === undefined) throw new Error('no message');
    expect(await slack.as('ada').click(message, 'vote_yes')).toEqual({ ok: false, error: 'dispatch_failed' });
    expect(clicks).toBe(0);
    const direct = client?.chat.postMessage({ channel: 'U0ADA', text: 'x' });
    await expect(direct).rejects.toMatchObject({ data: { error: 'messages_tab_disabled' } });
    expect(() => slack.as('ada').postToApp('hello')).toThrow('turned off');
  });
});
