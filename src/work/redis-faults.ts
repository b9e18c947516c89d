/** Why Redis cannot be used, or not as it should be: one sentence for each. `docs/operations.md` shows this table, and a test compares the two. */

type Known = {
  /** What Redis answers, or what happens, as the documentation shows it. */
  seen: string;
  /** `()` becomes what was seen exactly, where that is known. */
  sentence: string;
  /** Work goes through Redis all the same. */
  isUsable?: true;
  /** The check may not meet it: only what is done with the queues does. */
  isMetAtWork?: true;
};

export const REDIS_FAULTS = {
  unreachable: {
    seen: 'no connection',
    sentence: 'Redis cannot be reached with REDIS_URL (); start it, or correct the address.',
  },
  silent: { seen: 'no answer in time', sentence: 'Redis does not answer in time; it hangs, or has too much to do.' },
  closed: {
    seen: 'a connection that is closed without a word, without TLS',
    sentence: 'Redis closes the connection; if it wants TLS, write rediss:// in REDIS_URL.',
  },
  no_tls: {
    seen: '`rediss://` to a port without TLS',
    sentence: 'Redis does not answer with TLS (); write redis:// in REDIS_URL, or the port that has TLS.',
  },
  untrusted_ca: {
    seen: 'a certificate of an unknown authority',
    sentence: 'The certificate of Redis is of an authority that is not known (); give its CA in LATCHKEY_REDIS_CA.',
  },
  wrong_host: {
    seen: 'a certificate for another host',
    sentence: 'The certificate of Redis is for another host; write the name that it holds in REDIS_URL.',
  },
  expired: {
    seen: 'a certificate that has expired or is not valid yet',
    sentence: 'The certificate of Redis is not valid now (); renew it, or correct the clock.',
  },
  bad_password: {
    seen: '`WRONGPASS`',
    sentence: 'Redis refuses the user or password; correct them in REDIS_URL.',
  },
  no_password: { seen: '`NOAUTH`', sentence: 'Redis wants a password; write it in REDIS_URL.' },
  protected: {
    seen: '`DENIED`',
    sentence: 'Redis is in protected mode and serves its own machine only; set a password for it.',
  },
  lacks_right: {
    seen: '`NOPERM`',
    sentence:
      'The user of Redis lacks a right (); give it the commands, keys and channels that docs/operations.md names.',
    isMetAtWork: true,
  },
  no_database: {
    seen: 'a database that is not there, as with `/99`',
    sentence: 'Redis has no database with the number in REDIS_URL; correct the number.',
  },
  cluster: {
    seen: 'cluster mode: `HELLO`, `CROSSSLOT`, `MOVED`, `CLUSTERDOWN`',
    sentence: 'Redis is in cluster mode, which Latchkey cannot use; give the address of one with cluster mode off.',
    isMetAtWork: true,
  },
  sentinel: {
    seen: 'a Sentinel',
    sentence: 'This is a Redis Sentinel; give the address of the primary in REDIS_URL.',
  },
  read_only: {
    seen: 'a replica: `HELLO`, `READONLY`',
    sentence: 'Redis is a read-only replica; let REDIS_URL lead to the primary.',
  },
  primary_down: {
    seen: '`MASTERDOWN`',
    sentence: 'Redis is a replica that has lost its primary; let REDIS_URL lead to the primary.',
  },
  loading: { seen: '`LOADING`', sentence: 'Redis is loading its data; wait until it has.' },
  full: { seen: '`OOM`', sentence: 'Redis takes no work: its memory is full; free some, or give it more.' },
  cannot_save: {
    seen: '`MISCONF`',
    sentence: 'Redis takes no work because it cannot save to disk; see its log, and free its disk.',
  },
  few_replicas: {
    seen: '`NOREPLICAS`',
    sentence: 'Redis takes no work because it has too few replicas; bring them back.',
  },
  busy: { seen: '`BUSY`', sentence: 'Redis is busy with the script of somebody; end that with SCRIPT KILL.' },
  many_clients: {
    seen: 'the limit of clients',
    sentence: 'Redis has no connection left for Latchkey; raise maxclients, or close connections of others.',
  },
  wrong_type: {
    seen: '`WRONGTYPE`, or a key of another type where a queue is',
    sentence: 'Keys of Latchkey in Redis hold something else (); choose another LATCHKEY_REDIS_PREFIX.',
    isMetAtWork: true,
  },
  old_version: {
    seen: 'a version before 6.2',
    sentence: 'Redis () is too old: Latchkey needs 6.2 or newer, or Valkey.',
  },
  unknown: { seen: 'any other error', sentence: 'Redis cannot be used (); see its log.' },
  may_evict: {
    seen: 'another `maxmemory-policy` than `noeviction`',
    sentence: 'Redis may evict jobs: set maxmemory-policy to noeviction ().',
    isUsable: true,
  },
  password_unused: {
    seen: 'a password in `REDIS_URL` that Redis does not require',
    sentence: 'Redis has no password, though REDIS_URL has one; set it in Redis, or take it out.',
    isUsable: true,
  },
} as const satisfies Record<string, Known>;

