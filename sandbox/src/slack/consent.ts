/** What Slack's page at /oauth/v2/authorize does when a person allows the app, or cancels. Slack: docs.slack.dev/authentication/installing-with-oauth */
import { randomBytes } from 'node:crypto';
import { DriverError } from './errors.ts';
import type { State } from './state.ts';

/** Slack: "The code expires after ten minutes." */
const CODE_TTL_MS = 10 * 60_000;

/** `teamId` null: for the whole organisation. */
export type Consent = { as: string; teamId: string | null; isCancelled?: boolean };

/** Gives the address that the browser is sent to. */
export const consent = (state: State, address: string, { as, teamId, isCancelled }: Consent): string => {
  const asked = new URL(address);
  const param = (name: string): string | undefined => asked.searchParams.get(name) ?? undefined;
  if (param('client_id') !== state.oauth.clientId) throw new DriverError('Slack shows: Invalid client_id parameter.');
  const redirectUri = param('redirect_uri');
  const isAllowed = state.oauth.redirectUrls.some((allowed) => (redirectUri ?? allowed).startsWith(allowed));
  if (!isAllowed) throw new DriverError(`Slack shows: redirect_uri did not match any configured URIs: ${redirectUri}`);
  const scopes = (param('scope') ?? '').split(',').filter((scope) => scope !== '');
  if (scopes.length === 0) throw new DriverError('Slack shows: Invalid permissions requested.');
  const back = new URL(redirectUri ?? state.oauth.redirectUrls[0] ?? '');
  const given = param('state');
  if (given !== undefined) back.searchParams.set('state', given);
  if (isCancelled === true) {
    back.searchParams.set('error', 'access_denied');
    return back.href;
  }
  const code = `${state.nextId('code')}.${randomBytes(16).toString('hex')}`;
  const expiresAtMs = state.now().getTime() + CODE_TTL_MS;
  state.oauth.codes.set(code, { teamId, installedBy: as, scopes, redirectUri, expiresAtMs, isUsed: false });
  back.searchParams.set('code', code);
  return back.href;
};
