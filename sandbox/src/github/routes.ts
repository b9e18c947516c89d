/** The calls that an App makes, answered as GitHub documents them. */
import { randomUUID } from 'node:crypto';
import { NOT_FOUND, answer, invalid, ofRepository, pullOf, repositoryOf, runOf } from './api.ts';
import type { Answer, Asked, Route } from './api.ts';
import { CHECK_ROUTES } from './checks.ts';
import { COMMIT_ROUTES } from './commits.ts';
import { deliverAgain, deliveryJson } from './deliver.ts';
import { GIST_ROUTES } from './gists.ts';
import { MEMBER_ROUTES, paged } from './members.ts';
import { commitJson, pullJson, repositoryJson, runJson } from './state.ts';
import type { State } from './state.ts';

const FORBIDDEN = answer(403, 'Resource not accessible by integration');

const REPORTS_MAX = 10;
/** Of a pull request, whatever the number of pages. */
const COMMITS_LISTED = 250;
const COMMENT_MAX = 1024;

const review = (asked: Asked, at: Record<string, string>): Answer => {
  const run = runOf(asked, at);
  if (!run) return NOT_FOUND;
  const { environment_name: environment, state, comment = '' } = asked.body;
  const gate = run.gates.find((one) => one.environment === environment);
  if (!gate || typeof comment !== 'string') return invalid('No pending deployment for this environment');
  if (gate.state !== 'waiting' || run.status === 'completed')
    return invalid('The deployment is not waiting for this rule');
  if (comment.length > COMMENT_MAX) return invalid('comment is too long (maximum is 1024 characters)');
  if (state === undefined) {
    if (gate.reports.length >= REPORTS_MAX) return invalid('Too many status reports');
    gate.reports.push(comment);
    return { status: 204 };
  }
  if (state !== 'approved' && state !== 'rejected') return invalid('state must be approved or rejected');
  gate.state = state;
  gate.comment = comment;
  if (run.gates.every((one) => one.state !== 'waiting'))
    run.status = state === 'approved' ? 'in_progress' : 'completed';
  if (state === 'rejected') run.conclusion = 'failure';
  return { status: 204 };
};

const TOKEN_MS = 3_600_000;

const createToken = ({ state }: Asked, at: Record<string, string>): Answer => {
  const installation = Number(at['installation']);
  if (!state.repositories.some((one) => one.installation === installation)) return NOT_FOUND;
  const token = `ghs_${randomUUID().replaceAll('-', '')}`;
  const expiresAt = Date.now() + TOKEN_MS;
  state.tokens.set(token, { installation, expiresAt });
  const body = {
    token,
    expires_at: new Date(expiresAt).toISOString(),
    permissions: state.permissions,
    repository_selection: 'selected',
  };
  return { status: 201, body };
};

const installations = ({ state }: Asked): object[] =>
  [...new Set(state.repositories.map(({ installation }) => installation))].map((id) => ({
    id,
    app_id: Number(state.appId),
    account: { id: 4321, login: 'acme', type: 'Organization' },
    permissions: state.permissions,
    events: state.events,
    suspended_at: null,
  }));

const deliveryOf = ({ state }: Asked, at: Record<string, string>) =>
  state.deliveries.find(({ id }) => String(id) === at['delivery']);

const found = (value: unknown): Answer => (value === undefined ? NOT_FOUND : { status: 200, body: value });

