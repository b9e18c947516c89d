/** A deployment waits on GitHub: the run is read anew, and becomes a request of its client. Where it cannot be one, it is rejected with the reason. */
import { clientNamed, clientOf, issuerNamed } from '../../domain/clients/named.ts';
import type { GateEntry } from '../../domain/github/entries.ts';
import type { GithubEvent } from '../../domain/github/events.ts';
import { jobOfRun, matchRun, refsThatFit } from '../../domain/github/run.ts';
import type { RunFacts, RunMatch } from '../../domain/github/run.ts';
import { deploymentOf, deploymentReason } from '../../domain/policy/deployments.ts';
import type { Policy } from '../../domain/policy/types.ts';
import { accountsOnce } from '../../domain/principals/account-behind.ts';
import type { AccountBehind } from '../../domain/principals/ci-account.ts';
import type { GateOrigin } from '../../domain/requests/origin.ts';
import { callerFromSession } from '../identity/caller.ts';
import { requestDeployment } from './request-outcome.ts';
import type { RequestOutcome } from './request-outcome.ts';
import { subjectText } from './github-deps.ts';
import type { GithubDeps } from './github-deps.ts';
import type { Gate } from './github-ports.ts';
import { endRun } from './end-jobs.ts';

type Requested = Extract<GithubEvent, { kind: 'gate_requested' }>;

/** `refs`: the forms of its ref that fit; null where its client is bound to none. */
type Fitting = { entry: GateEntry; match: RunMatch; refs: RunMatch[] | null };
type Looked = { fitting: Fitting } | { refusal: string };

/** Which gate of the policy this is. Two are none, as a token that fits two clients is none. */
const gateFor = (policy: Policy, { repository, environment }: Requested, run: RunFacts): Looked => {
  const found = policy.gates.flatMap((entry) => {
    const client = clientNamed(policy, entry.client);
    const issuer = client && issuerNamed(policy, client.issuer);
    if (!client || !issuer || entry.environment !== environment || client.repository?.id !== repository.id) return [];
    const seen = { issuer, repository, environment, run };
    return [{ entry, match: matchRun(seen, client), refs: refsThatFit(seen, client) }];
  });
  const [first] = found;
  if (!first)
    return { refusal: `No gate of the policy is for the environment ${environment} of ${repository.fullName}.` };
  const fitting = found.filter(({ match }) => match.failing === null);
  const [only, ...others] = fitting;
  if (only && others.length === 0) return { fitting: only };
  if (only)
    return {
      refusal: `This run fits two gates of the policy: ${fitting.map(({ entry }) => entry.client).join(', ')}.`,
    };
  const { claim = '', expected = '', found: seen = '' } = first.match.failing ?? {};
  return { refusal: `This run is not the client ${first.entry.client}: ${claim} must be ${expected}, and is ${seen}.` };
};

const diffOf = async (deps: GithubDeps, gate: Gate, run: RunFacts): Promise<string> => {
  const { repository, environment, sha } = gate;
  const of = { repositoryId: repository.id, environment };
  const last = await deps.store.transaction((tx) => tx.github.lastDeployed(of));
  const base = run.url.replace(/\/actions\/runs\/\d+$/, '');
  return last === null || last === sha ? `${base}/commit/${sha}` : `${base}/compare/${last}...${sha}`;
};

type Opening = { gate: Gate; run: RunFacts; fitting: Fitting };

const wantedBy = ({ access, client, environment }: GateEntry): NonNullable<GateEntry['access']> =>
  access ?? { target: deploymentOf(client), role: environment, durationMs: null };

const requestFor = async (deps: GithubDeps, { gate, run, fitting }: Opening): Promise<RequestOutcome> => {
  const policy = deps.policy();
  const client = clientNamed(policy, fitting.entry.client);
  const issuer = client && issuerNamed(policy, client.issuer);
  if (!client || !issuer) return { refusal: 'The policy changed meanwhile; run it again.' };
  const { repository, environment, sha, attempt } = gate;
  const place = { repositoryId: repository.id, run: gate.run, attempt, environment, sha };
  const origin: GateOrigin = {
    kind: 'gate',
    id: gate.id,
    isClaimed: false,
    ...place,
    diffUrl: await diffOf(deps, gate, run),
  };
  const job = { ...jobOfRun({ issuer, repository, environment, run }, fitting.match), sha };
  const starter: AccountBehind = { issuer: issuer.name, ...run.starter, by: 'ran_again', emails: [] };
  const accounts = accountsOnce([{ ...starter, ...run.actor, by: 'started' }, starter]);
  return requestDeployment(deps, gate.id, {
    caller: callerFromSession({ client: clientOf(client, issuer), job, startedBy: [], accounts }),
    ...wantedBy(fitting.entry),
    reason: `${deploymentReason(repository.fullName, environment)}, run ${gate.run}`,
    ticket: null,
    idempotencyKey: `gate:${JSON.stringify([repository.id, gate.run, attempt, environment])}`,
    from: { origin, startedBy: [], accounts },
  });
};

/** A tag may have the name of a branch, and who may push the one need not be let push the other: its commit says which it is. */
const withItsRef = async (deps: GithubDeps, { repository, sha }: Gate, fitting: Fitting): Promise<Fitting | null> => {
  for (const match of fitting.refs ?? [])
    if ((await deps.github.isOfRef(repository, match.ref, sha)) !== false) return { ...fitting, match };
  return fitting.refs === null ? fitting : null;
};

const decideGate = async (
  deps: GithubDeps,
  requested: Requested,
  { gate, run }: { gate: Gate; run: RunFacts },
): Promise<RequestOutcome> => {
  if (run.headRepositoryId !== requested.repository.id)
    return { refusal: 'The run is of a fork, and forks get no access.' };
  const looked = gateFor(deps.policy(), requested, run);
  if ('refusal' in looked) return looked;
  const fitting = await withItsRef(deps, gate, looked.fitting);
  if (fitting) return requestFor(deps, { gate, run, fitting });
  const refs = looked.fitting.refs?.map(({ ref }) => ref).join(' and ') ?? '';
  return {
    refusal: `The commit ${gate.sha.slice(0, 12)} of this run is not of ${refs}. A tag may have the name of a branch.`,
  };
};

export const openGate = async (deps: GithubDeps, requested: Requested): Promise<void> => {
  const { repository, environment } = requested;
  const run = await deps.github.run(repository, requested.run);
  if (!run) return deps.log.warn({ run: requested.run }, 'GitHub knows no such run; the delivery is left');
  const { attempt } = run;
  if (run.isCompleted) return endRun(deps, { repositoryId: repository.id, run: run.id, attempt }, run);
  const wanted = { id: deps.ids.next(), repository, run: run.id, attempt, environment, sha: requested.sha };
  const gate = await deps.store.transaction((tx) => tx.github.openGate(wanted));
  const subject = subjectText({ kind: 'gate', id: gate.id });
  if (gate.requestId === null && gate.refusal === null) {
    const decided = await decideGate(deps, requested, { gate, run });
    return deps.store.transaction(async (tx) => {
      await tx.github.setGate(gate.id, decided);
      await tx.outbox.add('github', subject);
    });
  }
  if (gate.settledAt === null) await deps.store.transaction((tx) => tx.outbox.add('github', subject));
};
