/** A list that the policy names by a name which can be freed and taken by another list, and maybe by its id, too. */
import { ProviderError, type NamedInTarget } from '../provider.ts';

/** `wanted`: the id in the scope; left out, the application remembers which id the name led to first. */
export const namedList = ({
  name,
  id,
  wanted,
}: NamedInTarget & { wanted: string | undefined }): { named?: NamedInTarget } => {
  if (wanted === undefined) return { named: { name, id } };
  if (wanted === id) return {};
  const sentence = `The ${name} has the id ${id}, and the policy says ${wanted}: it is another one, and Latchkey gives nothing by it. Correct the name or the id in the scope of the role.`;
  throw new ProviderError('denied', sentence, { isUntouched: true });
};
