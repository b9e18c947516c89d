/** The calls that the verbs need, with GitHub's answers as facts. Ids are numbers there and text here. */
import { z } from 'zod';
import type { CommitCheck } from '../domain/github/checks.ts';
import type { Repository } from '../domain/github/events.ts';
import type { RunFacts } from '../domain/github/run.ts';
import type {
  CheckShown,
  CommitAuthor,
  FailedDelivery,
  Github,
  PullFacts,
} from '../application/github/github-ports.ts';
import { storable } from '../lib/storable.ts';
import { GithubError, demand } from './app-client.ts';
import type { Answer, AppClient, Call } from './app-client.ts';

/** Without what a database refuses. */
const text = z.string().overwrite(storable);
const id = z.int().transform(String);
const account = z.object({ id, login: text });

const runAnswer = z.object({
  id,
  run_attempt: z.int().default(1),
  head_sha: text,
  head_branch: text.nullish(),
  event: text,
  path: text.nullish(),
  status: text.nullish(),
  conclusion: text.nullish(),
  actor: account.nullish(),
  triggering_actor: account.nullish(),
  head_repository: z.object({ id }).nullish(),
  referenced_workflows: z.array(z.object({ path: text, ref: text.nullish() })).nullish(),
  html_url: text,
});

const pullAnswer = z.object({
  number: z.int(),
  title: text,
  html_url: text,
  state: text,
  merged: z.boolean().nullish(),
  draft: z.boolean().nullish(),
  user: account.nullish(),
  labels: z.array(z.object({ name: text })),
  base: z.object({ ref: text, repo: z.object({ id }) }),
  head: z.object({ ref: text, sha: text, repo: z.object({ id }).nullish() }),
  merge_commit_sha: text.nullish(),
  changed_files: z.int().default(0),
  commits: z.int().default(0),
});

const commit = z.object({
  author: account.nullish().catch(null),
  committer: account.nullish().catch(null),
  commit: z.object({
    author: z.object({ email: text.nullish() }).nullish(),
    committer: z.object({ email: text.nullish() }).nullish(),
    message: text.nullish(),
    verification: z.object({ verified: z.boolean() }).nullish(),
  }),
});

const deliveryItem = z.object({
  id,
  guid: text,
  event: text,
  status: text,
  status_code: z.int().nullish(),
});
const deliveryAnswer = z.object({ request: z.object({ payload: z.unknown() }) });
const madeAnswer = z.object({ id });

const readAs = <T>(schema: z.ZodType<T>, { body }: Answer, what: string): T => {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GithubError(`GitHub's answer about ${what} cannot be read (${(issue?.path ?? []).join('.')}).`, {
    status: 0,
  });
};

const GHOST = { id: '0', login: 'ghost' };

const bare = (path: string): string => path.split('@')[0] ?? path;

const calledBy = (workflows: z.infer<typeof runAnswer>['referenced_workflows']): string[] =>
  (workflows ?? []).flatMap(({ path, ref }) => (ref ? [path, `${bare(path)}@${ref}`] : [path]));

const runFacts = (run: z.infer<typeof runAnswer>): RunFacts => ({
  id: run.id,
  attempt: run.run_attempt,
  sha: run.head_sha,
  branch: run.head_branch ?? '',
  event: run.event,
  path: bare(run.path ?? ''),
  called: calledBy(run.referenced_workflows),
  actor: run.actor ?? GHOST,
  starter: run.triggering_actor ?? run.actor ?? GHOST,
  isCompleted: run.status === 'completed',
  isCancelled: run.conclusion === 'cancelled',
  headRepositoryId: run.head_repository?.id ?? null,
  url: run.html_url,
});

const pullFacts = (pull: z.infer<typeof pullAnswer>): PullFacts => ({
  number: pull.number,
  title: pull.title,
  url: pull.html_url,
  isOpen: pull.state === 'open',
  isMerged: pull.merged === true,
  isDraft: pull.draft === true,
  isFork: pull.head.repo?.id !== pull.base.repo.id,
  author: pull.user ?? GHOST,
  labels: pull.labels.map(({ name }) => name),
  base: pull.base.ref,
  head: pull.head.ref,
  sha: pull.head.sha,
  mergeSha: pull.merge_commit_sha ?? null,
  files: pull.changed_files,
  commits: pull.commits,
});

