/** What was given for an incident ends with it: all of it, once, after a warning, and nothing of any other. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { approveRequest } from '../../../src/application/requests/approve-request.ts';
import { SYSTEM } from '../../../src/domain/audit/events.ts';
import { policyOf, startIncidentRig } from './incident-rig.ts';
import type { IncidentRig } from './incident-rig.ts';
import { until } from '../../support/story.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  await rig.note();
});
afterEach(() => rig.close());

const close = () => rig.useCases.closeIncident({ userId: 'U0OSCAR', channelId: 'C0INC' });
const typesOf = async (type: string): Promise<Record<string, unknown>[]> =>
  (await rig.events()).filter((event) => event.type === type).map(({ data }) => data);

describe('the end of an incident', () => {
  it('ends what was given for it when the warning is over, and not before', async () => {
    const view = await rig.ask();
    await rig.settle();
    expect(rig.made.size).toBe(1);
    const { incident } = await close();
    expect((incident.endsAt?.getTime() ?? 0) - (incident.closedAt?.getTime() ?? 0)).toBeGreaterThanOrEqual(1000);
    expect(await rig.endIncidents()).toBe(0);
    expect(await rig.grantOf(view)).toMatchObject({ state: 'active' });
    expect(await rig.store.read.msToNextIncidentEnd()).toBeGreaterThan(0);
    await rig.warningIsOver();
    expect(await rig.endIncidents()).toBe(1);
    expect(await rig.grantOf(view)).toMatchObject({
      state: 'removed',
      endCause: 'incident_closed',
      endOutcome: 'removed',
    });
    expect(rig.made.size).toBe(0);
    expect(await rig.store.read.msToNextIncidentEnd()).toBeNull();
    expect(await rig.endIncidents()).toBe(0);
    expect(await typesOf('incident.ended')).toMatchObject([{ incident: incident.id, cancelled: [] }]);
  });

  it('cancels what still waits for a vote, by the system and with the reason', async () => {
    const { request } = await rig.ask({ role: 'write' });
    await close();
    expect(await rig.store.read.request(request.id)).toMatchObject({ state: 'pending' });
    await rig.warningIsOver();
    await rig.endIncidents();
    expect(await rig.store.read.request(request.id)).toMatchObject({ state: 'cancelled' });
    expect(await typesOf('request.cancelled')).toMatchObject([{ cause: 'incident_closed' }]);
    await expect(
      rig.useCases.vote({ userId: 'U0OLGA', requestId: request.id, kind: 'approve', reason: null }),
    ).rejects.toMatchObject({ code: 'already_cancelled' });
  });

  it('brings nothing back when the incident is opened again after the end', async () => {
    const view = await rig.ask();
    await rig.settle();
    await rig.note({ isArchived: true });
    await rig.warningIsOver();
    await rig.endIncidents();
    await rig.note();
    await rig.settle();
    expect(await rig.grantOf(view)).toMatchObject({ state: 'removed' });
    expect(rig.made.size).toBe(0);
  });

  it('takes nothing from another incident on the same target, of the same person and role', async () => {
    await rig.note({ channelId: 'C0OTHER', name: 'inc-search' });
    const [mine, other] = [await rig.ask(), await rig.ask({ incidentChannelId: 'C0OTHER' })];
    const untied = await rig.ask({ userId: 'U0RITA', incidentChannelId: null });
    await rig.settle();
    await close();
    await rig.warningIsOver();
    await rig.endIncidents();
    expect(await rig.grantOf(mine)).toMatchObject({ state: 'removed' });
    expect(await rig.grantOf(other)).toMatchObject({ state: 'active' });
    expect(rig.made).toEqual(new Set([(await rig.grantOf(other)).id]));
    expect(await rig.store.read.request(untied.request.id)).toMatchObject({ state: 'pending' });
  });

  it('ends access that was taken by break-glass in it', async () => {
    const taken = await rig.useCases.breakGlass({
      userId: 'U0OSCAR',
      target: 'orders-db',
      role: 'write',
      durationMs: null,
      reason: 'orders are lost, nobody answers',
      ticket: null,
      idempotencyKey: null,
      incidentChannelId: 'C0INC',
    });
    if (taken.outcome !== 'sent') throw new Error('refused');
    expect(taken.view.incident).toMatchObject({ channelName: 'inc-checkout' });
    await rig.settle();
    await close();
    await rig.warningIsOver();
    await rig.endIncidents();
    expect(await rig.grantOf(taken.view)).toMatchObject({ state: 'removed', endCause: 'incident_closed' });
  });

  it('ends fifty in one go, each once, whatever process is first', async () => {
    const views = await Promise.all(Array.from({ length: 50 }, () => rig.ask()));
    await rig.settle();
    expect(rig.made.size).toBe(50);
    await close();
    await rig.warningIsOver();
    const ended = await Promise.all([rig.useCases, rig.other, rig.useCases].map((process) => process.endIncidents()));
    await Promise.all(ended.map(({ work }) => work));
    expect(await typesOf('grant.closed')).toHaveLength(50);
    const removing = await Promise.all([rig.useCases, rig.other].map((process) => process.removeClosed()));
    await Promise.all(removing.map(({ work }) => work));
    expect(ended.map(({ count }) => count).sort((a, b) => a - b)).toEqual([0, 0, 1]);
    expect(rig.made.size).toBe(0);
    const states = await Promise.all(views.map((view) => rig.grantOf(view)));
    expect(new Set(states.map(({ state }) => state))).toEqual(new Set(['removed']));
    expect(await typesOf('grant.removed')).toHaveLength(50);
    expect(await typesOf('grant.ending')).toHaveLength(50);
  });

  it('holds up no other when one of them cannot be ended', async () => {
    await rig.note({ channelId: 'C0OTHER', name: 'inc-search' });
    const [stuck, other] = [await rig.ask(), await rig.ask({ incidentChannelId: 'C0OTHER' })];
    await rig.settle();
    await close();
    await rig.useCases.closeIncident({ userId: 'U0OSCAR', channelId: 'C0OTHER' });
    await rig.warningIsOver();
    await rig.pool.query(`create function refuse() returns trigger language plpgsql as $$ begin
      if new.channel_id = 'C0INC' and new.ended_at is not null then raise exception 'no'; end if; return new; end $$;
      create trigger refuse before update on incidents for each row execute function refuse()`);
    expect(await rig.endIncidents()).toBe(1);
    expect(await rig.grantOf(other)).toMatchObject({ state: 'removed' });
    expect(await rig.grantOf(stuck)).toMatchObject({ state: 'active' });
    await rig.pool.query('drop trigger refuse on incidents');
    expect(await rig.endIncidents()).toBe(1);
    expect(await rig.grantOf(stuck)).toMatchObject({ state: 'removed' });
  });
});

const waiting = async (): Promise<number> => {
  const { rows } = await rig.pool.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
  );
  return rows[0]?.count ?? 0;
};

describe('access that is being made when the incident closes', () => {
  it('is taken away as soon as it was made', async () => {
    const view = await rig.ask();
    rig.onGrant.run = async () => {
      rig.onGrant.run = async () => {};
      await close();
      await rig.warningIsOver();
      await rig.endIncidents();
    };
    await rig.settle();
    await rig.useCases.completeRevocation({ grantIds: (await rig.useCases.sweep()).ending });
    expect(await rig.grantOf(view)).toMatchObject({ state: 'removed', endCause: 'incident_closed' });
    expect(rig.made.size).toBe(0);
  });

  it('is not made at all when the incident was closed first', async () => {
    const view = await rig.ask();
    await close();
    await rig.settle();
    expect(await rig.grantOf(view)).toMatchObject({ state: 'removed', endCause: 'incident_closed' });
    expect(await typesOf('grant.active')).toEqual([]);
  });

  it('ends too when its vote was in hand', async () => {
    const { request } = await rig.ask({ role: 'write' });
    await close();
    await rig.warningIsOver();
    const ending: Promise<number>[] = [];
    await rig.store.transaction(async (tx) => {
      const locked = await tx.requests.lock(request.id);
      if (!locked) throw new Error('no request');
      ending.push(rig.endIncidents());
      await until(async () => (await waiting()) > 0, 'the end to wait for the vote');
      const common = { policy: policyOf(), rule: 'The rest needs an owner', actor: SYSTEM, voterIds: [] };
      await approveRequest(tx, { next: () => `g${request.id}` }, { ...common, request: locked, byPersonId: null });
    });
    expect(await Promise.all(ending)).toEqual([1]);
    await rig.settle();
    const grant = (await rig.store.read.view(request.id))?.grant;
    expect(grant).toMatchObject({ state: 'removed', endCause: 'incident_closed' });
    expect(rig.made.size).toBe(0);
  });

  it('cannot be asked for by somebody who was judged while it was open', async () => {
    rig.onLookUp.run = async () => {
      rig.onLookUp.run = async () => {};
      await close();
    };
    await expect(rig.ask()).rejects.toMatchObject({ code: 'incident_closed' });
    expect((await rig.ask()).request).toMatchObject({ state: 'pending', incidentId: null });
  });
});
