/** Commits by the names of branches and tags, as far as runs of the stand-in have them: one after the other. */
import { NOT_FOUND, invalid, ofRepository, repositoryOf } from './api.ts';
import type { Answer, Asked, Route } from './api.ts';
import type { Run } from './state.ts';

const NAMED = /^(heads|tags)\/(.+)$/;

/** Of this ref, the oldest first. */
const runsOf = (asked: Asked, at: Record<string, string>, isOf: (run: Run) => boolean): Run[] => {
  const repository = repositoryOf(asked, at);
  return asked.state.runs.filter((run) => run.repository === repository && isOf(run));
};

const commit = (asked: Asked, at: Record<string, string>): Answer => {
  const [, kind, name] = NAMED.exec(at['ref'] ?? '') ?? [];
  const found = runsOf(asked, at, ({ branch, isTag }) => branch === name && (kind === 'tags') === (isTag === true)).at(
    -1,
  );
  return found ? { status: 200, body: { sha: found.sha } } : invalid(`No commit found for SHA: ${at['ref'] ?? ''}`);
};

/** A commit is behind those that came after it on its branch. */
const compare = (asked: Asked, at: Record<string, string>): Answer => {
  const [base, head] = (at['basehead'] ?? '').split('...');
  const [before, after] = [base, head].map((sha) => runsOf(asked, at, (run) => run.sha === sha));
  if (!before?.length || !after?.length) return NOT_FOUND;
  const isOn = before.some((one) => after.some(({ branch, isTag }) => one.branch === branch && one.isTag === isTag));
  return { status: 200, body: { status: base === head ? 'identical' : isOn ? 'ahead' : 'diverged' } };
};

export const COMMIT_ROUTES: readonly Route[] = [
  { method: 'GET', path: `${ofRepository}/commits/:ref`, as: 'installation', needs: ['contents', 'read'], run: commit },
  {
    method: 'GET',
    path: `${ofRepository}/compare/:basehead`,
    as: 'installation',
    needs: ['contents', 'read'],
    run: compare,
  },
];
