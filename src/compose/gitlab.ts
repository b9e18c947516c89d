/** GitLab, put together: its API, and its webhook. Without a secret it has no door: nothing could be believed that comes through it. */
import type { Deps } from '../application/deps.ts';
import { endGitlabJob } from '../application/gitlab/end-gitlab-job.ts';
import type { Environment } from '../config/environment.ts';
import { createGitlabClient } from '../gitlab-api/client.ts';
import type { GitlabClient } from '../gitlab-api/client.ts';
import { createGitlabHook } from '../http/hooks/gitlab-hook.ts';
import { sendJson } from '../http/routes.ts';
import type { Routes } from '../http/routes.ts';
import type { Log } from '../lib/log.ts';

export type OpenGitlab = { client: GitlabClient; url: string };

/** Null where no token is set. */
export const openGitlab = ({ gitlab }: Pick<Environment, 'gitlab'>): OpenGitlab | null =>
  gitlab && { client: createGitlabClient(gitlab), url: gitlab.url };

type Parts = { environment: Pick<Environment, 'gitlabSecrets'>; deps: Deps; log: Log };

export const gitlabRoutes = ({ environment: { gitlabSecrets: secrets }, deps, log }: Parts): Routes => {
  if (secrets.length === 0) return {};
  const end = (finished: Parameters<typeof endGitlabJob>[1]) => endGitlabJob(deps, finished);
  const door = createGitlabHook({ secrets, end, log: log.child({ part: 'hooks' }) });
  return {
    'POST /hooks/gitlab': async (request, response) => {
      const { status, body } = await door(request);
      sendJson(response, status, body);
    },
  };
};
