import { WebClient } from '@slack/web-api';
import { afterEach, expect, it } from 'vitest';
import type { WorkspaceConfig } from '../../../sandbox/src/slack/config.ts';
import { startSlack } from '../../support/slack.ts';
import type { Slack } from '../../support/slack.ts';

const REDIRECT = 'https://latchkey.acme.test/slack/oauth_redirect';

const ORGANISATION: WorkspaceConfig = {
  team: { id: 'T0NORTH', name: 'North', domain: 'north' },
  organisation: {
    ...{ id: 'E0ACME', name: 'Acme', domain: 'acme' },
    teams: [{ id: 'T0SOUTH', name: 'South', domain: 'south' }],
  },
  otherTeams: [{ id: 'T0OTHER', name: 'Other', domain: 'other' }],
  users: [
    { id: 'U0ADA', name: 'ada', teamIds: ['T0NORTH'] },
    { id: 'U0BEA', name: 'bea', teamIds: ['T0SOUTH'] },
    { id: 'U0CY', name: 'cy', teamIds: ['T0NORTH', 'T0SOUTH'] },
    { id: 'U0EVE', name: 'eve', teamId: 'T0OTHER' },
  ],
  channels: [
    { id: 'C0NORTH', name: 'access', members: ['ada', 'cy'] },
    { id: 'C0SOUTH', name: 'access', members: ['bea', 'cy'], teamIds: ['T0SOUTH'] },
    {
      ...{ id: 'C0SHARED', name: 'shared', members: ['ada', 'bea', 'eve'], teamIds: ['T0NORTH', 'T0SOUTH'] },
      connectedTeamIds: ['T0OTHER'],
    },
  ],
  usergroups: [
    { id: 'S0NORTH', handle: 'sre', members: ['ada'] },
    { id: 'S0SOUTH', handle: 'sre', members: ['bea'], teamId: 'T0SOUTH' },
  ],
  redirectUrls: [REDIRECT],
};

let slack: Slack;
afterEach(() => slack.close());

const clientOf = (token?: string): WebClient =>
  new WebClient(token, { slackApiUrl: slack.apiUrl, retryConfig: { retries: 0 } });

const errorOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
  } catch (error) {
    return (error as { data: { error: string } }).data.error;
  }
  throw new Error('The call was expected to be refused.');
};

const SCOPES = 'commands,chat:write,channels:read,groups:read,users:read,users:read.email,usergroups:read,im:history';

const authorizeUrl = (redirect = REDIRECT): string => {
  const query = new URLSearchParams({ client_id: slack.state.oauth.clientId, scope: SCOPES, state: 'abc' });
  return `https://slack.com/oauth/v2/authorize?${query.toString()}&redirect_uri=${encodeURIComponent(redirect)}`;
};

const secrets = () => {
  const { clientId, clientSecret } = slack.state.oauth;
  return { client_id: clientId, client_secret: clientSecret };
};

const exchange = (teamId: string | null) => {
  const back = new URL(slack.consent(authorizeUrl(), { as: 'ada', teamId }));
  expect(back.searchParams.get('state')).toBe('abc');
  const code = back.searchParams.get('code') ?? '';
  return { code, answer: clientOf().oauth.v2.access({ ...secrets(), code, redirect_uri: REDIRECT }) };
};

