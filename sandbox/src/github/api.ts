/** What a call of the API is, its answers, and whom it is about. */
import type { Permissions, Pull, Repository, Run, State } from './state.ts';

export type Asked = {
  state: State;
  /** Of the token; null where the App itself asks. */
  installation: number | null;
  path: string[];
  query: URLSearchParams;
  body: Record<string, unknown>;
};
export type Answer = { status: number; body?: unknown };

export const answer = (status: number, message: string): Answer => ({
  status,
  body: { message, documentation_url: 'https://docs.github.com/rest' },
});
export const NOT_FOUND = answer(404, 'Not Found');
export const invalid = (message: string): Answer => answer(422, message);

export type Route = {
  method: string;
  /** `:name` is one part of the path. */
  path: string;
  as: 'app' | 'installation';
  needs?: [keyof Permissions, 'read' | 'write'];
  run(asked: Asked, at: Record<string, string>): Answer | Promise<Answer>;
};

export const repositoryOf = ({ state, installation }: Asked, at: Record<string, string>): Repository | undefined =>
  state.repositories.find(
    (one) =>
      one.full_name === `${at['owner']}/${at['repo']}` && (installation === null || one.installation === installation),
  );

export const runOf = (asked: Asked, at: Record<string, string>): Run | undefined => {
  const repository = repositoryOf(asked, at);
  return asked.state.runs.find(({ id, repository: of }) => String(id) === at['run'] && of === repository);
};

export const pullOf = (asked: Asked, at: Record<string, string>): Pull | undefined => {
  const repository = repositoryOf(asked, at);
  return asked.state.pulls.find(({ number, repository: of }) => String(number) === at['number'] && of === repository);
};

export const ofRepository = '/repos/:owner/:repo';
