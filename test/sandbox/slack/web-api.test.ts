import { WebClient } from '@slack/web-api';
import { afterEach, describe, expect, it } from 'vitest';
import type { WorkspaceConfig } from '../../../sandbox/src/slack/config.ts';
import { startSlack } from '../../support/slack.ts';
import type { Slack } from '../../support/slack.ts';

let slack: Slack;

afterEach(async () => {
  await slack.close();
});

const open = async (config: WorkspaceConfig = {}): Promise<WebClient> => {
  slack = await startSlack(config);
  return clientOf(slack.botToken);
};

const clientOf = (token: string | undefined): WebClient =>
  new WebClient(token, {
    slackApiUrl: slack.apiUrl,
    retryConfig: { retries: 0 },
    rejectRateLimitedCalls: true,
  });

type Refusal = { error: string; [key: string]: unknown };

const refusal = async (call: Promise<unknown>): Promise<Refusal> => {
  try {
    await call;
  } catch (error) {
    const { data } = error as { data?: Refusal };
    if (data === undefined) throw error;
    return data;
  }
  throw new Error('The call was expected to be refused.');
};

const section = (text: string) => ({ type: 'section', text: { type: 'mrkdwn', text } });

describe('tokens and scopes', () => {
  it('knows the bot by its token', async () => {
    const client = await open();
    await expect(client.auth.test()).resolves.toMatchObject({
      ok: true,
      user_id: slack.app.botUserId,
      bot_id: slack.app.botId,
    });
  });

  it('refuses no token, a wrong token, an app token and a revoked token, each in its own words', async () => {
    const client = await open();
    expect((await refusal(clientOf(undefined).auth.test())).error).toBe('not_authed');
    expect((await refusal(clientOf('xoxb-wrong').auth.test())).error).toBe('invalid_auth');
    const withAppToken = clientOf(slack.appToken);
    expect((await refusal(withAppToken.auth.test())).error).toBe('not_allowed_token_type');
    expect((await refusal(client.apps.connections.open({}))).error).toBe('not_allowed_token_type');
    slack.faults.revokeBotToken();
    expect((await refusal(client.auth.test())).error).toBe('token_revoked');
  });

  it('says which scope is missing and which are there', async () => {
    const client = await open({ botScopes: ['chat:write', 'channels:read'] });
    expect(await refusal(client.users.list({}))).toMatchObject({
      error: 'missing_scope',
      needed: 'users:read',
      provided: 'chat:write,channels:read',
    });
    const priv = client.conversations.list({ types: 'public_channel,private_channel' });
    expect(await refusal(priv)).toMatchObject({ error: 'missing_scope', needed: 'groups:read' });
  });

  it('reads scopes from a manifest, and shows e-mail addresses only with their own scope', async () => {
    const client = await open({
      manifest: { oauth_config: { scopes: { bot: ['users:read'] } } },
    });
    const { user } = await client.users.info({ user: 'U0ADA' });
    expect(user?.profile?.email).toBeUndefined();
    const lookup = client.users.lookupByEmail({ email: 'ada@acme.test' });
    expect(await refusal(lookup)).toMatchObject({ error: 'missing_scope', needed: 'users:read.email' });
  });
});

