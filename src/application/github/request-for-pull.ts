/** A pull request with a label becomes a request: of its author, or of the client whose job deploys it. */
import type { Pulled } from './pulled.ts';
import type { PullFacts } from './github-ports.ts';
import { clientNamed, clientOf, issuerNamed } from '../../domain/clients/named.ts';
import type { PullRequestFacts } from '../../domain/requests/pull-request.ts';
import type { ClientJob } from '../../domain/principals/client.ts';
import type { PullRequestOrigin } from '../../domain/requests/origin.ts';
import { storableStart } from '../../lib/storable.ts';
import { callerFromSession, callerFromSlack } from '../identity/caller.ts';
import type { Caller } from '../identity/caller.ts';
import { createRequest } from '../requests/create-request.ts';
import type { Overridable } from '../requests/request-types.ts';
import { namedInPolicy } from '../identity/accounts.ts';
import type { Sender } from './behind-pull.ts';
import type { GithubDeps } from './github-deps.ts';
import { checksOfPull } from './job-checks.ts';
import { behindPull } from './behind-pull.ts';
import { outcomeOf } from './request-outcome.ts';
import type { RequestOutcome } from './request-outcome.ts';
import { plain } from './words.ts';

const TITLE_MAX = 200;
const TICKET = /\b[A-Z][A-Z0-9]+-\d+\b/;

/** What rules see of it. */
export const factsOf = ({ number, labels, author, base, head, sha }: PullFacts): PullRequestFacts => ({
  number,
  labels: [...labels],
  author: author.login,
  base,
  head,
  sha,
});

export const originOf = ({ pull, row, entry }: Pulled, more: Partial<PullRequestOrigin> = {}): PullRequestOrigin => {
  const { title, url, files, mergeSha } = pull;
  return {
    kind: 'pull_request',
    id: row.id,
    isClaimed: entry.to.kind === 'author',
    repositoryId: row.repository.id,
    repository: row.repository.fullName,
    title: storableStart(title, TITLE_MAX),
    url,
    labeller: row.labeller?.login ?? '',
    files,
    facts: factsOf(pull),
    mergeSha: pull.isMerged ? mergeSha : null,
    diffUrl: null,
    ...more,
  };
};

/** Before any job: its key is the pull request's, until the job that deploys it takes the request over. */
export const jobOfPull = ({ pull, row }: Pulled): ClientJob => ({
  key: JSON.stringify(['pull_request', row.id]),
  repository: row.repository.fullName,
  repositoryId: row.repository.id,
  ref: `refs/heads/${pull.head}`,
  environment: '',
  workflow: '',
  event: 'pull_request',
  run: '',
  attempt: 0,
  sha: pull.sha,
  actor: pull.author.login,
  actorId: pull.author.id,
  subject: '',
  runUrl: pull.url,
});

/** By the policy alone: a link counts against its person, and gives nothing. */
const authorOf = async (deps: GithubDeps, { entry, pull }: Pulled): Promise<Caller | { refusal: string }> => {
  const ref = namedInPolicy(deps.policy(), entry.issuer, pull.author.id);
  const unknown = {
    refusal: `Latchkey does not know who ${pull.author.login} is in Slack. An admin adds the account ${pull.author.id} under accounts in the policy.`,
  };
  if (ref === null) return unknown;
  const [person] = await deps.directory.members([{ kind: 'person', ref }], null);
  return person ? callerFromSlack(deps, person.userId) : unknown;
};

const clientCaller = (deps: GithubDeps, pulled: Pulled, startedBy: string[]): Caller | { refusal: string } => {
  const policy = deps.policy();
  const { to } = pulled.entry;
  const client = to.kind === 'client' ? clientNamed(policy, to.client) : null;
  const issuer = client && issuerNamed(policy, client.issuer);
  if (!client || !issuer) return { refusal: 'The policy changed meanwhile; set the label again.' };
  return callerFromSession({ client: clientOf(client, issuer), job: jobOfPull(pulled), startedBy });
};

/** What is requested for a pull request is void with its next commit, so no override is for it: who needs it now requests it. */
const deniedPull =
  ({ entry: { to, target, role }, pull }: Pulled) =>
  (message: string, { overriders = [] }: Overridable): string => {
    if (overriders.length === 0) return message;
    const anew =
      to.kind === 'author'
        ? `${pull.author.login} types /prod-access ${target} ${role} in Slack`
        : `the job requests ${target}/${role} itself, with latchkey exec`;
    return `${message} Set the label again after that. Where it cannot wait, ${anew}: the denial says how ${overriders.join(' or ')} may override the freeze for that request.`;
  };

export const requestForPull = async (
  deps: GithubDeps,
  pulled: Pulled,
  { sender, key }: { sender: Sender; key: string },
): Promise<RequestOutcome> => {
  const { entry, pull } = pulled;
  const { startedBy, accounts } = await behindPull(deps, pulled, sender);
  const caller = entry.to.kind === 'author' ? await authorOf(deps, pulled) : clientCaller(deps, pulled, startedBy);
  if ('refusal' in caller) return caller;
  const { target, role, durationMs } = entry;
  const checks = await checksOfPull(deps, pulled.row, pull.sha);
  const wanted = {
    caller,
    target,
    role,
    durationMs,
    reason: `${storableStart(pull.title, TITLE_MAX)} (pull request ${pull.number})`,
    ticket: TICKET.exec(pull.title)?.[0] ?? null,
    idempotencyKey: key,
    from: { origin: originOf(pulled, checks), startedBy, accounts },
  };
  return outcomeOf(() => createRequest(deps, wanted), deniedPull(pulled));
};

/** Why a pull request gets no access, no matter who agrees; null where nothing is in the way. */
export const obstacleOf = ({ entry, pull }: Pick<Pulled, 'entry' | 'pull'>): string | null => {
  if (pull.isFork)
    return 'This pull request is from a fork, and forks get no access. Open it from a branch of this repository.';
  if (pull.isDraft) return 'This pull request is a draft. Mark it as ready for review, and access is requested.';
  if (entry.base !== null && pull.base !== entry.base)
    return `This pull request is for the branch ${plain(pull.base)}. Access is for pull requests to ${plain(entry.base)}: change the base.`;
  return null;
};
