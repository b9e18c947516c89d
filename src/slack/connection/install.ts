/** Installs the app by OAuth: the pages `/slack/install` and `/slack/oauth_redirect`, as Bolt has them. Slack: docs.slack.dev/authentication/installing-with-oauth */
import { createHash } from 'node:crypto';
import { HTTPReceiver } from '@slack/bolt';
import type { Installation as Installed, InstallationStore, StateStore } from '@slack/bolt';
import type { Log } from '../../lib/log.ts';
import { newId } from '../../lib/ids.ts';
import type { Sealing } from '../../lib/sealing.ts';
import type { Replays } from '../../application/record/replay-ports.ts';
import { slackLogger } from './logger.ts';
import { fetchWithin } from './http-call.ts';
import { sendPage } from './install-page.ts';
import type { Installation, Installations } from './installations.ts';
import type { RequestHandler } from './receiver-http.ts';

const CALL_TIMEOUT_MS = 10_000;
/** As long as the cookie of `@slack/oauth` lives. */
const STATE_TTL_MS = 10 * 60_000;
const STATE_OWNER = 'slack-install-state';

export const INSTALL_PATHS = { start: '/slack/install', finish: '/slack/oauth_redirect' } as const;

export type InstallSettings = {
  enterpriseId: string;
  clientId: string;
  clientSecret: string;
  publicUrl: string;
  apiUrl: string | null;
  installations: Installations;
  vault: Sealing;
  replays: Pick<Replays, 'claim'>;
  scopes: () => string[];
  log: Log;
};

export type InstallPages = { start: RequestHandler; finish: RequestHandler };

const redirectOf = (publicUrl: string): string => `${publicUrl}${INSTALL_PATHS.finish}`;

/** Sealed, so that only we make one; taken once, by one process. */
const createStates = ({ vault, replays, publicUrl }: InstallSettings): StateStore => ({
  generateStateParam: async (_options, now) => {
    const { keyId, nonce, ciphertext } = vault.seal(STATE_OWNER, JSON.stringify({ id: newId(), atMs: now.getTime() }));
    return [keyId, nonce.toString('base64url'), ciphertext.toString('base64url')].join('.');
  },
  verifyStateParam: async (now, state) => {
    const [keyId = '', nonce = '', ciphertext = ''] = state.split('.');
    const sealed = { keyId, nonce: Buffer.from(nonce, 'base64url'), ciphertext: Buffer.from(ciphertext, 'base64url') };
    const { atMs } = JSON.parse(vault.open(STATE_OWNER, sealed)) as { atMs: number };
    if (now.getTime() - atMs > STATE_TTL_MS) throw new Error('the state of an installation is too old');
    const key = createHash('sha256').update(`slack-install:${state}`).digest('hex');
    if (!(await replays.claim(key, STATE_TTL_MS))) throw new Error('the state of an installation was used before');
    // Slack wants the same address again with the code.
    return { scopes: [], redirectUri: redirectOf(publicUrl) };
  },
});

/** Null where it is not of our organisation, or has no bot. */
const toInstallation = (enterpriseId: string, installed: Installed): Installation | null => {
  const { bot, team, enterprise, isEnterpriseInstall } = installed;
  if (!bot || enterprise?.id !== enterpriseId) return null;
  const isForAll = isEnterpriseInstall === true;
  const where = isForAll ? enterprise : team;
  if (!where) return null;
  return {
    id: where.id,
    enterpriseId,
    teamId: isForAll ? null : where.id,
    name: where.name ?? where.id,
    botId: bot.id,
    botUserId: bot.userId,
    scopes: bot.scopes,
    token: bot.token,
    refreshToken: bot.refreshToken ?? null,
    expiresAt: bot.expiresAt === undefined ? null : new Date(bot.expiresAt * 1_000),
  };
};

const storeOf = ({ enterpriseId, installations }: InstallSettings): InstallationStore => ({
  storeInstallation: async (installed) => {
    const installation = toInstallation(enterpriseId, installed);
    if (!installation) throw new Error('an installation of another organisation was to be kept');
    await installations.add(installation, installed.user.id);
  },
  // Tokens are read and renewed by `installations.ts`, which says when that fails.
  fetchInstallation: () => Promise.reject(new Error('installations are not read through Bolt')),
});

const createInstaller = (settings: InstallSettings) => {
  const { clientId, clientSecret, publicUrl, apiUrl, log } = settings;
  const receiver = new HTTPReceiver({
    // It is never started: the server is ours.
    ...{ signingSecret: '', signatureVerification: false },
    ...{ clientId, clientSecret, logger: slackLogger(log), installationStore: storeOf(settings) },
    redirectUri: redirectOf(publicUrl),
    installerOptions: {
      directInstall: true,
      stateStore: createStates(settings),
      redirectUriPath: INSTALL_PATHS.finish,
      ...(apiUrl ? { authorizationUrl: new URL('/oauth/v2/authorize', apiUrl).href } : {}),
      clientOptions: { ...(apiUrl ? { slackApiUrl: apiUrl } : {}), fetch: fetchWithin(CALL_TIMEOUT_MS) },
    },
  });
  if (!receiver.installer) throw new Error('Bolt made no installer');
  return receiver.installer;
};

const NOT_OURS = {
  heading: 'Latchkey was not installed',
  text: 'This Latchkey serves the workspaces of one organisation, and this workspace is not one of them. Remove the app from it.',
};
const FAILED = {
  heading: 'Latchkey was not installed',
  text: 'Start again, in the same browser. If that fails, an operator of Latchkey finds the reason in its log.',
};

export const createInstallPages = (settings: InstallSettings): InstallPages => {
  const { enterpriseId, publicUrl, scopes, log } = settings;
  const installer = createInstaller(settings);
  const redirectUri = redirectOf(publicUrl);
  return {
    start: (req, res) => installer.handleInstallPath(req, res, undefined, { scopes: scopes(), redirectUri }),
    finish: (req, res) =>
      installer.handleCallback(req, res, {
        afterInstallation: async (installed) => {
          if (toInstallation(enterpriseId, installed)) return true;
          log.warn(
            { enterprise: installed.enterprise?.id ?? null, workspace: installed.team?.id ?? null },
            'an installation in another organisation was refused, and its token is not kept',
          );
          sendPage(res, 403, NOT_OURS);
          return false;
        },
        success: ({ isEnterpriseInstall, team, enterprise }) => {
          const name = (isEnterpriseInstall === true ? enterprise?.name : team?.name) ?? 'Slack';
          sendPage(res, 200, {
            heading: 'Latchkey is installed',
            text: `It works in ${name} now. You can close this page.`,
          });
        },
        failure: (error) => {
          log.warn({ code: error.code, error: error.message }, 'an installation of the Slack app failed');
          sendPage(res, 400, FAILED);
        },
      }),
  };
};