describe('the wire', () => {
  const raw = async (path: string, init: RequestInit): Promise<unknown> =>
    (await fetch(`${slack.apiUrl}${path}`, { method: 'POST', ...init })).json();

  it('takes JSON with the token in the header, and no token in JSON', async () => {
    await open();
    const body = JSON.stringify({ channel: 'C0ACCESS', text: 'by JSON', token: slack.botToken });
    const json = { 'content-type': 'application/json; charset=utf-8' };
    expect(await raw('chat.postMessage', { headers: json, body })).toEqual({ ok: false, error: 'not_authed' });
    const headers = { ...json, authorization: `Bearer ${slack.botToken}` };
    expect(await raw('chat.postMessage', { headers, body })).toMatchObject({ ok: true });
    expect(await raw('chat.postMessage', { headers, body: '{' })).toMatchObject({ error: 'invalid_json' });
  });

  it('takes a token in a form, and knows which methods there are', async () => {
    await open();
    const body = new URLSearchParams({ token: slack.botToken });
    expect(await raw('auth.test', { body })).toMatchObject({ ok: true });
    expect(await raw('chat.shout', { body })).toMatchObject({ ok: false, error: 'unknown_method' });
  });

  it('logs each call with its arguments as structures and without the token', async () => {
    const client = await open();
    await client.chat.postMessage({ channel: 'C0ACCESS', text: 'a', blocks: [section('b')] });
    expect(slack.calls('chat.postMessage')).toMatchObject([
      { args: { channel: 'C0ACCESS', text: 'a', blocks: [section('b')] }, status: 200, answer: { ok: true } },
    ]);
    expect(JSON.stringify(slack.calls())).not.toContain(slack.botToken);
  });
});

describe('memory', () => {
  it('is the same workspace after a restart from its snapshot', async () => {
    const client = await open();
    const { ts } = await client.chat.postMessage({ channel: 'U0ADA', text: 'still here' });
    const bytes = slack.snapshot();
    await slack.close();
    slack = await startSlack({ snapshot: bytes, now: () => new Date(0) });
    expect(slack.as('ada').dmsWithApp()).toMatchObject([{ ts, text: 'still here' }]);
    const later = await clientOf(slack.botToken).chat.postMessage({ channel: 'U0ADA', text: 'new' });
    expect(Number(later.ts)).toBeGreaterThan(Number(ts));
    expect(later.channel).toBe(slack.as('ada').dms()[0]?.channelId);
  });
});

