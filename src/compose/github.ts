/** The GitHub App, put together: its API, its webhook, and its work. Null everywhere where no App is set. */
import type { Environment } from '../config/environment.ts';
import type { Deps } from '../application/deps.ts';
import type { GithubDeps } from '../application/github/github-deps.ts';
import type { Github } from '../application/github/github-ports.ts';
import { withChecks } from '../application/github/job-checks.ts';
import { handleGithub } from '../application/github/handle-github.ts';
import { receiveDelivery } from '../application/github/receive-delivery.ts';
import { withRunAgain } from '../application/github/run-again.ts';
import { sweepGithub } from '../application/github/sweep-github.ts';
import type { ClientCaller } from '../application/identity/caller.ts';
import { DomainError } from '../domain/errors.ts';
import { GithubError, createAppClient } from '../github-api/app-client.ts';
import type { AppClient } from '../github-api/app-client.ts';
import { createGithub } from '../github-api/github.ts';
import { createGithubHook } from '../http/hooks/github-hook.ts';
import { sendJson } from '../http/routes.ts';
import type { Routes } from '../http/routes.ts';
import type { Log } from '../lib/log.ts';
import { withinMs } from '../lib/timeout.ts';
import type { SlackConnection } from '../slack/connection/connection.ts';
import { linkToMessage } from '../slack/messages/link-to-message.ts';
import type { GithubWorker } from '../work/handlers.ts';

type LookUpCaller = (caller: ClientCaller) => Promise<ClientCaller>;

/** One for the whole process: the tokens of installations and GitHub's limits are its own. */
export type OpenGithub = { api: Github; client: AppClient; apiUrl: string; secrets: string[] };

/** Null where no App is set. */
export const openGithub = ({ github: app }: Pick<Environment, 'github'>): OpenGithub | null => {
  if (!app) return null;
  const client = createAppClient(app);
  return { api: createGithub(client), client, apiUrl: app.apiUrl, secrets: app.secrets };
};

type Parts = {
  github: OpenGithub | null;
  deps: Deps;
  connection: Pick<SlackConnection, 'notifierClient'>;
  log: Log;
};

const depsOf = ({ github, deps, connection, log }: Parts): GithubDeps | null => {
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

/** What GitHub takes to say how checks stand is not waited for longer: people decide without. */
const CHECKS_WITHIN_MS = 3_000;

/** The job with the checks of its commit, where the App says in time. */
export const lookUpChecks = ({ github, log }: Pick<Parts, 'github' | 'log'>): LookUpCaller => {
  if (!github) return (caller) => Promise.resolve(caller);
  return async (caller) => {
    try {
      const soon = await withinMs(withChecks({ log, github: github.api }, caller), CHECKS_WITHIN_MS);
      return soon.isThere ? soon.value : caller;
    } catch (error) {
      if (!(error instanceof GithubError)) throw error;
      log.warn({ err: error }, 'the checks of a commit could not be read');
      return caller;
    }
  };
};

/** Null where no App is set. A job whose attempt cannot be looked up has to try again: who may decide would be a guess. */
export const lookUpWhoRanAgain = ({ github, deps }: Omit<Parts, 'connection' | 'log'>): LookUpCaller | null => {
  if (!github) return null;
  return async (caller) => {
    try {
      return await withRunAgain({ ...deps, github: github.api }, caller);
    } catch (error) {
      if (!(error instanceof GithubError)) throw error;
      if (error.status === 404) return caller;
      throw new DomainError('lookup_failed', { what: 'the run on GitHub', why: error.message });
    }
  };
};

export const githubWorker = (parts: Parts): GithubWorker | null => {
  const deps = depsOf(parts);
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
      sweep: () => sweepGithub(deps),
    }
  );
};

export const githubRoutes = ({ github, deps, log: all }: Omit<Parts, 'connection'>): Routes => {
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
