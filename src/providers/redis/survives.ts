/** What the end of a role does not take away. Subscriptions, transactions and blocked commands end with their connection. */
import type { Catalog } from './catalog.ts';
import type { Scope } from './config.ts';

const KEYS_STAY = 'Keys that were written or changed stay as they are, and a consumer group that was made stays.';
const READS = new Set(['+@read', '+@pubsub', '+@connection', '+ping', '+get', '+mget', '+info', '+scan', '+subscribe']);

/** Before the server was seen, only rules that are known to read count as reading. */
export const survivesOf = ({ commands }: Scope, catalog: Catalog | null): string | null => {
  const writes =
    catalog === null
      ? commands.some((rule) => rule.startsWith('+') && !READS.has(rule.toLowerCase()))
      : [...catalog.expand(commands).names].some((name) => catalog.isIn('write', name));
  return writes ? KEYS_STAY : null;
};
