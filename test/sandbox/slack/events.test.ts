import { afterEach, describe, expect, it, vi } from 'vitest';
import type { App } from '@slack/bolt';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import type { WorkspaceConfig } from '../../../sandbox/src/slack/config.ts';
import { startSlack } from '../../support/slack.ts';
import type { Slack } from '../../support/slack.ts';
import { startHttpApp, startSocketApp } from './bolt-app.ts';
import type { Running } from './bolt-app.ts';

let slack: Slack;
const apps: Running[] = [];
const sockets: WebSocket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await Promise.all(apps.splice(0).map((one) => one.stop()));
  await slack.close();
});

const WAIT = { timeout: 60_000, interval: 10 };

type Heard = { type: string; [key: string]: unknown };

const listenTo = (heard: Heard[]) => (app: App) => {
  app.event(/.*/, async ({ event }) => {
    heard.push({ ...event });
  });
};

const open = async (config: WorkspaceConfig = {}, heard: Heard[] = []): Promise<Heard[]> => {
  slack = await startSlack(config);
  apps.push(await startSocketApp(slack, listenTo(heard)));
  return heard;
};

const call = async (method: string, args: Record<string, string>): Promise<unknown> => {
  const headers = { authorization: `Bearer ${slack.botToken}`, 'content-type': 'application/json' };
  const answer = await fetch(`${slack.apiUrl}${method}`, { method: 'POST', headers, body: JSON.stringify(args) });
  return answer.json();
};

/** What an app heard is in its memory: no change of the workspace tells of it. */
const hears = (heard: Heard[], type: string): Promise<void> =>
  vi.waitFor(() => expect(types(heard)).toContain(type), WAIT);

const types = (heard: Heard[]): string[] => heard.map((one) => one.type);

