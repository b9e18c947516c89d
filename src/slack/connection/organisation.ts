/** The app in an organisation of several workspaces: whose events are ours, which token a call is made with, and what was removed. */
import { WebClient } from '@slack/web-api';
import type { FetchFunction } from '@slack/web-api';
import type { InstallationBook } from '../../application/identity/installation-ports.ts';
import { createLoader } from '../../lib/loader.ts';
import type { Log } from '../../lib/log.ts';
import type { Sealing } from '../../lib/sealing.ts';
import { slackFailureOf } from './failures.ts';
import { slackLogger } from './logger.ts';
import { fetchWithin } from './http-call.ts';
import { createInstallations } from './installations.ts';
import type { Installation, Installations } from './installations.ts';
import type { Pacing } from './pace.ts';
import { createTokenChoice, findServing } from './token-choice.ts';

const OWN_CALL_TIMEOUT_MS = 8_000;
/** A workspace that was added to the organisation is known so soon. */
const TEAMS_KEPT_MS = 60_000;
const TEAMS_PAGES_MAX = 20;
/** Of a removed app. One that has expired may only not have been renewed. */
const REMOVED = new Set(['account_inactive', 'invalid_auth', 'not_authed', 'token_revoked']);

/** What Slack sends when an app is removed: none of it is heard with a token. */
export const INSTALLATION_EVENTS = ['app_uninstalled', 'tokens_revoked'] as const;

export type OrganisationSettings = {
  enterpriseId: string;
  clientId: string;
  clientSecret: string;
  book: InstallationBook;
  vault: Sealing;
  apiUrl: string | null;
  log: Log;
};

/** Where an event or a click comes from, as Bolt reads it. */
export type Source = {
  teamId?: string | undefined;
  enterpriseId?: string | undefined;
  isEnterpriseInstall: boolean;
};

export type Authorized = { botToken: string; botId: string; botUserId: string; teamId?: string; enterpriseId: string };

export type Organisation = {
  enterpriseId: string;
  installations: Installations;
  /** The token for a call is chosen for each; `make` gives the calls of one installation. */
  calls(make: (installationId: string) => FetchFunction): FetchFunction;
  pacing(make: (installationId: string) => Pacing): Pacing;
  /** Rejects for what comes from elsewhere. */
  authorize(source: Source): Promise<Authorized>;
  /** Whether the app is installed in this workspace. */
  serves(teamId: string): Promise<boolean>;
  /** Looks in Slack at every installation, and removes those whose tokens it takes for none. */
  lookForRemoved(): Promise<void>;
};

const ownClient = ({ apiUrl, log }: OrganisationSettings): WebClient =>
  new WebClient(undefined, {
    ...(apiUrl ? { slackApiUrl: apiUrl } : {}),
    logger: slackLogger(log),
    fetch: fetchWithin(OWN_CALL_TIMEOUT_MS),
    rejectRateLimitedCalls: true,
    retryConfig: { retries: 1, minTimeout: 200 },
  });

const createTeams = (client: WebClient, { tokenOf, all }: Installations) => {
  const listed = createLoader(async (id: string) => {
    const installation = (await all()).find((one) => one.id === id);
    return installation ? listTeams(client, await tokenOf(installation)) : [];
  }, TEAMS_KEPT_MS);
  return ({ id, teamId }: Installation): Promise<string[]> =>
    teamId === null ? listed.recent(id) : Promise.resolve([teamId]);
};

/** Slack: docs.slack.dev/reference/methods/auth.teams.list */
const listTeams = async (client: WebClient, token: string): Promise<string[]> => {
  const ids: string[] = [];
  let cursor = '';
  for (let page = 0; page < TEAMS_PAGES_MAX; page += 1) {
    const answer = await client.auth.teams.list({ token, limit: 1_000, ...(cursor ? { cursor } : {}) });
    ids.push(...(answer.teams ?? []).flatMap(({ id }) => id ?? []));
    cursor = answer.response_metadata?.next_cursor ?? '';
    if (!cursor) break;
  }
  return ids;
};