describe('messages', () => {
  it('gives every message its own increasing ts even when the clock stands still', async () => {
    const client = await open({ now: () => new Date('2026-11-22T12:00:00Z') });
    const sent = [];
    for (let index = 0; index < 5; index += 1) {
      sent.push((await client.chat.postMessage({ channel: 'C0ACCESS', text: `n${index}` })).ts);
    }
    expect(new Set(sent).size).toBe(5);
    expect([...sent].sort((a, b) => Number(a) - Number(b))).toEqual(sent);
  });

  it('does not post where the bot is not, where nobody is, or into the archive', async () => {
    const client = await open({ botScopes: ['chat:write'] });
    const post = (channel: string): Promise<unknown> => client.chat.postMessage({ channel, text: 'x' });
    expect((await refusal(post('C0GENERAL'))).error).toBe('not_in_channel');
    expect((await refusal(post('C0SECRET'))).error).toBe('channel_not_found');
    expect((await refusal(post('C0NOWHERE'))).error).toBe('channel_not_found');
    slack.as('olga').archive('prod-access');
    expect((await refusal(post('C0ACCESS'))).error).toBe('is_archived');
  });

  it('refuses an empty and an overlong text', async () => {
    const client = await open();
    const channel = 'C0ACCESS';
    expect((await refusal(client.chat.postMessage({ channel, text: '' }))).error).toBe('no_text');
    const long = client.chat.postMessage({ channel, text: 'x'.repeat(40_001) });
    expect((await refusal(long)).error).toBe('msg_too_long');
    const { ts } = await client.chat.postMessage({ channel, text: 'short' });
    const update = client.chat.update({ channel, ts: String(ts), text: 'x'.repeat(4_001) });
    expect((await refusal(update)).error).toBe('msg_too_long');
  });

  it('takes the buttons away when a message is updated with text alone', async () => {
    const client = await open();
    const channel = 'C0ACCESS';
    const blocks = [section('with blocks')];
    const { ts } = await client.chat.postMessage({ channel, text: 'a', blocks });
    await client.chat.update({ channel, ts: String(ts), text: 'b' });
    const [message] = slack.as('ada').messages(channel);
    expect(message).toMatchObject({ text: 'b' });
    expect(message?.blocks).toBeUndefined();
  });

  it('updates and deletes its own messages only', async () => {
    const client = await open();
    const { channel, ts } = slack.as('ada').post('prod-access', 'mine');
    expect((await refusal(client.chat.update({ channel, ts, text: 'x' }))).error).toBe('cant_update_message');
    expect((await refusal(client.chat.delete({ channel, ts }))).error).toBe('cant_delete_message');
    const missing = client.chat.update({ channel, ts: '1.000001', text: 'x' });
    expect((await refusal(missing)).error).toBe('message_not_found');
  });

  it('shows an ephemeral message to its one reader only, and to nobody outside the channel', async () => {
    const client = await open();
    const channel = 'C0ACCESS';
    await client.chat.postEphemeral({ channel, user: 'U0ADA', text: 'for Ada' });
    expect(
      slack
        .as('ada')
        .messages(channel)
        .map((one) => one.text),
    ).toEqual(['for Ada']);
    expect(slack.as('olga').messages(channel)).toEqual([]);
    expect((await client.conversations.history({ channel })).messages).toEqual([]);
    const outside = client.chat.postEphemeral({ channel, user: 'U0INES', text: 'x' });
    expect((await refusal(outside)).error).toBe('user_not_in_channel');
  });

  it('keeps direct messages between the two of them', async () => {
    const client = await open();
    const opened = await client.conversations.open({ users: 'U0ADA' });
    const again = await client.conversations.open({ users: 'U0ADA' });
    expect(again.channel?.id).toBe(opened.channel?.id);
    await client.chat.postMessage({ channel: 'U0ADA', text: 'private' });
    expect(
      slack
        .as('ada')
        .dmsWithApp()
        .map((one) => one.text),
    ).toEqual(['private']);
    expect(slack.as('olga').messages(String(opened.channel?.id))).toEqual([]);
  });

  it('threads replies, counts them, and lists them apart from the channel', async () => {
    const client = await open();
    const channel = 'C0ACCESS';
    const { ts } = await client.chat.postMessage({ channel, text: 'parent' });
    await client.chat.postMessage({ channel, text: 'reply', thread_ts: String(ts) });
    const history = await client.conversations.history({ channel });
    expect(history.messages).toHaveLength(1);
    expect(history.messages?.[0]).toMatchObject({ text: 'parent', reply_count: 1 });
    const replies = await client.conversations.replies({ channel, ts: String(ts) });
    expect(replies.messages?.map((one) => one.text)).toEqual(['parent', 'reply']);
  });

  it('uploads a file in three steps and shares it', async () => {
    const client = await open();
    await client.files.uploadV2({
      channel_id: 'C0ACCESS',
      filename: 'evidence.json',
      file: Buffer.from('{"ok":true}'),
      initial_comment: 'the evidence',
    });
    const [message] = slack.as('ada').messages('prod-access');
    expect(message).toMatchObject({ text: 'the evidence' });
    expect(message?.files?.[0]).toMatchObject({ name: 'evidence.json', size: 11 });
    const file = [...slack.state.files.values()][0];
    expect(file?.bytes.toString()).toBe('{"ok":true}');
  });

  it('shares several files as one reply, and none where it may not post', async () => {
    const client = await open();
    const { ts } = await client.chat.postMessage({ channel: 'C0ACCESS', text: 'the timeline' });
    const files = ['md', 'json'].map((kind) => ({ filename: `timeline.${kind}`, file: Buffer.from(kind) }));
    await client.files.uploadV2({ channel_id: 'C0ACCESS', thread_ts: String(ts), file_uploads: files });
    const replies = slack.as('ada').thread('prod-access', String(ts));
    expect(replies[1]?.files?.map(({ name }) => name)).toEqual(['timeline.md', 'timeline.json']);
    const share = (channel: string) =>
      client.files.uploadV2({ channel_id: channel, filename: 'a.md', file: Buffer.from('a') });
    await expect(share('C0GENERAL')).rejects.toMatchObject({ data: { error: 'not_in_channel' } });
    slack.as('ada').archive('prod-access');
    await expect(share('C0ACCESS')).rejects.toMatchObject({ data: { error: 'posting_to_channel_denied' } });
  });

  it('answers with a status of HTTP when told to, that often and no more', async () => {
    const client = await open();
    slack.faults.failHttp('conversations.join', 500);
    const join = () => client.conversations.join({ channel: 'C0GENERAL' });
    await expect(join()).rejects.toMatchObject({ statusCode: 500 });
    expect(
      slack
        .as('ada')
        .channels()
        .find(({ id }) => id === 'C0GENERAL')?.members,
    ).not.toContain(slack.app.botUserId);
    await expect(join()).resolves.toMatchObject({ ok: true });
  });
});

