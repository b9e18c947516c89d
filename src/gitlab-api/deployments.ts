/** Deployments that wait for approvals. docs.gitlab.com: "Deployments API", "Jobs API" (run a job), "Projects API". */
import { z } from 'zod';
import type { Gitlab } from '../application/gitlab/gitlab-ports.ts';
import type { Deployment, GitlabProject } from '../domain/gitlab/deployment.ts';
import { GitlabError, messageIn } from './client.ts';
import type { GitlabAnswer, GitlabClient } from './client.ts';

const PER_PAGE = 50;
const id = z.int().positive().transform(String);
const user = z.object({ id, username: z.string().max(255) });

const rule = z.object({ required_approvals: z.int(), deployment_approvals: z.array(z.object({ status: z.string() })) });

const deployment = z.object({
  id,
  status: z.string(),
  sha: z.string().regex(/^[0-9a-f]{7,64}$/i),
  ref: z.string().min(1).max(1_000),
  user,
  environment: z.object({ name: z.string().min(1).max(255) }),
  deployable: z.object({
    id,
    tag: z.boolean(),
    pipeline: z.object({ id, source: z.string().max(100).nullish() }),
  }),
  pending_approval_count: z.int().nullish(),
  approval_summary: z.object({ rules: z.array(rule) }).nullish(),
});

const project = z.object({ id, path_with_namespace: z.string().max(1_000), web_url: z.url({ protocol: /^https?$/ }) });

const missing = ({ pending_approval_count: count, approval_summary: summary }: z.infer<typeof deployment>): number =>
  summary
    ? summary.rules.reduce((sum, { required_approvals: needed, deployment_approvals: given }) => {
        const approved = given.filter(({ status }) => status === 'approved').length;
        return sum + Math.max(0, needed - approved);
      }, 0)
    : (count ?? 0);

const deploymentIn = (found: z.infer<typeof deployment>): Deployment => ({
  id: found.id,
  environment: found.environment.name,
  isBlocked: found.status === 'blocked',
  isDead: found.status === 'failed' || found.status === 'canceled',
  sha: found.sha,
  ref: `refs/${found.deployable.tag ? 'tags' : 'heads'}/${found.ref}`,
  pipeline: found.deployable.pipeline.id,
  pipelineSource: found.deployable.pipeline.source ?? null,
  job: found.deployable.id,
  missingApprovals: missing(found),
  starter: { id: found.user.id, login: found.user.username },
});

const refused = (what: string, { status, body }: GitlabAnswer): GitlabError =>
  new GitlabError(`GitLab refuses ${what} with ${status}${messageIn(body)}.`, { status });

const read = <T>(schema: z.ZodType<T>, answer: GitlabAnswer, what: string): T => {
  if (answer.status !== 200) throw refused(what, answer);
  const parsed = schema.safeParse(answer.body);
  if (parsed.success) return parsed.data;
  throw new GitlabError(`GitLab's answer about ${what} cannot be read.`, { status: answer.status });
};

/** A deployment without a job is made by the API, and waits for nothing. */
const readable = (list: unknown[]): Deployment[] =>
  list.flatMap((one) => {
    const parsed = deployment.safeParse(one);
    return parsed.success ? [deploymentIn(parsed.data)] : [];
  });

export const createGitlab = (client: GitlabClient): Gitlab => ({
  project: async (projectId): Promise<GitlabProject | null> => {
    const answer = await client.call({ method: 'GET', path: `/projects/${encodeURIComponent(projectId)}` });
    if (answer.status === 404) return null;
    const found = read(project, answer, 'a project');
    return { id: found.id, path: found.path_with_namespace, page: found.web_url };
  },
  blocked: async (projectId, environment) => {
    const query = new URLSearchParams({
      ...{ environment, status: 'blocked', order_by: 'id', sort: 'desc' },
      per_page: String(PER_PAGE),
    });
    const path = `/projects/${encodeURIComponent(projectId)}/deployments?${query.toString()}`;
    return readable(read(z.array(z.unknown()), await client.call({ method: 'GET', path }), 'deployments'));
  },
  deployment: async (projectId, one) => {
    const path = `/projects/${encodeURIComponent(projectId)}/deployments/${encodeURIComponent(one)}`;
    const answer = await client.call({ method: 'GET', path });
    return answer.status === 404 ? null : deploymentIn(read(deployment, answer, 'a deployment'));
  },
  answer: async ({ projectId, id: one }, body) => {
    const path = `/projects/${encodeURIComponent(projectId)}/deployments/${encodeURIComponent(one)}/approval`;
    const answer = await client.call({ method: 'POST', path, body });
    if (answer.status === 200 || answer.status === 201) return { refused: null };
    const failure = refused('an approval', answer);
    if (answer.status === 400 || answer.status === 404) return { refused: failure.message };
    throw failure;
  },
  play: async (projectId, job) => {
    const path = `/projects/${encodeURIComponent(projectId)}/jobs/${encodeURIComponent(job)}/play`;
    const answer = await client.call({ method: 'POST', path });
    if (answer.status === 200 || answer.status === 201) return 'done';
    if (answer.status === 400 || answer.status === 404) return 'gone';
    throw refused('to start a job', answer);
  },
});
