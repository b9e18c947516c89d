/** oauth.v2.access and auth.teams.list. Slack: docs.slack.dev/reference/methods/oauth.v2.access, docs.slack.dev/authentication/using-token-rotation */
import { SlackError } from '../errors.ts';
import { install, isOfOrganisation, issueToken } from '../organisation.ts';
import type { Installation } from '../organisation.ts';
import type { Json } from '../types.ts';
import { bot, page, text } from './method.ts';
import type { CallContext, Method } from './method.ts';

const checkClient = (call: CallContext): void => {
  const { clientId, clientSecret } = call.state.oauth;
  if (text(call, 'client_id') !== clientId) throw new SlackError('invalid_client_id');
  if (text(call, 'client_secret') !== clientSecret) throw new SlackError('bad_client_secret');
};

const installed = (call: CallContext): Installation => {
  const { state } = call;
  const code = state.oauth.codes.get(text(call, 'code') ?? '');
  if (code === undefined || state.now().getTime() > code.expiresAtMs) throw new SlackError('invalid_code');
  if (code.isUsed) throw new SlackError('code_already_used');
  if (text(call, 'redirect_uri') !== code.redirectUri) throw new SlackError('bad_redirect_uri');
  code.isUsed = true;
  return install(state, code);
};

/** A refresh token serves once. */
const refreshed = (call: CallContext): Installation => {
  const given = text(call, 'refresh_token');
  const found = [...call.state.installations.values()].find((one) => one.refreshToken === given);
  if (given === undefined || found === undefined || found.isRevoked) throw new SlackError('invalid_refresh_token');
  return found;
};

const access = (call: CallContext): Json => {
  checkClient(call);
  const { state } = call;
  const grant = text(call, 'grant_type') ?? 'authorization_code';
  if (grant !== 'authorization_code' && grant !== 'refresh_token') throw new SlackError('invalid_grant_type');
  const installation = grant === 'refresh_token' ? refreshed(call) : installed(call);
  const token = issueToken(state, installation);
  const { teamId, refreshToken } = installation;
  const team = teamId === null ? undefined : state.teams.get(teamId);
  const isOurs = teamId === null || isOfOrganisation(state, teamId);
  const { organisation } = state;
  return {
    access_token: token.text,
    token_type: 'bot',
    scope: [...installation.scopes].join(','),
    bot_user_id: installation.botUserId,
    app_id: state.app.appId,
    team: team === undefined ? null : { id: team.id, name: team.name },
    enterprise: organisation !== null && isOurs ? { id: organisation.id, name: organisation.name } : null,
    is_enterprise_install: teamId === null,
    ...(grant === 'refresh_token' ? {} : { authed_user: { id: installation.installedBy } }),
    ...(token.expiresAtMs === null ? {} : { expires_in: state.oauth.tokenTtlS, refresh_token: refreshToken }),
  };
};

const teamsList = (call: CallContext): Json => {
  const { state } = call;
  const teamId = state.installation?.teamId ?? (state.organisation === null ? state.team.id : null);
  const teams = [...state.teams.values()].filter(({ id }) =>
    teamId === null ? isOfOrganisation(state, id) : id === teamId,
  );
  const { items, metadata } = page(call, teams, { fallback: 100, max: 1_000 });
  return { teams: items.map(({ id, name }) => ({ id, name })), response_metadata: metadata };
};

export const oauthMethods: Record<string, Method> = {
  'oauth.v2.access': { token: 'none', scopes: [], run: access },
  'auth.teams.list': bot([], teamsList),
};
