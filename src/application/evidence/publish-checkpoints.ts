/** Brings each signed checkpoint to each place. A place that is down holds up no other; it is tried again, ever more seldom. */
import type { EvidenceDeps, Publisher, StoredCheckpoint } from './evidence-ports.ts';

const FIRST_PAUSE_MS = 2_000;
const LONGEST_PAUSE_MS = 300_000;

/** When a place may be tried again, and how long it was left alone. */
export type Pauses = Map<string, { untilMs: number; forMs: number }>;

const putOne = async (deps: EvidenceDeps, publisher: Publisher, checkpoint: StoredCheckpoint): Promise<void> => {
  const { tree } = deps;
  const { signatures, receipt = null } = await publisher.put(checkpoint, {
    publishedSize: await tree.publishedSize(publisher.name),
    consistency: (oldSize) => tree.consistency(oldSize, checkpoint.size),
  });
  if (signatures !== '') await tree.addSignatures(checkpoint.size, signatures);
  await tree.setPublished(publisher.name, checkpoint.size, receipt);
};

const waitingFor = async ({ tree }: EvidenceDeps, { name, takesEach }: Publisher): Promise<StoredCheckpoint[]> => {
  const waiting = await tree.unpublished(name);
  if (takesEach) return waiting;
  const seen = await tree.publishedSize(name);
  return waiting.filter(({ size }) => size > seen).slice(-1);
};

const publishTo = async (deps: EvidenceDeps, publisher: Publisher, pauses: Pauses): Promise<void> => {
  const pause = pauses.get(publisher.name);
  if (pause && performance.now() < pause.untilMs) return;
  for (const checkpoint of await waitingFor(deps, publisher)) {
    try {
      await putOne(deps, publisher, checkpoint);
      pauses.delete(publisher.name);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      deps.log.warn(
        { place: publisher.name, error: message },
        'a checkpoint could not be published; it is tried again',
      );
      await deps.tree.setFailed(publisher.name, checkpoint.size, message);
      const forMs = Math.min(LONGEST_PAUSE_MS, pause ? pause.forMs * 2 : FIRST_PAUSE_MS);
      pauses.set(publisher.name, { untilMs: performance.now() + forMs, forMs });
      return;
    }
  }
};

export const publishCheckpoints = (deps: EvidenceDeps, pauses: Pauses = new Map()): Promise<void> =>
  deps.tree.publishing(async () => {
    const toAll = (publishers: readonly Publisher[]): Promise<unknown> =>
      Promise.all(publishers.map((publisher) => publishTo(deps, publisher, pauses)));
    // Witnesses first: the others then hold what they signed, too. Several that are down cost the time of one.
    await toAll(deps.publishers.filter(({ kind }) => kind === 'witness'));
    await toAll(deps.publishers.filter(({ kind }) => kind !== 'witness'));
  });