describe('conversations and people', () => {
  it('pages through channels with a cursor and finds each one once', async () => {
    const channels = Array.from({ length: 25 }, (_, index) => ({ name: `room-${index}` }));
    const client = await open({ channels });
    const names: string[] = [];
    for await (const page of client.paginate('conversations.list', { limit: 10 })) {
      const { channels: found } = page as { channels?: { name: string }[] };
      names.push(...(found ?? []).map((one) => one.name));
    }
    expect(names).toEqual(channels.map((one) => one.name));
    expect(slack.calls('conversations.list')).toHaveLength(3);
    const bad = client.conversations.list({ cursor: 'nonsense' });
    expect((await refusal(bad)).error).toBe('invalid_cursor');
  });

  it('creates, refuses a taken name, invites, and refuses who is there already', async () => {
    const client = await open();
    const made = await client.conversations.create({ name: 'inc-42' });
    const channel = String(made.channel?.id);
    expect((await refusal(client.conversations.create({ name: 'inc-42' }))).error).toBe('name_taken');
    const shouted = client.conversations.create({ name: 'Inc 42' });
    expect((await refusal(shouted)).error).toBe('invalid_name_specials');
    await client.conversations.invite({ channel, users: 'U0ADA,U0OLGA' });
    const { members } = await client.conversations.members({ channel });
    expect(members).toEqual([slack.app.botUserId, 'U0ADA', 'U0OLGA']);
    const again = client.conversations.invite({ channel, users: 'U0ADA' });
    expect((await refusal(again)).error).toBe('already_in_channel');
  });

  it('takes people out of a channel, pins a message, and leaves', async () => {
    const client = await open();
    const channel = 'C0ACCESS';
    const { ts } = await client.chat.postMessage({ channel, text: 'timeline' });
    await client.pins.add({ channel, timestamp: String(ts) });
    expect((await refusal(client.pins.add({ channel, timestamp: String(ts) }))).error).toBe('already_pinned');
    await client.conversations.setTopic({ channel, topic: 'quiet' });
    await client.conversations.kick({ channel, user: 'U0ADA' });
    const shared = await client.users.conversations({ user: 'U0ADA' });
    expect(shared.channels?.map((one) => one.name)).toEqual(['general']);
    await client.conversations.leave({ channel });
    expect((await refusal(client.conversations.setTopic({ channel, topic: 'x' }))).error).toBe('not_in_channel');
  });

  it('hides a private channel from a bot that is not in it', async () => {
    const client = await open();
    expect((await refusal(client.conversations.info({ channel: 'C0SECRET' }))).error).toBe('channel_not_found');
    slack.addBotTo('security');
    const { channel } = await client.conversations.info({ channel: 'C0SECRET' });
    expect(channel).toMatchObject({ name: 'security', is_private: true });
  });

  it('does not find leavers and strangers by e-mail', async () => {
    const client = await open({
      otherTeams: [{ id: 'T0OTHER', name: 'Other', domain: 'other' }],
      users: [
        { id: 'U0GONE', name: 'gone', email: 'gone@acme.test', isDeleted: true },
        { id: 'U0ELSE', name: 'else', email: 'else@other.test', teamId: 'T0OTHER' },
      ],
      channels: [],
      usergroups: [],
    });
    for (const email of ['gone@acme.test', 'else@other.test', 'none@acme.test']) {
      expect((await refusal(client.users.lookupByEmail({ email }))).error).toBe('users_not_found');
    }
    expect((await refusal(client.users.info({ user: 'U0ELSE' }))).error).toBe('user_not_visible');
  });

  it('shows guests as restricted, and custom profile fields in the profile', async () => {
    const users: WorkspaceConfig['users'] = [
      { id: 'U0BOSS', name: 'boss' },
      { id: 'U0TEMP', name: 'temp', isGuest: true, fields: { Xf0MANAGER: 'U0BOSS' } },
    ];
    const client = await open({ users, channels: [], usergroups: [] });
    expect((await client.users.info({ user: 'U0TEMP' })).user).toMatchObject({ is_restricted: true });
    const { profile } = await client.users.profile.get({ user: 'U0TEMP' });
    expect(profile?.fields).toEqual({ Xf0MANAGER: { value: 'U0BOSS', alt: '' } });
  });

  it('lists user groups and their members', async () => {
    const client = await open();
    const { usergroups } = await client.usergroups.list({ include_users: true });
    expect(usergroups?.find((one) => one.handle === 'sre')?.users).toEqual(['U0RITA']);
    await expect(client.usergroups.users.list({ usergroup: 'S0ONCALL' })).resolves.toMatchObject({
      users: ['U0OSCAR'],
    });
  });
});

