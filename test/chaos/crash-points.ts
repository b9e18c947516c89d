/** The named points of the flow at which a process is killed, and what must be there right after. */

/** What the process is watched at: the statement, call or job that `text` names and that holds every part of `holds`. */
export type Watch = {
  wire: 'sql' | 'slack' | 'queue';
  when: 'before' | 'after';
  text: string;
  holds?: string[];
  /** A statement that found no row does not count. */
  isOfRows?: boolean;
};

export type CrashPoint = {
  name: string;
  watch: Watch;
  /** Right after the death: the request and its grant in the store, and how many logins the target has. */
  leaves: { request: string | null; grant: string | null; logins: number };
  /** The access ends by its deadline; else its owner gives it back, so that nothing depends on how fast the machine is. */
  isToExpire?: boolean;
  /** Nobody does anything more once it has come to what it leaves: the death is on its way. */
  isAwaited?: boolean;
  /** Its owner looks at the credentials. */
  isShown?: boolean;
  /** Who keeps it from becoming access, in place of an approval: the requester, or an approver. */
  refusal?: 'cancel' | 'deny';
};

/** The transaction that writes this audit event; its commit is the point. */
export const event = (type: string, when: Watch['when']): Watch => ({
  wire: 'sql',
  when,
  text: 'audit_events',
  holds: [`"${type}"`],
});
export const sql = (text: string, when: Watch['when']): Watch => ({ wire: 'sql', when, text });
export const post = (kind: string, when: Watch['when']): Watch => ({
  wire: 'slack',
  when,
  text: 'chat.postMessage',
  holds: [`"kind":"${kind}"`],
});
const job = (kind: string, when: Watch['when']): Watch => ({ wire: 'queue', when, text: kind });

const NOTHING = { request: null, grant: null, logins: 0 } as const;
const ASKED = { request: 'pending', grant: null, logins: 0 } as const;
const AGREED = { request: 'approved', grant: 'activating', logins: 0 } as const;
const MADE = { request: 'approved', grant: 'activating', logins: 1 } as const;
const ACTIVE = { request: 'approved', grant: 'active', logins: 1 } as const;
const ENDING = { request: 'approved', grant: 'ending', logins: 1 } as const;
const CLOSED = { request: 'approved', grant: 'closed', logins: 1 } as const;
const DROPPED = { request: 'approved', grant: 'closed', logins: 0 } as const;
const CANCELLED = { request: 'cancelled', grant: null, logins: 0 } as const;
const DENIED = { request: 'denied', grant: null, logins: 0 } as const;
const REMOVED = { request: 'approved', grant: 'removed', logins: 0 } as const;
/** Closed, and maybe removed by now: who lost the access is notified while the second stroke is made. */
const ENDED = { request: 'approved', grant: 'ended', logins: 0 } as const;

export const UNTIL_ACTIVE: CrashPoint[] = [
  { name: 'ask:before-commit', watch: event('request.created', 'before'), leaves: NOTHING },
  { name: 'ask:after-commit', watch: event('request.created', 'after'), leaves: ASKED },
  { name: 'notify:before-post', watch: post('approval', 'before'), leaves: ASKED },
  { name: 'notify:after-post', watch: post('approval', 'after'), leaves: ASKED },
  // What a process writes it does itself, mostly; this is a row that is settled, and below one that others may take.
  { name: 'work:before-settled', watch: sql('outbox_done', 'before'), leaves: ASKED, isAwaited: true },
  { name: 'work:after-settled', watch: sql('outbox_done', 'after'), leaves: ASKED, isAwaited: true },
  { name: 'vote:before-commit', watch: event('vote.cast', 'before'), leaves: ASKED },
  { name: 'vote:after-commit', watch: event('request.approved', 'after'), leaves: AGREED },
  { name: 'cancel:before-commit', watch: event('request.cancelled', 'before'), leaves: ASKED, refusal: 'cancel' },
  { name: 'cancel:after-commit', watch: event('request.cancelled', 'after'), leaves: CANCELLED, refusal: 'cancel' },
  { name: 'deny:before-commit', watch: event('request.denied', 'before'), leaves: ASKED, refusal: 'deny' },
  { name: 'deny:after-commit', watch: event('request.denied', 'after'), leaves: DENIED, refusal: 'deny' },
  { name: 'activate:after-claim', watch: sql('grant_claim_to_activate', 'after'), leaves: AGREED },
  { name: 'activate:before-target-commit', watch: sql('CREATE ROLE', 'before'), leaves: AGREED },
  { name: 'activate:after-target-commit', watch: sql('CREATE ROLE', 'after'), leaves: MADE },
  { name: 'activate:before-commit', watch: event('grant.active', 'before'), leaves: MADE },
  { name: 'activate:after-commit', watch: event('grant.active', 'after'), leaves: ACTIVE },
  { name: 'notify:before-telling', watch: post('granted', 'before'), leaves: ACTIVE },
  { name: 'notify:after-telling', watch: post('granted', 'after'), leaves: ACTIVE },
];