it('is installed in one workspace, whose token sees that workspace and no other', async () => {
  slack = await startSlack(ORGANISATION);
  const { code, answer } = exchange('T0SOUTH');
  const installed = await answer;
  expect(installed).toMatchObject({
    ...{ team: { id: 'T0SOUTH' }, enterprise: { id: 'E0ACME' }, is_enterprise_install: false },
    ...{ token_type: 'bot', authed_user: { id: 'U0ADA' } },
  });
  expect(installed.refresh_token).toBeUndefined();
  expect(await errorOf(clientOf().oauth.v2.access({ ...secrets(), code, redirect_uri: REDIRECT }))).toBe(
    'code_already_used',
  );
  const client = clientOf(installed.access_token);
  expect(await client.auth.test()).toMatchObject({ team_id: 'T0SOUTH', enterprise_id: 'E0ACME' });
  expect((await client.auth.teams.list()).teams?.map(({ id }) => id)).toEqual(['T0SOUTH']);
  const members = (await client.users.list({})).members?.filter(({ is_bot: isBot }) => !isBot);
  expect(members?.map(({ id }) => id)).toEqual(['U0BEA', 'U0CY']);
  expect((await client.users.info({ user: 'U0CY' })).user).toMatchObject({
    ...{ team_id: 'T0SOUTH', enterprise_user: { enterprise_id: 'E0ACME', teams: ['T0NORTH', 'T0SOUTH'] } },
  });
  expect((await client.users.info({ user: 'U0ADA' })).user).toMatchObject({ is_stranger: true });
  expect((await client.users.info({ user: 'U0EVE' })).user?.enterprise_user).toBeUndefined();
  expect(await errorOf(client.users.lookupByEmail({ email: 'ada@north.test' }))).toBe('users_not_found');
  expect((await client.conversations.list({})).channels?.map(({ id }) => id)).toEqual(['C0SOUTH', 'C0SHARED']);
  expect((await client.usergroups.list()).usergroups?.map(({ id }) => id)).toEqual(['S0SOUTH']);
  expect(await errorOf(client.conversations.info({ channel: 'C0NORTH' }))).toBe('channel_not_found');
  expect(await errorOf(client.chat.postMessage({ channel: 'U0ADA', text: 'x' }))).toBe('channel_not_found');
});

it('is installed for all, and wants the workspace where Slack does', async () => {
  slack = await startSlack(ORGANISATION);
  const installed = await exchange(null).answer;
  expect(installed).toMatchObject({ team: null, enterprise: { id: 'E0ACME' }, is_enterprise_install: true });
  const client = clientOf(installed.access_token);
  expect((await client.auth.teams.list()).teams?.map(({ id }) => id)).toEqual(['T0NORTH', 'T0SOUTH']);
  expect(await errorOf(client.conversations.list({}))).toBe('missing_argument');
  expect(await errorOf(client.usergroups.list())).toBe('missing_argument');
  expect(await errorOf(client.users.list({ team_id: 'T0OTHER' }))).toBe('team_access_not_granted');
  const listed = await client.usergroups.list({ team_id: 'T0SOUTH' });
  expect(listed.usergroups?.map(({ id }) => id)).toEqual(['S0SOUTH']);
  expect((await client.users.info({ user: 'U0BEA' })).user).toMatchObject({ team_id: 'T0SOUTH' });
});

it('rotates a token, whose refresh token serves once', async () => {
  const clock = { now: new Date(0) };
  slack = await startSlack({ ...ORGANISATION, tokenTtlS: 43_200, now: () => clock.now });
  const first = await exchange('T0NORTH').answer;
  expect(first).toMatchObject({ expires_in: 43_200 });
  const refresh = (token = '') =>
    clientOf().oauth.v2.access({ ...secrets(), grant_type: 'refresh_token', refresh_token: token });
  const second = await refresh(first.refresh_token);
  expect(await errorOf(refresh(first.refresh_token))).toBe('invalid_refresh_token');
  // The token before stays valid until it expires.
  await clientOf(first.access_token).auth.test();
  clock.now = new Date(43_201_000);
  expect(await errorOf(clientOf(second.access_token).auth.test())).toBe('token_expired');
  const third = await refresh(second.refresh_token);
  await clientOf(third.access_token).auth.test();
});

it('refuses an address of return that the app does not have, a wrong secret and a cancelled consent', async () => {
  slack = await startSlack(ORGANISATION);
  expect(() => slack.consent(authorizeUrl('https://evil.test/'), { as: 'ada', teamId: null })).toThrow(
    'did not match any configured URIs',
  );
  const back = slack.consent(authorizeUrl(), { as: 'ada', teamId: 'T0NORTH', isCancelled: true });
  expect(new URL(back).searchParams.get('error')).toBe('access_denied');
  const wrong = { ...secrets(), client_secret: 'x', code: 'x' };
  expect(await errorOf(clientOf().oauth.v2.access(wrong))).toBe('bad_client_secret');
});

it('says an uninstalled token is revoked', async () => {
  slack = await startSlack(ORGANISATION);
  const { access_token: token } = await exchange('T0NORTH').answer;
  slack.uninstall('T0NORTH');
  expect(await errorOf(clientOf(token).auth.test())).toBe('token_revoked');
});