describe('faults', () => {
  it('answers 429 with Retry-After as often as it was told to', async () => {
    const client = await open();
    slack.faults.ratelimit('chat.postMessage', 7);
    const post = (): Promise<unknown> => client.chat.postMessage({ channel: 'C0ACCESS', text: 'x' });
    await expect(post()).rejects.toMatchObject({ retryAfter: 7 });
    await expect(post()).resolves.toMatchObject({ ok: true });
  });

  it('waits out a limit on its own as Slack asks', async () => {
    await open();
    const patient = new WebClient(slack.botToken, {
      slackApiUrl: slack.apiUrl,
      retryConfig: { retries: 2, factor: 1, minTimeout: 1 },
    });
    slack.faults.ratelimit('chat.postMessage', 1);
    await patient.chat.postMessage({ channel: 'C0ACCESS', text: 'x' });
    expect(slack.calls('chat.postMessage').map((call) => call.status)).toEqual([429, 200]);
  });

  it('does the work and loses the answer', async () => {
    const client = await open();
    const lost: unknown[] = [];
    slack.subscribe((change) => change.type === 'answer_lost' && lost.push(change.call.args['text']));
    await client.chat.postMessage({ channel: 'C0ACCESS', text: 'told' });
    slack.faults.dropResponse('chat.postMessage');
    await expect(client.chat.postMessage({ channel: 'C0ACCESS', text: 'sent' })).rejects.toThrow('fetch failed');
    const { messages } = slack.as('ada');
    expect(messages('prod-access').map(({ text }) => text)).toEqual(['told', 'sent']);
    expect(await slack.waitFor(() => lost.length > 0 && lost)).toEqual(['sent']);
  });

  it('refuses connections while down, and is the same workspace when up again', async () => {
    const client = await open();
    await client.chat.postMessage({ channel: 'C0ACCESS', text: 'before' });
    await slack.faults.down('refused');
    await expect(client.auth.test()).rejects.toThrow('fetch failed');
    await slack.faults.up();
    await client.chat.postMessage({ channel: 'C0ACCESS', text: 'after' });
    expect(slack.as('ada').messages('prod-access')).toHaveLength(2);
    await slack.faults.down(503);
    await expect(client.auth.test()).rejects.toMatchObject({ statusCode: 503 });
  });
});
