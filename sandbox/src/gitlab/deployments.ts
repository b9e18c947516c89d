/** docs.gitlab.com: "Deployments API", "Deployment approvals", "Jobs API" (run a job), "Protected environments API", "Projects API". */
import type { Asked, Answer, Route } from './routes.ts';
import { accountJson } from './state.ts';
import type { Account, Deployment, Project, State } from './state.ts';

export type NewDeployment = {
  project: number;
  environment: string;
  starter: Account;
  sha?: string;
  ref?: string;
  tag?: boolean;
  /** Of a job that is retried: another deployment in the same pipeline. */
  pipeline?: number;
};

/** A job that deploys to an environment with approval rules waits, and is manual from then on. */
export const addDeployment = (state: State, made: NewDeployment): Deployment => {
  const project = state.projects.get(made.project);
  if (!project) throw new Error('there is no such project');
  const number = 1 + state.deployments.length;
  const needed = project.approvals[made.environment] ?? 0;
  const deployment: Deployment = {
    id: 4_000 + number,
    project: made.project,
    environment: made.environment,
    status: needed > 0 ? 'blocked' : 'created',
    sha: made.sha ?? '5f1c2d3e4b5a69788796a5b4c3d2e1f001122334',
    ref: made.ref ?? 'main',
    isTag: made.tag ?? false,
    job: 6_000 + number,
    jobStatus: needed > 0 ? 'manual' : 'pending',
    pipeline: made.pipeline ?? 600 + number,
    starter: made.starter,
    needed,
    approvals: [],
  };
  state.deployments.push(deployment);
  return deployment;
};

const notFound = (what: string): Answer => ({ status: 404, body: { message: `404 ${what} Not Found` } });

const projectOf = ({ state, who }: Asked, id: string | undefined): Project | null => {
  const project = state.projects.get(Number(id));
  return project?.members.some((one) => one.id === who.id) ? project : null;
};

const approvalJson = ({ by, status, comment }: Deployment['approvals'][number]): object => ({
  user: accountJson(by),
  status,
  created_at: '2026-11-30T10:00:00.000Z',
  comment,
});

const deploymentJson = (found: Deployment): object => ({
  id: found.id,
  iid: found.id - 4_000,
  ref: found.ref,
  sha: found.sha,
  created_at: '2026-11-30T09:00:00.000Z',
  updated_at: '2026-11-30T09:00:00.000Z',
  status: found.status,
  user: accountJson(found.starter),
  environment: { id: 9, name: found.environment, external_url: null },
  deployable: {
    id: found.job,
    status: found.jobStatus,
    stage: 'deploy',
    name: 'deploy',
    ref: found.ref,
    tag: found.isTag,
    user: accountJson(found.starter),
    pipeline: { id: found.pipeline, ref: found.ref, sha: found.sha, status: 'manual', source: 'push' },
  },
  ...(found.needed > 0 && {
    pending_approval_count: found.needed - found.approvals.filter(({ status }) => status === 'approved').length,
    approvals: found.approvals.map(approvalJson),
  }),
});

const deploymentAt = (asked: Asked, at: Record<string, string>): Deployment | null => {
  if (!projectOf(asked, at['id'])) return null;
  const { deployments } = asked.state;
  return deployments.find(({ id, project }) => String(id) === at['deployment'] && String(project) === at['id']) ?? null;
};

const COMMENT_MAX = 255;

const bad = (message: string): Answer => ({ status: 400, body: { message } });

/** Approved by enough, it is let go, and its job still waits for a click. Rejected by one, it fails. */
const approve = (asked: Asked, at: Record<string, string>): Answer => {
  const found = deploymentAt(asked, at);
  if (!found) return notFound('Deployment');
  const { status, comment } = asked.body;
  if (!asked.scopes.includes('api')) return { status: 403, body: { error: 'insufficient_scope', scope: 'api' } };
  if (status !== 'approved' && status !== 'rejected')
    return { status: 400, body: { error: 'status does not have a valid value' } };
  if (comment !== undefined && (typeof comment !== 'string' || Array.from(comment).length > COMMENT_MAX))
    return bad('Comment is too long (maximum is 255 characters)');
  if (found.status !== 'blocked') return bad('This deployment job is not waiting for approvals');
  if (found.starter.id === asked.who.id) return bad('You cannot approve your own deployment');
  if (found.approvals.some(({ by }) => by.id === asked.who.id)) return bad('You have already approved this deployment');
  const approval = { by: asked.who, status, comment: typeof comment === 'string' ? comment : null } as const;
  found.approvals.push(approval);
  const approved = found.approvals.filter((one) => one.status === 'approved').length;
  if (status === 'rejected') Object.assign(found, { status: 'failed', jobStatus: 'failed' });
  else if (approved >= found.needed) found.status = 'created';
  return { status: 201, body: approvalJson(approval) };
};

const play = (asked: Asked, at: Record<string, string>): Answer => {
  if (!projectOf(asked, at['id'])) return notFound('Project');
  const found = asked.state.deployments.find(({ job }) => String(job) === at['job']);
  if (!found) return notFound('Job');
  if (found.jobStatus !== 'manual' || found.status !== 'created') return bad('400 Bad request - Unplayable Job');
  found.jobStatus = 'pending';
  return { status: 200, body: { id: found.job, status: 'pending', name: 'deploy' } };
};

const list = (asked: Asked, at: Record<string, string>): Answer => {
  const project = projectOf(asked, at['id']);
  if (!project) return notFound('Project');
  const [environment, status] = [asked.query.get('environment'), asked.query.get('status')];
  const found = asked.state.deployments.filter(
    (one) =>
      one.project === project.id &&
      (environment === null || one.environment === environment) &&
      (status === null || one.status === status),
  );
  return { status: 200, body: found.toReversed().map(deploymentJson) };
};

/** In the free tier nothing is protected: the call is not there. */
const protectedEnvironment = (asked: Asked, at: Record<string, string>): Answer => {
  const project = projectOf(asked, at['id']);
  if (!project) return notFound('Project');
  const needed = project.tier === 'free' ? undefined : project.approvals[at['name'] ?? ''];
  if (needed === undefined) return notFound('Protected Environment');
  const rule = { id: 1, access_level: 40, required_approvals: needed };
  return {
    status: 200,
    body: {
      name: at['name'],
      deploy_access_levels: [],
      required_approval_count: 0,
      approval_rules: needed > 0 ? [rule] : [],
    },
  };
};

export const DEPLOYMENT_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/projects/:id',
    run: (asked, at) => {
      const found = projectOf(asked, at['id']);
      if (!found) return notFound('Project');
      const { id, path } = found;
      return { status: 200, body: { id, path_with_namespace: path, web_url: `${asked.state.page}/${path}` } };
    },
  },
  { method: 'GET', path: '/projects/:id/deployments', run: list },
  {
    method: 'GET',
    path: '/projects/:id/deployments/:deployment',
    run: (asked, at) => {
      const found = deploymentAt(asked, at);
      return found ? { status: 200, body: deploymentJson(found) } : notFound('Deployment');
    },
  },
  { method: 'POST', path: '/projects/:id/deployments/:deployment/approval', run: approve },
  { method: 'POST', path: '/projects/:id/jobs/:job/play', run: play },
  { method: 'GET', path: '/projects/:id/protected_environments/:name', run: protectedEnvironment },
  {
    method: 'GET',
    path: '/personal_access_tokens/self',
    run: ({ scopes, who }) => ({
      status: 200,
      body: { id: 1, name: 'latchkey', user_id: who.id, active: true, scopes },
    }),
  },
];