export type FaultCode = keyof typeof REDIS_FAULTS;
export type RedisFault = { code: FaultCode; detail: string | null };

const knownOf = (code: FaultCode): Known => REDIS_FAULTS[code];

export const fault = (code: FaultCode, detail: string | null = null): RedisFault => ({ code, detail });
export const isUsableWith = (found: RedisFault | null): boolean => !found || knownOf(found.code).isUsable === true;
export const isMetAtWork = ({ code }: RedisFault): boolean => knownOf(code).isMetAtWork === true;
export const faultSentence = ({ code, detail }: RedisFault): string => {
  const { sentence } = knownOf(code);
  if (code === 'old_version') return sentence.replace('()', detail ?? '');
  return detail === null ? sentence.replace(' ()', '') : sentence.replace('()', () => `(${detail})`);
};

/** The first word of an error that Redis answers is its code. */
const REPLIES: Record<string, FaultCode> = {
  NOAUTH: 'no_password',
  WRONGPASS: 'bad_password',
  DENIED: 'protected',
  NOPERM: 'lacks_right',
  CROSSSLOT: 'cluster',
  MOVED: 'cluster',
  ASK: 'cluster',
  CLUSTERDOWN: 'cluster',
  READONLY: 'read_only',
  MASTERDOWN: 'primary_down',
  LOADING: 'loading',
  OOM: 'full',
  MISCONF: 'cannot_save',
  NOREPLICAS: 'few_replicas',
  BUSY: 'busy',
  WRONGTYPE: 'wrong_type',
};

const UNTRUSTED = [
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
];
const NO_TLS = ['EPROTO', 'ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG'];
const RESET = ['ECONNRESET', 'EPIPE'];
const INVALID = ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'];

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Null for what is no answer of Redis. Older servers put the code of a script's error into the middle. */
export const replyCodeOf = (error: unknown): string | null => {
  if (!(error instanceof Error) || error.name !== 'ReplyError') return null;
  const inScript = /@user_script:\s*\d+:\s*-?([A-Z]{2,})\b/.exec(error.message)?.[1];
  const first = /^([A-Z]+)\b/.exec(error.message)?.[1] ?? 'ERR';
  return first === 'ERR' && inScript ? inScript : first;
};

/** Redis has no code of its own for these: in a script a right that is lacking is a plain ERR in Redis 7. */
const LACKS_IN_SCRIPT = /^ERR The user executing the script can't\b/;
const MANY_CLIENTS = /\bmax number of clients\b/;

const replyFault = (code: string, message: string): RedisFault => {
  const known = LACKS_IN_SCRIPT.test(message) ? 'lacks_right' : REPLIES[code];
  if (!known) return MANY_CLIENTS.test(message) ? fault('many_clients') : fault('unknown', code);
  // Redis names the command, and the one who gives rights needs to know which.
  const command = /'([a-z|]+)' (?:command|subcommand)/i.exec(message)?.[1];
  return known === 'lacks_right' ? fault(known, command?.toUpperCase() ?? null) : fault(known);
};

export const networkFault = (error: unknown, isTls: boolean): RedisFault => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  if (code === null) return isTls ? fault('unreachable', messageOf(error)) : fault('closed');
  if (UNTRUSTED.includes(code)) return fault('untrusted_ca', code);
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return fault('wrong_host');
  if (INVALID.includes(code)) return fault('expired', code);
  if (isTls && (NO_TLS.includes(code) || code === 'ETIMEDOUT' || RESET.includes(code))) return fault('no_tls', code);
  return RESET.includes(code) ? fault('closed') : fault('unreachable', code);
};

/** Null where it says nothing of Redis itself, as when a connection was closed. */
export const replyFaultOf = (error: unknown): RedisFault | null => {
  const code = replyCodeOf(error);
  return code === null ? null : replyFault(code, messageOf(error));
};
