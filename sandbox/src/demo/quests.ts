/** The list of things to try. Each entry says by itself how to see that it was done; the order is the order in the page. */
import type { Quest } from './world.ts';

/** What happened at the prompts of the page. */
export type PromptFact =
  /** A borrowed login got in. */
  | { kind: 'logged_in'; user: string; target: string | null }
  | { kind: 'asked'; user: string; target: string | null; command: string }
  /** The host refused what was typed. */
  | { kind: 'refused'; user: string; target: string | null; isDenied: boolean }
  | { kind: 'cut'; user: string; target: string | null }
  | { kind: 'login_refused'; user: string; target: string | null };

type QuestPlan = {
  id: string;
  title: string;
  hint: string;
  /** It takes this target, which not every machine has. */
  target?: string;
} & (
  | {
      /** A condition on Latchkey's own database, most often on audit_events (see core/events.ts). */
      sql: string;
    }
  | { prompt: (fact: PromptFact) => boolean }
);

/** Where a hint names the public key, which is made up on each machine. */
const KEY_MARK = '<public key>';

const isBorrowed = (user: string): boolean => user.startsWith('lk_');

export const QUESTS: QuestPlan[] = [
  {
    id: 'ask',
    title: 'Request access',
    hint: 'As Ana, type `/prod-access orders-db read 5m look at order 1183` in any channel, or `/prod-access` alone for the form.',
    sql: `exists (select from requests where requester_id not like 'client:%')`,
  },
  {
    id: 'approve',
    title: 'Approve as another person',
    hint: 'Switch to Dana, who owns the orders database, and press Approve in #prod-access. Ana cannot approve her own.',
    sql: `exists (select from audit_events where type = 'vote.cast' and data::jsonb->>'kind' = 'approve')`,
  },
  {
    id: 'credentials',
    title: 'See the credentials',
    hint: 'As Ana, open the direct message from Latchkey and press Show credentials. Only she can, and each view is recorded.',
    // A job is given credentials, too, and is nobody's view.
    sql: `exists (select from audit_events e join requests r on r.id = e.request_id
      where e.type = 'credentials.shown' and r.requester_id not like 'client:%')`,
  },
  {
    id: 'log-in',
    title: 'Log in with them',
    hint: 'Below, connect with the credentials you were shown. Then try `select * from stuck_orders`.',
    prompt: (fact) => fact.kind === 'logged_in' && isBorrowed(fact.user),
  },
  {
    id: 'write-refused',
    title: 'See a write refused',
    hint: "At the prompt: `update orders set status = 'paid' where id = 1183`. With read access Postgres says no.",
    prompt: (fact) => fact.kind === 'refused' && fact.isDenied && isBorrowed(fact.user),
  },
  {
    id: 'session-cut',
    title: 'Let it end while you are logged in',
    hint: 'Stay connected, press End in 10 s, and watch the open session being cut.',
    prompt: (fact) => fact.kind === 'cut' && isBorrowed(fact.user),
  },
  {
    id: 'login-gone',
    title: 'Find the login gone',
    hint: 'Connect with the same credentials again: the login is no longer there.',
    prompt: (fact) => fact.kind === 'login_refused' && isBorrowed(fact.user),
  },
  {
    id: 'deny',
    title: 'Deny one, with a reason',
    hint: 'Request again as Ana, and as Dana press Deny. Ana reads why.',
    sql: `exists (select from audit_events where type = 'vote.cast' and data::jsonb->>'kind' = 'deny')`,
  },
  {
    id: 'two-people',
    title: 'Get a write approved by two people',
    hint: 'As Ana: `/prod-access orders-db write 5m set order 1183 to paid`. Dana and Omar (SRE) must both approve, in any order.',
    // Break-glass and a deployment give write access, too.
    sql: `exists (select from votes v join grants g on g.request_id = v.request_id
      where v.kind = 'approve' and g.role = 'write' and g.activated_at is not null group by v.request_id having count(*) >= 2)`,
  },
  {
    id: 'repair',
    title: 'Repair the order',
    hint: "Connect with the new credentials and run the update from before: `update orders set status = 'paid' where id = 1183`.",
    prompt: (fact) => fact.kind === 'asked' && fact.command === 'UPDATE' && isBorrowed(fact.user),
  },
  {
    id: 'incident',
    title: 'Open an incident',
    hint: 'Make a channel named `inc-1-orders` with the + beside Channels. Latchkey joins it, and shows what you can get into and who approves.',
    sql: `exists (select from audit_events where type = 'incident.opened')`,
  },
  {
    id: 'incident-read',
    title: 'Read at once, on call',
    hint: 'Switch to Kim, who is on call, open that channel, and press *I’m on call: read now*. Others read privately that they are not.',
    sql: `exists (select from requests r join grants g on g.request_id = r.id where r.incident_id is not null and g.activated_at is not null)`,
  },
  {
    id: 'incident-close',
    title: 'Close it',
    hint: 'In the channel: `/prod-access incident close`. After 30 s all of its access is gone, and the timeline for the post-mortem is posted.',
    sql: `exists (select from audit_events where type = 'incident.ended')`,
  },
  {
    id: 'alert',
    title: 'Answer an alert',
    hint: 'Press *Fire an alert* below. As Kim, who is on call, open the message from Latchkey and request what it offers.',
    sql: `exists (select from alert_requests)`,
  },
  {
    id: 'pipeline',
    title: 'Let a deployment wait for you',
    hint: 'Press *Run* below: the migration waits. As Dana, approve it in #prod-access. It runs, and its login is gone.',
    sql: `exists (select from requests r join grants g on g.request_id = r.id where r.requester_id like 'client:%' and g.activated_at is not null)`,
  },
  {
    id: 'break-glass',
    title: 'Use break-glass',
    hint: 'As Kim, who is on call: `/prod-access break-glass orders-db write 5m checkout is down`. Access comes at once, and the approvers are notified.',
    sql: `exists (select from audit_events where type = 'follow_up.opened')`,
  },
  {
    id: 'review',
    title: 'Review it',
    hint: 'Switch to Sam (security), who got a message about it, and say whether it was justified. Kim cannot.',
    sql: `exists (select from audit_events where type = 'follow_up.closed')`,
  },
  {
    id: 'mariadb',
    title: 'Get into MariaDB',
    hint: 'As Ana: `/prod-access loyalty-db read 5m points of order 1183`. Dana approves. Connect below, then `select * from points`.',
    target: 'loyalty-db',
    prompt: (fact) => fact.kind === 'logged_in' && fact.target === 'loyalty-db',
  },
  {
    id: 'redis',
    title: 'Get into Redis',
    hint: 'As Ana: `/prod-access cache read 5m session of order 1183`. Dana approves. Connect below, then `GET session:1183`.',
    target: 'cache',
    prompt: (fact) => fact.kind === 'logged_in' && fact.target === 'cache',
  },
  {
    id: 'ssh',
    title: 'Get into a web server by SSH',
    hint: `As Ana: \`/prod-access web shell 5m log of order 1183\`. Omar approves. *Show credentials* wants a public key: paste \`${KEY_MARK}\`, which is hers here. Connect below, then \`cat /srv/app/checkout.log\`.`,
    target: 'web',
    prompt: (fact) => fact.kind === 'logged_in' && fact.target === 'web',
  },
];

type Facts = Pick<Quest, 'isDone' | 'missing'> & { personLine: string };

export const toQuest = ({ id, title, hint }: QuestPlan, { personLine, ...facts }: Facts): Quest => ({
  id,
  title,
  hint: hint.replace(KEY_MARK, personLine),
  ...facts,
});

/** One row, one column for each of the quests that the database can answer. */
export const questsSql = (ids: ReadonlySet<string>): { sql: string; asked: string[] } => {
  const asked = QUESTS.flatMap((plan) => ('sql' in plan && ids.has(plan.id) ? [plan] : []));
  return {
    asked: asked.map(({ id }) => id),
    sql: `select ${asked.map((plan) => `(${plan.sql}) as "${plan.id}"`).join(', ')}`,
  };
};
