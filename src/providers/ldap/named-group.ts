/** A group by its DN, which another entry can have once it is free; and by its id, which none ever has. */
import { namedList } from '../kit/named-list.ts';
import { ProviderError, type NamedInTarget } from '../provider.ts';
import type { Scope } from './config.ts';
import { normal } from './names.ts';

/**
 * `id`: null where the directory shows none; then the DN is all there is, and `doctor` warns of that.
 * @throws ProviderError where it is not the one that the scope says, or that cannot be seen.
 */
export const namedBy = ({ group, id: wanted }: Scope, id: string | null): { named?: NamedInTarget } => {
  if (id !== null) return namedList({ name: `group ${normal(group)}`, id, wanted });
  if (wanted === undefined) return {};
  const sentence = `Latchkey cannot read entryUUID of ${group}, so it does not know whether that is ${wanted}. Let it read entryUUID; doctor --sql prints the rule.`;
  throw new ProviderError('denied', sentence, { isUntouched: true });
};
