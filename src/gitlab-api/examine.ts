/** What `latchkey doctor` finds out about GitLab: its token, and whether the environments of gates wait for approvals. */
import { z } from 'zod';
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { Examined, Finding } from '../domain/finding.ts';
import { pluralize } from '../lib/pluralize.ts';
import { GitlabError, createGitlabClient, messageIn } from './client.ts';
import type { GitlabAccess, GitlabClient } from './client.ts';

/** One environment of one project that the policy has a gate for. */
export type GitlabPlace = { projectId: string; environment: string };

const tokenAnswer = z.object({ scopes: z.array(z.string()), active: z.boolean().optional() });
const project = z.object({ path_with_namespace: z.string() });
const environmentAnswer = z.object({
  required_approval_count: z.int().nullish(),
  approval_rules: z.array(z.object({ required_approvals: z.int() })).nullish(),
});

/** docs.gitlab.com, "Personal access tokens API": `self` is for tokens of projects and groups as well. */
const tokenFindings = async (client: GitlabClient, hasGates: boolean): Promise<Finding[]> => {
  const answer = await client.call({ method: 'GET', path: '/personal_access_tokens/self' });
  const parsed = tokenAnswer.safeParse(answer.body);
  if (answer.status !== 200 || !parsed.success)
    return [warningFinding('gitlab_token', `GitLab does not say what the token may do${messageIn(answer.body)}.`)];
  const { scopes } = parsed.data;
  if (!hasGates || scopes.includes('api')) return [];
  const message = `The token has the scopes ${scopes.join(', ')}. Approving a deployment takes api: make a token with that scope and set it as LATCHKEY_GITLAB_TOKEN.`;
  return [errorFinding('gitlab_scope', message)];
};

const approvalsIn = ({ required_approval_count: count, approval_rules: rules }: z.infer<typeof environmentAnswer>) =>
  (count ?? 0) + (rules ?? []).reduce((sum, { required_approvals: needed }) => sum + needed, 0);

const placeFindings = async (client: GitlabClient, { projectId, environment }: GitlabPlace): Promise<Finding[]> => {
  const path = `/projects/${encodeURIComponent(projectId)}`;
  const about = await client.call({ method: 'GET', path });
  const found = project.safeParse(about.body);
  if (about.status !== 200 || !found.success) {
    const message = `The token does not see the project ${projectId} of a gate (${about.status}): add its user to the project.`;
    return [errorFinding('gitlab_project', message)];
  }
  const name = found.data.path_with_namespace;
  const answer = await client.call({
    method: 'GET',
    path: `${path}/protected_environments/${encodeURIComponent(environment)}`,
  });
  const parsed = environmentAnswer.safeParse(answer.body);
  if (answer.status !== 200 || !parsed.success) {
    const message = `GitLab knows no protected environment ${environment} in ${name} (${answer.status}), so no deployment to it waits, and the gate never opens. Deployment approvals need GitLab Premium or Ultimate, a protected environment and a token that may read it. Without them remove the gate: latchkey exec in the job requests by itself.`;
    return [errorFinding('gitlab_approvals', message)];
  }
  if (approvalsIn(parsed.data) > 0) return [];
  const message = `The environment ${environment} of ${name} is protected and requires no approval, so no deployment to it waits: add an approval rule with the token's user.`;
  return [errorFinding('gitlab_approvals', message)];
};

export const examineGitlab = async (access: GitlabAccess, places: readonly GitlabPlace[]): Promise<Examined> => {
  const client = createGitlabClient(access);
  const about = places.length > 0 ? pluralize(places.length, 'gate') : access.url;
  try {
    const findings = [
      ...(await tokenFindings(client, places.length > 0)),
      ...(await Promise.all(places.map((place) => placeFindings(client, place)))).flat(),
    ];
    return { about, findings, clock: null };
  } catch (error) {
    if (!(error instanceof GitlabError)) throw error;
    return { about: null, findings: [errorFinding('gitlab_unreachable', error.message)], clock: null };
  }
};
