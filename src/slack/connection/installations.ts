/** The installations of the app in the workspaces of an organisation, with tokens that are renewed before they expire. */
import { setTimeout as delay } from 'node:timers/promises';
import type { WebClient } from '@slack/web-api';
import type {
  InstallationBook,
  InstallationFacts,
  StoredInstallation,
} from '../../application/identity/installation-ports.ts';
import { createLoader } from '../../lib/loader.ts';
import type { Log } from '../../lib/log.ts';
import type { Sealing } from '../../lib/sealing.ts';
import { slackFailureOf } from './failures.ts';

/** Slack: docs.slack.dev/authentication/using-token-rotation: a token lives twelve hours; `@slack/oauth` renews it two hours before, too. */
const RENEW_BEFORE_MS = 2 * 3_600_000;
/** How soon a process sees what another one changed. */
const RECENT_MS = 5_000;
const CLAIM_MS = 30_000;
const OTHERS_RENEW_MS = 200;
const SAVE_ATTEMPTS = 5;

export type Tokens = { token: string; refreshToken: string | null; expiresAt: Date | null };
export type Installation = InstallationFacts & Tokens;

export type Installations = {
  /** From a few seconds ago; those for all first. */
  all(): Promise<Installation[]>;
  tokenOf(installation: Installation): Promise<string>;
  add(installation: Installation, installedBy: string): Promise<void>;
  remove(installation: Pick<Installation, 'id' | 'name'>, why: string): Promise<void>;
};

type Settings = {
  enterpriseId: string;
  book: InstallationBook;
  vault: Sealing;
  /** Without a token: for `oauth.v2.access`. */
  oauth: { client: WebClient; clientId: string; clientSecret: string };
  log: Log;
};

/** A token opens for its own installation only. */
const ownerOf = (id: string): string => `slack-installation:${id}`;

const sealTokens = (vault: Sealing, id: string, { token, refreshToken, expiresAt }: Tokens) => ({
  sealed: vault.seal(ownerOf(id), JSON.stringify({ token, refreshToken })),
  expiresAt,
});

const opened = (vault: Sealing, { sealed, ...stored }: StoredInstallation): Installation => ({
  ...stored,
  // Only `sealTokens` writes it.
  ...(JSON.parse(vault.open(ownerOf(stored.id), sealed)) as Pick<Tokens, 'token' | 'refreshToken'>),
});

const leftMs = ({ expiresAt }: Tokens): number =>
  expiresAt === null ? Number.POSITIVE_INFINITY : expiresAt.getTime() - Date.now();

/** Slack takes a refresh token once: the new one must not be lost. */
const save = async ({ book, vault }: Settings, id: string, tokens: Tokens): Promise<void> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await book.setTokens(id, sealTokens(vault, id, tokens));
    } catch (error) {
      if (attempt === SAVE_ATTEMPTS) throw error;
      await delay(OTHERS_RENEW_MS * attempt);
    }
  }
};

const renewed = async ({ oauth }: Settings, refreshToken: string): Promise<Tokens> => {
  const { client, clientId, clientSecret } = oauth;
  const answer = await client.oauth.v2.access({
    ...{ client_id: clientId, client_secret: clientSecret },
    ...{ grant_type: 'refresh_token', refresh_token: refreshToken },
  });
  const { access_token: token, refresh_token: next, expires_in: seconds } = answer;
  if (!token || !next || !seconds) throw new Error('oauth.v2.access gave no token');
  return { token, refreshToken: next, expiresAt: new Date(Date.now() + seconds * 1_000) };
};

type Renewing = { settings: Settings; list: (key: string) => Promise<Installation[]> };

/** Once for all who need it in this process, and by one process. */
const createRenewals = ({ settings, list }: Renewing) => {
  const { book, log } = settings;
  const renewals = new Map<string, Promise<string>>();
  const renew = async (installation: Installation, refreshToken: string): Promise<string> => {
    const { id } = installation;
    if (!(await book.claimRenewal(id, CLAIM_MS))) return renewedByOther(list, installation);
    const tokens = await renewed(settings, refreshToken);
    await save(settings, id, tokens);
    await list('all');
    log.info({ workspace: id }, 'a token of Slack was renewed');
    return tokens.token;
  };
  return (installation: Installation, refreshToken: string): Promise<string> => {
    const { id } = installation;
    const mine = renewals.get(id) ?? renew(installation, refreshToken).finally(() => renewals.delete(id));
    renewals.set(id, mine);
    return mine;
  };
};

export const createInstallations = (settings: Settings): Installations => {
  const { enterpriseId, book, vault, log } = settings;
  const listed = createLoader(async () => {
    const stored = (await book.list()).filter((one) => one.enterpriseId === enterpriseId);
    return stored.map((one) => opened(vault, one));
  }, RECENT_MS);
  /** A look that began with the list from before is kept like any other: it counts no more, now that the list is new. */
  const relisted = async (): Promise<void> => {
    await listed.fresh('all');
    await book.distrust(enterpriseId);
  };
  const renewOnce = createRenewals({ settings, list: listed.fresh });
  return {
    all: () => listed.recent('all'),
    tokenOf: async (installation) => {
      const { token, refreshToken, id } = installation;
      if (refreshToken === null || leftMs(installation) > RENEW_BEFORE_MS) return token;
      const renewing = renewOnce(installation, refreshToken);
      if (leftMs(installation) <= 0) return renewing;
      renewing.catch((error: unknown) =>
        log.warn({ workspace: id, error: slackFailureOf(error)?.code ?? String(error) }, 'a token was not renewed'),
      );
      return token;
    },
    add: async ({ token, refreshToken, expiresAt, ...facts }, installedBy) => {
      await book.add({ ...facts, ...sealTokens(vault, facts.id, { token, refreshToken, expiresAt }) }, installedBy);
      await relisted();
    },
    remove: async (installation, why) => {
      await book.remove(installation, why);
      await relisted();
    },
  };
};

/** Gives the old token where the other process does not come to an end: Slack then says that it has expired. */
const renewedByOther = async (
  list: (key: string) => Promise<Installation[]>,
  { id, token }: Installation,
): Promise<string> => {
  const untilMs = performance.now() + CLAIM_MS;
  while (performance.now() < untilMs) {
    await delay(OTHERS_RENEW_MS);
    const found = (await list('all')).find((one) => one.id === id);
    if (found === undefined) return token;
    if (found.token !== token) return found.token;
  }
  return token;
};