/** A signature is the committer's: of the author it says nothing, unless both are one. */
const authorsOf = ({
  author,
  committer,
  commit: { author: a, committer: c, verification },
}: z.infer<typeof commit>): CommitAuthor[] => {
  const isSigned = verification?.verified === true;
  const isOne = author?.id === committer?.id && a?.email === c?.email;
  return [
    { account: author ?? null, email: a?.email ?? null, isVerified: isSigned && isOne },
    { account: committer ?? null, email: c?.email ?? null, isVerified: isSigned },
  ];
};

/** docs.github.com, "Creating a commit with multiple authors". */
const CO_AUTHOR = /^co-authored-by:[^<\n]{0,200}<([^<>\s]{3,254})>[ \t]*$/gim;

const coAuthorsOf = ({ commit: { message } }: z.infer<typeof commit>): string[] =>
  [...(message ?? '').matchAll(CO_AUTHOR)].flatMap(([, email]) => email ?? []);

/** docs.github.com, "List commits on a pull request": at most 250, whatever the number of pages. */
const COMMITS_MAX = 250;
const PAGE = 100;

const checkBody = ({ sha, name, url, title, summary, conclusion }: CheckShown): object => ({
  name,
  head_sha: sha,
  ...(url !== null && { details_url: url }),
  ...(conclusion === null ? { status: 'in_progress' } : { status: 'completed', conclusion }),
  output: { title, summary },
});

const isTaken = ({ status, status_code: code }: z.infer<typeof deliveryItem>): boolean =>
  status === 'OK' || (code !== null && code !== undefined && code >= 200 && code < 300);

const NEWEST = 100;

/** Of one delivery all attempts have one `guid`. */
const failedIn = (items: readonly z.infer<typeof deliveryItem>[]): FailedDelivery[] => {
  const taken = new Set(items.filter(isTaken).map(({ guid }) => guid));
  const failed = items.filter(({ guid }) => !taken.has(guid));
  return [...new Map(failed.map((item) => [item.guid, { id: item.id, guid: item.guid, event: item.event }])).values()];
};

type Calling = {
  inRepository(repository: Repository, call: Call): Promise<Answer>;
  client: AppClient;
};

const pathOf = ({ fullName }: Repository, rest: string): string => `/repos/${fullName}${rest}`;

/** docs.github.com, "Check runs": `conclusion` of one that is completed. */
const checkRun = z.object({
  id,
  name: z.string().max(300),
  status: z.string(),
  conclusion: z.string().nullish(),
});
const FAILED = new Set(['failure', 'timed_out', 'cancelled', 'action_required', 'startup_failure']);

const checkIn = ({ id: one, name, status, conclusion }: z.infer<typeof checkRun>): CommitCheck => {
  if (status !== 'completed') return { id: one, name, state: 'running' };
  return { id: one, name, state: FAILED.has(conclusion ?? '') ? 'failed' : 'passed' };
};

const ofChecks = ({ inRepository }: Calling): Pick<Github, 'checks'> => ({
  checks: async (repository, sha) => {
    const what = 'the checks of a commit';
    const path = pathOf(repository, `/commits/${encodeURIComponent(sha)}/check-runs?per_page=100`);
    const answer = demand(await inRepository(repository, { method: 'GET', path }), [200, 403, 404, 422], what);
    if (answer.status !== 200) return null;
    return readAs(z.object({ check_runs: z.array(checkRun) }), answer, what).check_runs.map(checkIn);
  },
});

const commitAnswer = z.object({ sha: text });
const comparison = z.object({ status: text });

/** docs.github.com, "Get a commit" (by `heads/…` or `tags/…`) and "Compare two commits": both by their hashes, which no ref can be taken for. */
const ofGit = ({ inRepository, client }: Calling): Pick<Github, 'isOfRef'> => ({
  isOfRef: async (repository, ref, sha) => {
    if (!(await client.mayRead(repository, 'contents'))) return null;
    const get = (rest: string): Promise<Answer> =>
      inRepository(repository, { method: 'GET', path: pathOf(repository, rest) });
    const what = `the commit of ${ref}`;
    const found = await get(`/commits/${encodeURIComponent(ref.replace(/^refs\//, ''))}`);
    if (demand(found, [200, 404, 422], what).status !== 200) return false;
    const { sha: tip } = readAs(commitAnswer, found, what);
    if (tip === sha || ref.startsWith('refs/tags/')) return tip === sha;
    const compared = await get(`/compare/${encodeURIComponent(sha)}...${encodeURIComponent(tip)}`);
    if (demand(compared, [200, 404], what).status !== 200) return false;
    return readAs(comparison, compared, what).status === 'ahead';
  },
});

