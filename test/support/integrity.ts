/** What must hold of the store, the target and the audit log at any time, and what must hold once all is quiet. Each finding is a sentence. */
import { setTimeout as delay } from 'node:timers/promises';
import type { World } from './world.ts';

type Sources = Pick<World, 'sql' | 'logins'>;

/** One grant's events in the order of their writing must match this: each step once, and none after the last. */
const LIFE =
  /^grant\.activating(,grant\.activation_retried)*(,grant\.failed|(,grant\.active)?(,grant\.ending(,grant\.activation_retried|,grant\.end_retried)*(,grant\.closed(,grant\.removal_retried)*(,grant\.removed)?)?)?)$/;
const REQUEST_ENDS = ['request.approved', 'request.denied', 'request.cancelled', 'request.lapsed'];

const lives = async ({ sql }: Sources): Promise<string[]> => {
  const rows = await sql<{ id: string; state: string; events: string }>(
    `select g.id, g.state, coalesce((select string_agg(type, ',' order by e.id) from audit_events e
       where e.grant_id = g.id and e.type in ('grant.activating', 'grant.activation_retried', 'grant.active', 'grant.failed',
         'grant.ending', 'grant.end_retried', 'grant.closed', 'grant.removal_retried', 'grant.removed')), '') as events from grants g`,
  );
  return rows.flatMap(({ id, state, events }) => {
    const last = events.split(',').findLast((type) => !type.endsWith('_retried'));
    const found = LIFE.test(events) ? [] : [`grant ${id} has the events ${events}`];
    return last === `grant.${state}` ? found : [...found, `grant ${id} is ${state} and its last event is ${last}`];
  });
};

const decisions = async ({ sql }: Sources): Promise<string[]> => {
  const rows = await sql<{ id: string; state: string; decisions: number; events: string[] }>(
    `select r.id, r.state, (select count(*)::int from decisions d where d.request_id = r.id) as decisions,
       array(select type from audit_events e where e.request_id = r.id and e.type = any($1) order by e.id) as events from requests r`,
    [REQUEST_ENDS],
  );
  return rows.flatMap(({ id, state, decisions: made, events }) => {
    const wanted = state === 'pending' ? [] : [`request.${state}`];
    const isDecided = state === 'approved' || state === 'denied';
    return [
      ...(JSON.stringify(events) === JSON.stringify(wanted) ? [] : [`request ${id} is ${state} with ${events.join()}`]),
      ...(made === (isDecided ? 1 : 0) ? [] : [`request ${id} is ${state} with ${made} decisions`]),
    ];
  });
};

/** A grant demands approval by people who are not its owner, as many votes as the rule asks, or a rule that needs none. */
const approvals = async ({ sql }: Sources): Promise<string[]> => {
  const rows = await sql<{ id: string }>(
    `select g.id from grants g join requests r on r.id = g.request_id join decisions d on d.id = g.decision_id
     where r.state <> 'approved' or d.outcome <> 'approved'
       or exists (select from votes v where v.request_id = r.id and v.voter_id = r.requester_id)`,
  );
  return rows.map(({ id }) => `grant ${id} has no decision that stands`);
};

const secrets = async ({ sql }: Sources): Promise<string[]> => {
  const rows = await sql<{ id: string }>(
    `select g.id from grants g join secrets s on s.grant_id = g.id where g.state in ('closed', 'removed', 'failed')`,
  );
  return rows.map(({ id }) => `grant ${id} is over and its credentials are still there`);
};

/** Logins are `lk_<grant>_<person>`. The store is read after the target: a login seen first must still be accounted for. */
const logins = async ({ sql, logins: read }: Sources): Promise<string[]> => {
  const names = await read();
  const rows = await sql<{ id: string; state: string }>(`select id, state from grants`);
  const states = new Map(rows.map(({ id, state }) => [id, state]));
  const owners = names.map((name) => name.split('_')[1] ?? '');
  const twice = owners.filter((id, index) => owners.indexOf(id) !== index);
  return [
    ...names.flatMap((name, index) => (states.has(owners[index] ?? '') ? [] : [`the login ${name} has no grant`])),
    ...twice.map((id) => `grant ${id} has more than one login`),
  ];
};

/** Holds at any moment, also in the middle of a fault. */
export const findBroken = async (sources: Sources): Promise<string[]> => {
  const checks = [lives, decisions, approvals, secrets, logins];
  return (await Promise.all(checks.map((check) => check(sources)))).flat();
};

/** What is put off for a few seconds is on its way too; alarms for deadlines are not. */
export const WAITING = `select kind from outbox where available_at <= now() + interval '3 seconds'`;

/** Holds once nothing is on its way any more: the target has a login for each active grant and no other, and nothing waits to be sent. */
export const findLeftOver = async (sources: Sources): Promise<string[]> => {
  const names = await sources.logins();
  const rows = await sources.sql<{ id: string; state: string }>(
    `select id, state from grants where state in ('activating', 'active', 'ending', 'closed')`,
  );
  const waiting = await sources.sql<{ kind: string }>(WAITING);
  const have = new Set(names.map((name) => name.split('_')[1] ?? ''));
  const active = rows.filter(({ state }) => state === 'active').map(({ id }) => id);
  return [
    ...rows.filter(({ state }) => state !== 'active').map(({ id, state }) => `grant ${id} is still ${state}`),
    ...active.filter((id) => !have.has(id)).map((id) => `grant ${id} is active and has no login`),
    ...[...have].filter((id) => !active.includes(id)).map((id) => `the login of grant ${id} outlived it`),
    ...waiting.map(({ kind }) => `work to ${kind} was not done`),
    ...(await findBroken(sources)),
  ];
};

/** As every wait: work whose queue was killed is dispatched anew, and a busy machine takes its time. */
const SETTLES_MS = 60_000;

/** What is left over and stays so. A clock that looks in between, or an event that Slack delivers again, makes work that is soon done. */
export const findLastingLeftOver = async (sources: Sources): Promise<string[]> => {
  const endsAt = Date.now() + SETTLES_MS;
  for (;;) {
    const left = await findLeftOver(sources);
    if (left.length === 0 || Date.now() > endsAt) return left;
    await delay(50);
  }
};
