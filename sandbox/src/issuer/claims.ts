/** Claims as the CIs document them. Ids are text, as theirs are. */

export type Claims = Record<string, unknown>;

const nowS = (): number => Math.floor(Date.now() / 1000);

const LIFE_S = 300;

const times = (): Claims => ({ iat: nowS(), nbf: nowS() - 5, exp: nowS() + LIFE_S, jti: crypto.randomUUID() });

export const githubClaims = (claims: Claims = {}): Claims => ({
  ...times(),
  sub: 'repo:acme/api:environment:production',
  repository: 'acme/api',
  repository_id: '456789',
  repository_owner: 'acme',
  repository_owner_id: '4321',
  repository_visibility: 'private',
  ref: 'refs/heads/main',
  ref_type: 'branch',
  ref_protected: 'true',
  sha: '5f1c2d3e4b5a69788796a5b4c3d2e1f001122334',
  base_ref: '',
  head_ref: '',
  event_name: 'push',
  environment: 'production',
  workflow: 'Deploy',
  workflow_ref: 'acme/api/.github/workflows/deploy.yml@refs/heads/main',
  workflow_sha: '5f1c2d3e4b5a69788796a5b4c3d2e1f001122334',
  job_workflow_ref: 'acme/api/.github/workflows/deploy.yml@refs/heads/main',
  job_workflow_sha: '5f1c2d3e4b5a69788796a5b4c3d2e1f001122334',
  run_id: '9001',
  run_number: '118',
  run_attempt: '1',
  check_run_id: '70001',
  actor: 'dana-gh',
  actor_id: '1001',
  runner_environment: 'github-hosted',
  ...claims,
});

export const gitlabClaims = (claims: Claims = {}): Claims => ({
  ...times(),
  exp: nowS() + 3_600,
  sub: 'project_path:acme/shop:ref_type:branch:ref:main',
  namespace_id: '72',
  namespace_path: 'acme',
  project_id: '77',
  project_path: 'acme/shop',
  job_project_id: '77',
  job_project_path: 'acme/shop',
  job_namespace_id: '72',
  job_namespace_path: 'acme',
  user_id: '42',
  user_login: 'omar-gl',
  user_email: 'omar@acme.test',
  user_access_level: 'maintainer',
  pipeline_id: '600',
  pipeline_source: 'push',
  job_id: '6001',
  ref: 'main',
  ref_path: 'refs/heads/main',
  ref_type: 'branch',
  ref_protected: 'true',
  environment: 'production',
  environment_protected: 'true',
  deployment_tier: 'production',
  environment_action: 'start',
  runner_id: 1,
  runner_environment: 'self-hosted',
  sha: '5f1c2d3e4b5a69788796a5b4c3d2e1f001122334',
  project_visibility: 'private',
  ci_config_ref_uri: 'gitlab.com/acme/shop//.gitlab-ci.yml@refs/heads/main',
  ci_config_sha: '5f1c2d3e4b5a69788796a5b4c3d2e1f001122334',
  ...claims,
});

export const buildkiteClaims = (claims: Claims = {}): Claims => {
  const { jti: _none, ...common } = times();
  return {
    ...common,
    sub: 'organization:acme:pipeline:deploy:ref:refs/heads/main:commit:5f1c2d3e:step:migrate',
    organization_slug: 'acme',
    organization_id: '0184990a-477b-4fa8-9968-496074483cee',
    pipeline_slug: 'deploy',
    pipeline_id: '0184990a-4782-42b5-afc1-16715b10b8ff',
    build_number: 12,
    build_branch: 'main',
    build_tag: '',
    build_commit: '5f1c2d3e4b5a69788796a5b4c3d2e1f001122334',
    build_source: 'webhook',
    step_key: 'migrate',
    job_id: '0184990a-477b-4fa8-9968-496074483c12',
    agent_id: '0184990a-4782-42b5-afc1-16715b10b8aa',
    runner_environment: 'self-hosted',
    ...claims,
  };
};

export const circleciClaims = (claims: Claims = {}): Claims => {
  const { jti: _none, ...common } = times();
  return {
    ...common,
    exp: nowS() + 3_600,
    sub: 'org/o-1/project/p-1/user/u-1/vcs-origin/github.com/acme/api/vcs-ref/refs/heads/main',
    'oidc.circleci.com/project-id': 'p-1',
    'oidc.circleci.com/context-ids': [],
    'oidc.circleci.com/vcs-origin': 'github.com/acme/api',
    'oidc.circleci.com/vcs-ref': 'refs/heads/main',
    'oidc.circleci.com/ssh-rerun': false,
    'oidc.circleci.com/workflow-id': 'w-1',
    'oidc.circleci.com/job-id': 'j-1',
    ...claims,
  };
};

export const kubernetesClaims = (claims: Claims = {}): Claims => ({
  ...times(),
  exp: nowS() + 3_600,
  sub: 'system:serviceaccount:ops:nightly',
  'kubernetes.io': {
    namespace: 'ops',
    node: { name: 'node-1', uid: '2d5a9e0a-0000-4000-8000-000000000001' },
    pod: { name: 'nightly-29-x7k2p', uid: '2d5a9e0a-0000-4000-8000-000000000002' },
    serviceaccount: { name: 'nightly', uid: '2d5a9e0a-0000-4000-8000-000000000003' },
  },
  ...claims,
});

export const plainClaims = (claims: Claims = {}): Claims => ({
  ...times(),
  sub: 'pipeline:nightly',
  org: '17',
  run_id: '31',
  job_id: '311',
  ...claims,
});