const ofActions = ({ inRepository }: Calling): Pick<Github, 'run' | 'review'> => ({
  run: async (repository, run) => {
    const what = `the run ${run}`;
    const path = pathOf(repository, `/actions/runs/${encodeURIComponent(run)}`);
    const answer = demand(await inRepository(repository, { method: 'GET', path }), [200, 404], what);
    return answer.status === 404 ? null : runFacts(readAs(runAnswer, answer, what));
  },
  review: async (repository, { run, environment, state, comment }) => {
    const path = pathOf(repository, `/actions/runs/${encodeURIComponent(run)}/deployment_protection_rule`);
    const body = { environment_name: environment, ...(state !== null && { state }), comment };
    const answer = await inRepository(repository, { method: 'POST', path, body });
    return demand(answer, [200, 204, 404, 422], `the answer for ${environment}`).status < 300 ? 'done' : 'gone';
  },
});

const ofPulls = ({ inRepository }: Calling): Pick<Github, 'pull' | 'commits' | 'comment' | 'putCheck'> => ({
  pull: async (repository, number) => {
    const what = `the pull request ${number}`;
    const answer = await inRepository(repository, { method: 'GET', path: pathOf(repository, `/pulls/${number}`) });
    return demand(answer, [200, 404], what).status === 404 ? null : pullFacts(readAs(pullAnswer, answer, what));
  },
  commits: async (repository, { number, commits: all }) => {
    const what = `the commits of the pull request ${number}`;
    const found: z.infer<typeof commit>[] = [];
    for (let page = 1; (page - 1) * PAGE < COMMITS_MAX; page += 1) {
      const path = pathOf(repository, `/pulls/${number}/commits?per_page=${PAGE}&page=${page}`);
      const answer = demand(await inRepository(repository, { method: 'GET', path }), [200], what);
      const listed = readAs(z.array(commit), answer, what);
      found.push(...listed);
      if (listed.length < PAGE) break;
    }
    const unlisted = Math.max(0, all - found.length);
    return { authors: found.flatMap(authorsOf), coAuthors: found.flatMap(coAuthorsOf), unlisted };
  },
  comment: async (repository, number, body) => {
    const path = pathOf(repository, `/issues/${number}/comments`);
    demand(await inRepository(repository, { method: 'POST', path, body: { body } }), [201], 'a comment');
  },
  putCheck: async (repository, check) => {
    const path = pathOf(repository, check.id === null ? '/check-runs' : `/check-runs/${check.id}`);
    const method = check.id === null ? 'POST' : 'PATCH';
    const answer = demand(
      await inRepository(repository, { method, path, body: checkBody(check) }),
      [200, 201],
      'a check',
    );
    return readAs(madeAnswer, answer, 'a check').id;
  },
});

const ofDeliveries = ({ client }: Calling): Pick<Github, 'failedDeliveries' | 'payloadOf'> => ({
  failedDeliveries: async () => {
    const answer = await client.asApp({ method: 'GET', path: `/app/hook/deliveries?per_page=${NEWEST}` });
    return failedIn(readAs(z.array(deliveryItem), demand(answer, [200], 'the deliveries'), 'the deliveries'));
  },
  payloadOf: async (deliveryId) => {
    const path = `/app/hook/deliveries/${encodeURIComponent(deliveryId)}`;
    const answer = demand(await client.asApp({ method: 'GET', path }), [200], 'a delivery');
    return readAs(deliveryAnswer, answer, 'a delivery').request.payload;
  },
});

export const createGithub = (client: AppClient): Github => {
  const asking = { client, inRepository: client.asInstallation };
  return { ...ofActions(asking), ...ofGit(asking), ...ofChecks(asking), ...ofPulls(asking), ...ofDeliveries(asking) };
};