/** Null where it stands; else Slack's word. */
const removedCode = async (client: WebClient, token: string): Promise<string | null> => {
  try {
    await client.auth.test({ token });
    return null;
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure?.kind === 'permanent' && REMOVED.has(failure.code)) return failure.code;
    throw error;
  }
};

const removeLost = async ({
  client,
  installations,
  log,
}: Pick<Organisation, 'installations'> & { client: WebClient; log: Log }): Promise<void> => {
  for (const one of await installations.all()) {
    const code = await removedCode(client, await installations.tokenOf(one));
    if (code === null) continue;
    log.warn({ workspace: one.id, code }, 'the Slack app was removed from a workspace');
    await installations.remove(one, code);
  }
};

const remembered = <T>(make: (id: string) => T): ((installation: Pick<Installation, 'id'>) => T) => {
  const made = new Map<string, T>();
  return ({ id }) => {
    const one = made.get(id) ?? make(id);
    made.set(id, one);
    return one;
  };
};

/** Before a call nobody knows which token will make it: the first one's limits stand for all. */
const ofFirst = (
  { all }: Installations,
  pacingOf: (installation: Installation) => Pacing,
): Pick<Pacing, 'ready' | 'hasRoom'> => ({
  ready: async (method) => {
    const [first] = await all();
    if (first) await pacingOf(first).ready(method);
  },
  hasRoom: async (method) => {
    const [first] = await all();
    return first ? pacingOf(first).hasRoom(method) : true;
  },
});

export const createOrganisation = (settings: OrganisationSettings): Organisation => {
  const { enterpriseId, clientId, clientSecret, log } = settings;
  const client = ownClient(settings);
  const installations = createInstallations({ ...settings, oauth: { client, clientId, clientSecret } });
  const teamsOf = createTeams(client, installations);
  const serving = async (teamId: string): Promise<Installation | null> =>
    findServing(await installations.all(), teamId, teamsOf);
  const looks = createLoader(() => removeLost({ client, installations, log }), TEAMS_KEPT_MS);
  const onRefused = (): void => {
    looks
      .recent('all')
      .catch((error: unknown) => log.warn({ error: String(error) }, 'Slack did not say which tokens count'));
  };
  const choose = (callsOf: (installation: Installation) => FetchFunction): FetchFunction =>
    createTokenChoice({ installations, teamsOf, callsOf, onRefused, log });
  return {
    enterpriseId,
    installations,
    calls: (make) => choose(remembered(make)),
    pacing: (make) => {
      const pacingOf = remembered(make);
      return { fetch: choose((one) => pacingOf(one).fetch), ...ofFirst(installations, pacingOf) };
    },
    authorize: async (source) => {
      const found = await installationOf({ enterpriseId, installations, serving }, source);
      const { botId, botUserId } = found;
      const teamId = source.teamId?.startsWith('T') ? { teamId: source.teamId } : {};
      return { botToken: await installations.tokenOf(found), botId, botUserId, ...teamId, enterpriseId };
    },
    serves: async (teamId) => (await serving(teamId)) !== null,
    lookForRemoved: () => looks.fresh('all'),
  };
};

type Looking = Pick<Organisation, 'enterpriseId' | 'installations'> & {
  serving(teamId: string): Promise<Installation | null>;
};

const installationOf = async (
  { enterpriseId, installations, serving }: Looking,
  { teamId, enterpriseId: from }: Source,
): Promise<Installation> => {
  const isForeign = from !== undefined && from !== null && from !== enterpriseId;
  const own = isForeign || teamId === undefined || teamId === null ? null : await serving(teamId);
  // What comes from an installation for all may name the organisation alone.
  const forAll = from === enterpriseId ? (await installations.all()).find((one) => one.teamId === null) : undefined;
  const found = own ?? forAll;
  if (!found)
    throw new Error(`the Slack app is not installed in ${teamId ?? from ?? 'a workspace'} of ${enterpriseId}`);
  return found;
};
