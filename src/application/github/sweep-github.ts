/** What GitHub said and nobody heard: deliveries that were lost, runs that ended, deployments that wait no more. */
import { clientIdOf } from '../../domain/principals/client.ts';
import { deliveryIdOf } from '../../domain/github/delivery-id.ts';
import { parseEvent } from '../../domain/github/parse-event.ts';
import { lookAtGate } from './answer-gate.ts';
import { endRun } from './end-jobs.ts';
import { DELIVERIES_KEPT_MS } from './github-deps.ts';
import type { GithubDeps } from './github-deps.ts';
import type { FailedDelivery, Gate, WatchedRun } from './github-ports.ts';
import { receiveDelivery } from './receive-delivery.ts';
import { createRound } from '../../lib/round.ts';
import type { Round } from '../../lib/round.ts';

const BATCH = 100;

/** How far the looks have come: more may wait for long than one look goes through. */
export type GithubRounds = { gates: Round<Gate>; runs: Round<WatchedRun> };

export const createGithubRounds = (): GithubRounds => ({ gates: createRound(BATCH), runs: createRound(BATCH) });

/** One that fails holds up none of the others. */
const each = async <T>(deps: GithubDeps, items: readonly T[], look: (item: T) => Promise<void>): Promise<void> => {
  for (const item of items) {
    try {
      await look(item);
    } catch (error) {
      deps.log.warn({ err: error }, 'GitHub could not be asked; the next sweep tries again');
    }
  }
};

/** GitHub's word, by its API: no webhook makes a row of this form, so none silences what was lost. */
const lookedAt = ({ guid }: FailedDelivery): string => `guid:${guid}`;

/** Trusted by the App's own right: the list and the payload come from GitHub's API. */
const recoverLost = async (deps: GithubDeps): Promise<void> => {
  const failed = await deps.github.failedDeliveries();
  const kept = new Set(await deps.store.transaction((tx) => tx.github.keptOf(failed.map(lookedAt))));
  await each(
    deps,
    failed.filter((one) => !kept.has(lookedAt(one))),
    async (one) => {
      const { id, guid, event: name } = one;
      const payload = await deps.github.payloadOf(id);
      const parsed = parseEvent(name, payload);
      if (!('event' in parsed)) return;
      const { event } = parsed;
      const isNew = await receiveDelivery(deps, { id: deliveryIdOf(payload), event });
      await deps.store.transaction((tx) => tx.github.keep({ id: lookedAt(one), event }));
      if (isNew) deps.log.warn({ delivery: guid, event: name }, 'a lost delivery of GitHub was found');
    },
  );
};

const githubClients = ({ policy }: GithubDeps): string[] => {
  const { clients, issuers } = policy();
  return Object.values(clients)
    .filter(({ issuer }) => Object.hasOwn(issuers, issuer) && issuers[issuer]?.kind === 'github')
    .map(({ name }) => clientIdOf(name));
};

const lookAtRun = async (deps: GithubDeps, { repository, repositoryId, run, attempt }: WatchedRun): Promise<void> => {
  const found = await deps.github.run({ id: repositoryId, fullName: repository, installation: '' }, run);
  if (!found || (!found.isCompleted && found.attempt === attempt)) return;
  await endRun(deps, { repositoryId, run, attempt }, found);
};

export const sweepGithub = async (deps: GithubDeps, rounds: GithubRounds): Promise<void> => {
  await each(deps, [recoverLost], (recover) => recover(deps));
  const clientIds = githubClients(deps);
  const { gates, runs } = await deps.store.transaction(async ({ github }) => ({
    gates: await rounds.gates(github.openGates),
    runs: await rounds.runs((after, limit) => github.runsToWatch(clientIds, after, limit)),
  }));
  await each(deps, gates, (gate) => lookAtGate(deps, gate));
  await each(deps, runs, (run) => lookAtRun(deps, run));
  await deps.store.transaction((tx) => tx.github.forgetDeliveries(DELIVERIES_KEPT_MS));
};
