/** What a message of the incident tool means, as the policy has it. */
import type { Incidents } from '../policy/types.ts';

const READ_CHARS_MAX = 2000;

/** Closing goes first: a message that fits both patterns is about an end. Null: not the tool's, or nothing of the kind. */
export const meaningOf = (
  tool: NonNullable<Incidents['tool']>,
  { userIds, text }: { userIds: readonly string[]; text: string },
): { by: string; means: 'open' | 'close' } | null => {
  const by = userIds.find((id) => tool.users.includes(id));
  if (by === undefined) return null;
  const said = text.slice(0, READ_CHARS_MAX);
  const fits = (source: string | null): boolean => source !== null && new RegExp(source, 'iu').test(said);
  if (fits(tool.closes)) return { by, means: 'close' };
  return fits(tool.opens) ? { by, means: 'open' } : null;
};
