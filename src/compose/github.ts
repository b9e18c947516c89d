/** The GitHub App, put together: its API, its webhook, and its work. Null everywhere where no App is set. */
import type { Environment } from '../config/environment.ts';
import type { Deps } from '../application/deps.ts';
import type { GithubDeps } from '../application/github/github-deps.ts';
import type { Github } from '../application/github/github-ports.ts';
import { handleGithub } from '../application/github/handle-github.ts';
import { receiveDelivery } from '../application/github/receive-delivery.ts';
import { createGithubRounds, sweepGithub } from '../application/github/sweep-github.ts';
import { GithubError, createAppClient } from '../github-api/app-client.ts';
import type { AppClient } from '../github-api/app-client.ts';
import { createGithub } from '../github-api/github.ts';
import { createGithubHook } from '../http/hooks/github-hook.ts';
import { sendJson } from '../http/routes.ts';
import type { Routes } from '../http/routes.ts';
import type { Log } from '../lib/log.ts';
import type { SlackConnection } from '../slack/connection/connection.ts';
import { linkToMessage } from '../slack/messages/link-to-message.ts';
import type { GithubWorker } from '../work/handlers.ts';

/** One for the whole process: the tokens of installations and GitHub's limits are its own. */
export type OpenGithub = { api: Github; client: AppClient; apiUrl: string; secrets: string[] };

/** Null where no App is set. */
export const openGithub = ({ github: app }: Pick<Environment, 'github'>): OpenGithub | null => {
  if (!app) return null;
  const client = createAppClient(app);
  return { api: createGithub(client), client, apiUrl: app.apiUrl, secrets: app.secrets };
};

export type GithubParts = {
  github: OpenGithub | null;
  deps: Deps;
  connection: Pick<SlackConnection, 'notifierClient'>;
  log: Log;
};

const depsOf = ({ github, deps, connection, log }: GithubParts): GithubDeps | null => {
  if (!github) return null;
  return {
    ...deps,
    log: log.child({ part: 'github' }),
    github: github.api,
    linkTo: async (requestId) => {
      const place = await deps.store.transaction((tx) => tx.github.messageOf(requestId));
      return place && linkToMessage(connection.notifierClient, place);
    },
  };
};

export const githubWorker = (parts: GithubParts): GithubWorker | null => {
  const deps = depsOf(parts);
  const rounds = createGithubRounds();
  return (
    deps && {
      handle: async (subject) => {
        try {
          await handleGithub(deps, subject);
          return { outcome: 'done' };
        } catch (error) {
          if (!(error instanceof GithubError)) throw error;
          deps.log.warn({ err: error, subject }, 'GitHub could not be asked; it is tried again');
          const { retryInMs, message } = error;
          return { outcome: 'retry', error: message, ...(retryInMs !== null && { retryInMs }) };
        }
      },
      sweep: () => sweepGithub(deps, rounds),
    }
  );
};

export const githubRoutes = ({ github, deps, log: all }: Omit<GithubParts, 'connection'>): Routes => {
  if (!github) return {};
  const log = all.child({ part: 'hooks' });
  const door = createGithubHook({
    secrets: github.secrets,
    receive: (delivery) => receiveDelivery(deps, delivery),
    log,
  });
  return {
    'POST /hooks/github': async (request, response) => {
      const { status, body } = await door(request);
      sendJson(response, status, body);
    },
  };
};
