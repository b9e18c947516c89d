/** What an App writes beside a pull request: check runs and comments. */
import { NOT_FOUND, invalid, ofRepository, pullOf, repositoryOf } from './api.ts';
import type { Answer, Asked, Route } from './api.ts';
import type { Check } from './state.ts';

let ids = 500;

const TEXT_MAX = 65_536;

const createCheck = (asked: Asked, at: Record<string, string>): Answer => {
  const repository = repositoryOf(asked, at);
  const { name, head_sha: sha } = asked.body;
  if (!repository || typeof name !== 'string' || typeof sha !== 'string')
    return invalid('name and head_sha are needed');
  ids += 1;
  const check: Check = {
    id: ids,
    repository: repository.full_name,
    name,
    head_sha: sha,
    status: 'queued',
    conclusion: null,
    details_url: null,
    output: null,
  };
  asked.state.checks.push(check);
  return updated(check, asked, 201);
};

const updated = (check: Check, { body }: Asked, status: number): Answer => {
  const { conclusion, output, details_url: url } = body;
  const said = body['status'] ?? (conclusion === undefined ? check.status : 'completed');
  if (said === 'completed' && typeof conclusion !== 'string') return invalid('conclusion is needed with completed');
  if (output !== undefined && JSON.stringify(output).length > TEXT_MAX) return invalid('output is too long');
  check.status = typeof said === 'string' ? said : check.status;
  check.conclusion = typeof conclusion === 'string' ? conclusion : null;
  if (typeof url === 'string') check.details_url = url;
  if (output !== undefined) check.output = output as Check['output'];
  return { status, body: check };
};

const patchCheck = (asked: Asked, at: Record<string, string>): Answer => {
  const check = asked.state.checks.find(({ id }) => String(id) === at['check']);
  return check ? updated(check, asked, 200) : NOT_FOUND;
};

const comment = (asked: Asked, at: Record<string, string>): Answer => {
  const { body } = asked.body;
  const pull = pullOf(asked, at);
  if (!pull) return NOT_FOUND;
  if (typeof body !== 'string' || body === '') return invalid('body cannot be blank');
  ids += 1;
  const made = { id: ids, repository: pull.repository.full_name, number: pull.number, body };
  asked.state.comments.push(made);
  return { status: 201, body: made };
};

export const CHECK_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: `${ofRepository}/issues/:number/comments`,
    as: 'installation',
    needs: ['pull_requests', 'write'],
    run: comment,
  },
  {
    method: 'GET',
    path: `${ofRepository}/commits/:sha/check-runs`,
    as: 'installation',
    needs: ['checks', 'read'],
    run: (asked, at) => {
      const found = asked.state.checks.filter(
        ({ repository, head_sha: sha }) => repository === `${at['owner']}/${at['repo']}` && sha === at['sha'],
      );
      return { status: 200, body: { total_count: found.length, check_runs: found } };
    },
  },
  {
    method: 'POST',
    path: `${ofRepository}/check-runs`,
    as: 'installation',
    needs: ['checks', 'write'],
    run: createCheck,
  },
  {
    method: 'PATCH',
    path: `${ofRepository}/check-runs/:check`,
    as: 'installation',
    needs: ['checks', 'write'],
    run: patchCheck,
  },
];
