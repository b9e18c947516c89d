/** GitLab, put together: its API, and its webhook. Without a secret it has no door: nothing could be believed that comes through it. */
import type { Deps } from '../application/deps.ts';
import { endGitlabJob } from '../application/gitlab/end-gitlab-job.ts';
import type { GitlabDeps } from '../application/gitlab/gitlab-deps.ts';
import { answerGitlab, createGitlabRounds, gitlabPlaces, lookAtGitlab } from '../application/gitlab/sweep-gitlab.ts';
import type { Environment } from '../config/environment.ts';
import { createGitlabClient } from '../gitlab-api/client.ts';
import type { GitlabClient } from '../gitlab-api/client.ts';
import { createGitlab } from '../gitlab-api/deployments.ts';
import { createGitlabHook } from '../http/hooks/gitlab-hook.ts';
import { sendJson } from '../http/routes.ts';
import type { Routes } from '../http/routes.ts';
import type { Log } from '../lib/log.ts';
import type { GitlabWorker } from '../work/handlers.ts';

export type OpenGitlab = { client: GitlabClient; url: string };

/** Null where no token is set. */
export const openGitlab = ({ gitlab }: Pick<Environment, 'gitlab'>): OpenGitlab | null =>
  gitlab && { client: createGitlabClient(gitlab), url: gitlab.url };

/** An event that makes the next look come at once, where this process looks. */
export type Nudge = { isSet: boolean };

export const createNudge = (): Nudge => ({ isSet: false });

type WorkerParts = { gitlab: OpenGitlab | null; deps: Deps; nudge: Nudge; log: Log };

/** Between two looks at what is decided, and between two at GitLab itself. */
const ANSWER_EVERY_MS = 1_000;
const LOOK_EVERY_MS = 10_000;

export const gitlabWorker = ({ gitlab, deps, nudge, log }: WorkerParts): GitlabWorker | null => {
  if (!gitlab) return null;
  const working: GitlabDeps = {
    ...deps,
    log: log.child({ part: 'gitlab' }),
    gitlab: createGitlab(gitlab.client),
    instance: gitlab.url,
  };
  const rounds = createGitlabRounds();
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  return {
    run: async () => {
      if (gitlabPlaces(working).length === 0) return LOOK_EVERY_MS;
      if (nudge.isSet || performance.now() - lookedAtMs >= LOOK_EVERY_MS) {
        nudge.isSet = false;
        lookedAtMs = performance.now();
        await lookAtGitlab(working, rounds);
      }
      return (await answerGitlab(working, rounds)) > 0 ? LOOK_EVERY_MS : ANSWER_EVERY_MS;
    },
  };
};

type Parts = { environment: Pick<Environment, 'gitlabSecrets'>; deps: Deps; nudge: Nudge; log: Log };

export const gitlabRoutes = ({ environment: { gitlabSecrets: secrets }, deps, nudge, log }: Parts): Routes => {
  if (secrets.length === 0) return {};
  const end = (finished: Parameters<typeof endGitlabJob>[1]) => endGitlabJob(deps, finished);
  const door = createGitlabHook({
    secrets,
    end,
    onWaiting: () => {
      nudge.isSet = true;
    },
    log: log.child({ part: 'hooks' }),
  });
  return {
    'POST /hooks/gitlab': async (request, response) => {
      const { status, body } = await door(request);
      sendJson(response, status, body);
    },
  };
};
