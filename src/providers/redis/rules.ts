/** Which rules a role may have, by their words when the policy is loaded. */
const SHAPE = /^[+-](?:@[a-z0-9_-]+|[a-z0-9_.-]+(?:\|[a-z0-9_.-]+)?)$/i;

export const RULES_SERVER = 'rules the server or its users, by which access could be kept or widened';
export const IS_CODE =
  'loads or runs code: it stays and runs with the rights of later callers, and a script that loops keeps Latchkey from ending access';
export const LEAVES_KEYS = 'reaches beyond the keys of the role, or another server';

const CATEGORIES: Readonly<Record<string, string>> = {
  all: RULES_SERVER,
  admin: RULES_SERVER,
  dangerous: RULES_SERVER,
  scripting: IS_CODE,
};

const COMMANDS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    ['acl', 'config', 'module', 'debug', 'replicaof', 'slaveof', 'failover', 'shutdown', 'monitor', 'cluster'].map(
      (name) => [name, RULES_SERVER],
    ),
  ),
  ...Object.fromEntries(['sync', 'psync', 'replconf', 'latency', 'slowlog'].map((name) => [name, RULES_SERVER])),
  ...Object.fromEntries(
    ['save', 'bgsave', 'bgrewriteaof', 'client', 'allcommands'].map((name) => [name, RULES_SERVER]),
  ),
  ...Object.fromEntries(
    ['kill', 'list', 'no-evict', 'pause', 'unpause', 'unblock'].map((name) => [`client|${name}`, RULES_SERVER]),
  ),
  ...Object.fromEntries(
    ['function', 'script', 'eval', 'eval_ro', 'evalsha', 'evalsha_ro', 'fcall', 'fcall_ro'].map((name) => [
      name,
      IS_CODE,
    ]),
  ),
  ...Object.fromEntries(
    ['migrate', 'flushall', 'flushdb', 'swapdb', 'restore-asking'].map((name) => [name, LEAVES_KEYS]),
  ),
};
/** Whose subcommands are all refused; of `client` and `cluster` some do no harm. */
const WHOLE = new Set(Object.keys(COMMANDS).filter((name) => name !== 'client' && name !== 'cluster'));

/** Why a command is in no role, by its name alone; null where the name says nothing. */
export const reasonOfName = (name: string): string | null => {
  if (Object.hasOwn(COMMANDS, name)) return COMMANDS[name] ?? null;
  const [root = ''] = name.split('|');
  return WHOLE.has(root) ? (COMMANDS[root] ?? null) : null;
};

/** What is wrong with a rule, whatever the server; as the end of a sentence that begins with its place. */
export const ruleProblem = (rule: string): string | null => {
  if (!SHAPE.test(rule))
    return 'must be a rule for commands, such as +@read, -@dangerous, +get or +xinfo|stream: keys and channels have lists of their own';
  if (rule.startsWith('-')) return null;
  const what = rule.slice(1).toLowerCase();
  const reason = what.startsWith('@')
    ? Object.hasOwn(CATEGORIES, what.slice(1))
      ? (CATEGORIES[what.slice(1)] ?? null)
      : null
    : reasonOfName(what);
  return reason === null ? null : `must not be ${rule}: that ${reason}`;
};
