/** A target of several nodes: what is done there is done when each node has it, and one that is down keeps none of the others waiting. */
import { ProviderError } from '../provider.ts';

/** Answers in the order of `nodes`. @throws ProviderError that names each node that failed, once all have been tried. */
export const onEachNode = async <Node extends { name: string }, T>(
  nodes: readonly Node[],
  work: (node: Node) => Promise<T>,
): Promise<T[]> => {
  const settled = await Promise.allSettled(nodes.map(work));
  const failures = settled.flatMap((outcome, index) =>
    outcome.status === 'rejected' ? [{ name: nodes[index]?.name ?? '', reason: outcome.reason as unknown }] : [],
  );
  if (failures.length === 0) return settled.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  throw failures.length === 1 && nodes.length === 1 ? failures[0]?.reason : together(nodes.length, failures);
};

type Failure = { name: string; reason: unknown };

const sentenceOf = ({ name, reason }: Failure): string =>
  reason instanceof ProviderError ? reason.message : `${name} failed in a way that Latchkey does not know.`;

/** Of several kinds the one that needs a human: trying again does not help then. */
const together = (nodes: number, failures: readonly Failure[]): ProviderError => {
  const known = failures.map(({ reason }) => reason).filter((reason) => reason instanceof ProviderError);
  const worst = known.find(({ isRetried }) => !isRetried) ?? known[0];
  const sentence = `${failures.length} of ${nodes} nodes failed. ${failures.map(sentenceOf).join(' ')}`;
  const isUntouched = failures.length === nodes && known.length === nodes && known.every((one) => one.isUntouched);
  return new ProviderError(worst?.kind ?? 'unavailable', sentence, { cause: failures[0]?.reason, isUntouched });
};