export const UNTIL_ENDED: CrashPoint[] = [
  {
    name: 'credentials:before-commit',
    watch: event('credentials.shown', 'before'),
    leaves: ACTIVE,
    isShown: true,
  },
  { name: 'credentials:after-commit', watch: event('credentials.shown', 'after'), leaves: ACTIVE, isShown: true },
  { name: 'done:before-commit', watch: event('grant.ending', 'before'), leaves: ACTIVE },
  { name: 'done:after-commit', watch: event('grant.ending', 'after'), leaves: ENDING },
  {
    name: 'relay:after-take',
    watch: { ...sql('outbox_take', 'after'), isOfRows: true },
    leaves: ACTIVE,
    isAwaited: true,
  },
  { name: 'relay:before-add', watch: job('end', 'before'), leaves: ACTIVE, isAwaited: true },
  { name: 'relay:after-add', watch: job('end', 'after'), leaves: ACTIVE, isAwaited: true },
  { name: 'end:before-claim', watch: event('grant.ending', 'before'), leaves: ACTIVE, isToExpire: true },
  { name: 'end:after-claim', watch: event('grant.ending', 'after'), leaves: ENDING, isToExpire: true },
  {
    name: 'end:before-door-is-shut',
    watch: sql("NOLOGIN VALID UNTIL '-infinity'", 'before'),
    leaves: ENDING,
    isToExpire: true,
  },
  {
    name: 'end:after-door-is-shut',
    watch: sql("NOLOGIN VALID UNTIL '-infinity'", 'after'),
    leaves: ENDING,
    isToExpire: true,
  },
  { name: 'end:after-sessions-are-cut', watch: sql('latchkey_terminate', 'after'), leaves: ENDING, isToExpire: true },
  { name: 'closed:before-commit', watch: event('grant.closed', 'before'), leaves: ENDING, isToExpire: true },
  { name: 'closed:after-commit', watch: event('grant.closed', 'after'), leaves: CLOSED, isToExpire: true },
  { name: 'removal:before-drop', watch: sql('DROP ROLE', 'before'), leaves: CLOSED, isToExpire: true },
  { name: 'removal:after-drop', watch: sql('DROP ROLE', 'after'), leaves: DROPPED, isToExpire: true },
  { name: 'removed:before-commit', watch: event('grant.removed', 'before'), leaves: DROPPED, isToExpire: true },
  { name: 'removed:after-commit', watch: event('grant.removed', 'after'), leaves: REMOVED, isToExpire: true },
  { name: 'notify:before-outcome', watch: post('outcome', 'before'), leaves: ENDED, isToExpire: true },
  { name: 'notify:after-outcome', watch: post('outcome', 'after'), leaves: ENDED, isToExpire: true },
  { name: 'seal:before-commit', watch: sql('audit_chain (seq', 'before'), leaves: ASKED, isAwaited: true },
  { name: 'seal:after-commit', watch: sql('audit_chain (seq', 'after'), leaves: ASKED, isAwaited: true },
];