describe('the Events API', () => {
  it('tells that a channel was deleted, and knows nothing of it afterwards', async () => {
    const heard = await open();
    const rita = slack.as('rita');
    const { id } = rita.createChannel('inc-8');
    rita.invite('inc-8', 'bot');
    rita.deleteChannel('inc-8');
    await hears(heard, 'channel_deleted');
    expect(heard.find(({ type }) => type === 'channel_deleted')).toMatchObject({ channel: id });
    for (const method of ['conversations.info', 'chat.postMessage'])
      expect(await call(method, { channel: id, text: 'anybody there?' })).toMatchObject({ error: 'channel_not_found' });
    rita.createChannel('inc-8');
  });

  it('brings messages of other bots: classic ones have the subtype and no user', async () => {
    const heard = await open();
    slack.postByBot('prod-access', { botId: 'B0OLD' }, { text: 'from a classic one' });
    slack.postByBot('prod-access', { botId: 'B0NEW', appId: 'A0NEW', userId: 'U0NEW' }, { text: 'from one of today' });
    await vi.waitFor(() => expect(heard).toHaveLength(2), WAIT);
    const [classic, modern] = heard;
    expect(classic).toMatchObject({ type: 'message', subtype: 'bot_message', bot_id: 'B0OLD', channel: 'C0ACCESS' });
    expect(classic).not.toHaveProperty('user');
    expect(modern).toMatchObject({ bot_id: 'B0NEW', app_id: 'A0NEW', user: 'U0NEW' });
    expect(modern).not.toHaveProperty('subtype');
  });

  it('tells the life of a channel', async () => {
    const heard = await open();
    const rita = slack.as('rita');
    const channel = rita.createChannel('inc-7');
    rita.invite('inc-7', 'bot');
    slack.as('ada').join('inc-7');
    rita.rename('inc-7', 'inc-7-orders');
    slack.as('ada').leave('inc-7-orders');
    rita.archive('inc-7-orders');
    rita.unarchive('inc-7-orders');
    await hears(heard, 'channel_unarchive');
    const told = heard.filter(({ type }) => type !== 'message');
    expect(types(told)).toEqual([
      'channel_created',
      'member_joined_channel',
      'member_joined_channel',
      'channel_rename',
      'member_left_channel',
      'channel_archive',
      'channel_unarchive',
    ]);
    expect(told[3]).toMatchObject({ channel: { id: channel.id, name: 'inc-7-orders' } });
    expect(told[5]).toMatchObject({ channel: channel.id, user: 'U0RITA' });
  });

  it('tells nothing of a private channel without the bot, and group events of one with it', async () => {
    const heard = await open();
    const sam = slack.as('sam');
    sam.post('security', 'unheard');
    sam.rename('security', 'security-team');
    sam.invite('security-team', 'bot');
    sam.archive('security-team');
    await hears(heard, 'group_archive');
    expect(types(heard)).toEqual(['member_joined_channel', 'group_archive']);
  });

  it('tells the app that it was removed and asked back, in public and in private', async () => {
    const heard = await open();
    const sam = slack.as('sam');
    sam.createChannel('inc-9', { isPrivate: true });
    sam.invite('inc-9', 'bot');
    sam.kick('inc-9', 'bot');
    sam.rename('inc-9', 'inc-9-unheard');
    sam.invite('inc-9-unheard', 'bot');
    slack.as('ada').kick('prod-access', 'bot');
    await hears(heard, 'channel_left');
    const told = ['member_joined_channel', 'group_left', 'member_joined_channel', 'channel_left'];
    expect(types(heard)).toEqual(told);
    expect(heard[1]).toMatchObject({ channel: slack.channelId('inc-9-unheard'), actor_id: 'U0SAM' });
    expect(heard[2]).toMatchObject({ user: slack.app.botUserId, inviter: 'U0SAM', channel_type: 'C' });
  });

  it('says in the channel that its topic or name changed, to members only', async () => {
    const heard = await open();
    slack.as('ada').setTopic('prod-access', 'sev1 & <!here>');
    slack.as('ada').setTopic('general', 'unheard');
    slack.as('ada').rename('prod-access', 'prod-asks');
    await vi.waitFor(() => expect(heard).toHaveLength(3), WAIT);
    const notices = heard.filter(({ type }) => type === 'message');
    expect(notices).toMatchObject([
      {
        subtype: 'channel_topic',
        user: 'U0ADA',
        topic: 'sev1 & <!here>',
        text: 'set the channel topic: sev1 &amp; &lt;!here&gt;',
      },
      { subtype: 'channel_name', old_name: 'prod-access', name: 'prod-asks' },
    ]);
  });

  it('tells messages and mentions where the bot is, and people who change or come', async () => {
    const heard = await open();
    slack.as('ada').post('general', 'not for the bot');
    slack.as('ada').post('prod-access', `hello <@${slack.app.botUserId}>`);
    slack.changePerson('olga', { isDeleted: true });
    slack.addPerson({ name: 'new' });
    await vi.waitFor(() => expect(heard).toHaveLength(4), WAIT);
    // Bolt hands messages on later than other events, so the order is not what was sent.
    expect(types(heard).sort()).toEqual(['app_mention', 'message', 'team_join', 'user_change']);
    expect(heard.find((one) => one.type === 'user_change')).toMatchObject({ user: { id: 'U0OLGA', deleted: true } });
  });

  it('sends only what the app subscribed to and has the scope for', async () => {
    const heard = await open({
      botEvents: ['channel_created', 'user_change'],
      botScopes: ['channels:read'],
    });
    slack.changePerson('olga', { realName: 'Olga B.' });
    slack.as('ada').post('prod-access', 'hello');
    slack.as('ada').createChannel('only-this');
    await hears(heard, 'channel_created');
    expect(types(heard)).toEqual(['channel_created']);
  });

  it('comes twice, late, or last first when told to', async () => {
    const heard = await open({ botEvents: ['channel_created'] });
    const names = (): unknown[] => heard.map((one) => (one.channel as { name: string }).name);
    slack.faults.duplicateEvents(1);
    slack.as('ada').createChannel('one');
    await vi.waitFor(() => expect(heard).toHaveLength(2), WAIT);
    slack.faults.duplicateEvents(1, 3);
    slack.as('ada').createChannel('thrice');
    await vi.waitFor(() => expect(heard).toHaveLength(5), WAIT);
    slack.faults.reorderEvents(2);
    slack.as('ada').createChannel('two');
    slack.as('ada').createChannel('three');
    await vi.waitFor(() => expect(heard).toHaveLength(7), WAIT);
    expect(names()).toEqual(['one', 'one', 'thrice', 'thrice', 'thrice', 'three', 'two']);
  });

  it('is sent again by HTTP until it is taken, signed anew, and says that and why', async () => {
    slack = await startSlack({ timing: { eventRetryDelaysMs: [0, 1, 1] } });
    const tries: IncomingHttpHeaders[] = [];
    const server = createServer((request, response) => {
      tries.push(request.headers);
      response.writeHead(tries.length < 3 ? 500 : 200).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    slack.setRequestUrl(`http://127.0.0.1:${(server.address() as AddressInfo).port}/slack/events`);
    slack.as('ada').createChannel('again');
    await slack.waitFor(() => slack.deliveries('events_api').some((one) => one.outcome === 'acked'));
    server.close();
    expect(tries.map((one) => [one['x-slack-retry-num'], one['x-slack-retry-reason']])).toEqual([
      [undefined, undefined],
      ['1', 'http_error'],
      ['2', 'http_error'],
    ]);
    expect(tries[2]?.['x-slack-signature']).toMatch(/^v0=[0-9a-f]{64}$/);
  });

  it('answers the challenge of a new request URL', async () => {
    slack = await startSlack();
    apps.push(await startHttpApp(slack, () => undefined));
    expect(await slack.verifyRequestUrl()).toBe(true);
  });

  it('gives up after the third retry', async () => {
    slack = await startSlack({ timing: { eventRetryDelaysMs: [0, 1, 1] } });
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    slack.setRequestUrl(`http://127.0.0.1:${port}/slack/events`);
    slack.as('ada').createChannel('lost');
    await slack.waitFor(() => slack.deliveries().length === 4);
    expect(slack.deliveries().map((one) => [one.retryNum, one.error])).toEqual(
      [0, 1, 2, 3].map((num) => [num, 'connection_failed']),
    );
  });
});

type Raw = { socket: WebSocket; received: Heard[] };

const connect = async (): Promise<Raw> => {
  const response = await fetch(`${slack.apiUrl}apps.connections.open`, {
    method: 'POST',
    headers: { authorization: `Bearer ${slack.appToken}` },
  });
  const { url } = (await response.json()) as { url: string };
  const socket = new WebSocket(url);
  sockets.push(socket);
  const received: Heard[] = [];
  await new Promise<void>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data: Buffer) => {
      received.push(JSON.parse(data.toString('utf8')) as Heard);
      resolve();
    });
  });
  return { socket, received };
};