export const ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/app',
    as: 'app',
    run: ({ state: { appId, permissions, events } }) => ({
      status: 200,
      body: { id: Number(appId), slug: 'latchkey', name: 'Latchkey', permissions, events },
    }),
  },
  {
    method: 'GET',
    path: '/app/installations',
    as: 'app',
    run: (asked) => ({ status: 200, body: installations(asked) }),
  },
  { method: 'POST', path: '/app/installations/:installation/access_tokens', as: 'app', run: createToken },
  {
    method: 'GET',
    path: '/app/hook/deliveries',
    as: 'app',
    run: ({ state, query }) => ({
      status: 200,
      body: state.deliveries.slice(0, Number(query.get('per_page') ?? 30)).map(deliveryJson),
    }),
  },
  {
    method: 'GET',
    path: '/app/hook/deliveries/:delivery',
    as: 'app',
    run: (asked, at) => {
      const one = deliveryOf(asked, at);
      return one
        ? { status: 200, body: { ...deliveryJson(one), request: { headers: {}, payload: one.payload } } }
        : NOT_FOUND;
    },
  },
  {
    method: 'POST',
    path: '/app/hook/deliveries/:delivery/attempts',
    as: 'app',
    run: async (asked, at) => {
      const one = deliveryOf(asked, at);
      if (!one) return NOT_FOUND;
      await deliverAgain(asked.state, one);
      return { status: 202, body: {} };
    },
  },
  {
    method: 'GET',
    path: '/installation/repositories',
    as: 'installation',
    run: ({ state, installation }) => {
      const repositories = state.repositories.filter((one) => one.installation === installation).map(repositoryJson);
      return { status: 200, body: { total_count: repositories.length, repositories } };
    },
  },
  {
    method: 'GET',
    path: `${ofRepository}/installation`,
    as: 'app',
    run: (asked, at) => {
      const repository = repositoryOf(asked, at);
      return found(repository && { id: repository.installation, app_id: Number(asked.state.appId) });
    },
  },
  {
    method: 'GET',
    path: `${ofRepository}/actions/runs/:run`,
    as: 'installation',
    needs: ['actions', 'read'],
    run: (asked, at) => {
      const run = runOf(asked, at);
      return found(run && runJson(run));
    },
  },
  {
    method: 'GET',
    path: `${ofRepository}/actions/jobs/:job`,
    as: 'installation',
    needs: ['actions', 'read'],
    run: ({ state }, at) => found(state.runs.flatMap(({ jobs }) => jobs).find(({ id }) => String(id) === at['job'])),
  },
  {
    method: 'POST',
    path: `${ofRepository}/actions/runs/:run/deployment_protection_rule`,
    as: 'installation',
    needs: ['deployments', 'write'],
    run: review,
  },
  {
    method: 'GET',
    path: `${ofRepository}/pulls/:number`,
    as: 'installation',
    needs: ['pull_requests', 'read'],
    run: (asked, at) => {
      const pull = pullOf(asked, at);
      return found(pull && pullJson(pull));
    },
  },
  {
    method: 'GET',
    path: `${ofRepository}/pulls/:number/commits`,
    as: 'installation',
    needs: ['pull_requests', 'read'],
    run: (asked, at) => {
      const pull = pullOf(asked, at);
      return pull ? paged(pull.commits.slice(0, COMMITS_LISTED).map(commitJson), asked.query) : NOT_FOUND;
    },
  },
  ...CHECK_ROUTES,
  ...COMMIT_ROUTES,
  ...MEMBER_ROUTES,
  ...GIST_ROUTES,
];

const match = (pattern: string, path: string[]): Record<string, string> | null => {
  const parts = pattern.split('/').slice(1);
  if (parts.length !== path.length) return null;
  const at: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    if (part.startsWith(':')) at[part.slice(1)] = path[index] ?? '';
    else if (part !== path[index]) return null;
  }
  return at;
};

const isAllowed = ({ needs }: Route, { permissions }: State): boolean => {
  if (!needs) return true;
  const has = permissions[needs[0]];
  return has === 'write' || has === needs[1];
};

export const route = (method: string, asked: Asked): Answer | Promise<Answer> => {
  for (const one of ROUTES) {
    const at = one.method === method ? match(one.path, asked.path) : null;
    if (!at) continue;
    if ((one.as === 'app') !== (asked.installation === null))
      return answer(401, one.as === 'app' ? 'A JSON web token could not be decoded' : 'Requires authentication');
    return isAllowed(one, asked.state) ? one.run(asked, at) : FORBIDDEN;
  }
  return NOT_FOUND;
};