const acknowledge = ({ socket }: Raw, envelope: Heard | undefined): void => {
  socket.send(JSON.stringify({ envelope_id: envelope?.envelope_id }));
};

describe('Socket Mode', () => {
  it('says hello, and gives each envelope to one connection only', async () => {
    slack = await startSlack({ botEvents: ['channel_created'] });
    const pair = [await connect(), await connect()];
    expect(pair.map((one) => one.received[0])).toMatchObject([
      { type: 'hello', num_connections: 1 },
      { type: 'hello', num_connections: 2 },
    ]);
    for (const raw of pair) raw.socket.on('message', () => acknowledge(raw, raw.received.at(-1)));
    for (const name of ['a', 'b', 'c', 'd']) slack.as('ada').createChannel(name);
    await slack.waitFor(() => slack.deliveries().length === 4);
    expect(pair.map((one) => one.received.length - 1)).toEqual([2, 2]);
    expect(slack.deliveries().every((one) => one.outcome === 'acked')).toBe(true);
  });

  it('sends an event that nobody acknowledged again, with its number', async () => {
    slack = await startSlack({
      botEvents: ['channel_created'],
      timing: { ackMs: 200, eventRetryDelaysMs: [0, 10, 10] },
    });
    const raw = await connect();
    raw.socket.on('message', () => {
      if (raw.received.length >= 3) acknowledge(raw, raw.received.at(-1));
    });
    slack.as('ada').createChannel('again');
    await slack.waitFor(() => slack.deliveries().some((one) => one.outcome === 'acked'));
    expect(raw.received.slice(1, 3)).toMatchObject([
      { type: 'events_api', retry_attempt: 0, retry_reason: '' },
      { type: 'events_api', retry_attempt: 1, retry_reason: 'timeout' },
    ]);
  });

  it('refuses a connection address that was used before', async () => {
    slack = await startSlack();
    const raw = await connect();
    const again = new WebSocket(raw.socket.url);
    sockets.push(again);
    const failure = await new Promise<Error>((resolve) => {
      again.on('error', resolve);
    });
    expect(failure.message).toContain('403');
  });

  it('says goodbye, and brings what was meant for a dropped connection to the next one', async () => {
    slack = await startSlack({
      botEvents: ['channel_created'],
      timing: { disconnectGraceMs: 10, eventRetryDelaysMs: [0, 50, 50] },
    });
    const first = await connect();
    slack.faults.disconnectSockets('warning');
    await new Promise((resolve) => {
      first.socket.on('close', resolve);
    });
    expect(first.received.at(-1)).toMatchObject({ type: 'disconnect', reason: 'warning' });
    const second = await connect();
    second.socket.on('message', () => second.socket.terminate());
    slack.as('ada').createChannel('meanwhile');
    await slack.waitFor(() => slack.deliveries().length > 0);
    const third = await connect();
    third.socket.on('message', () => acknowledge(third, third.received.at(-1)));
    await slack.waitFor(() => slack.deliveries().some((one) => one.outcome === 'acked'));
    expect(third.received[1]).toMatchObject({ type: 'events_api' });
  });
});
