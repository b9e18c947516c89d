/** What conditions see of an alert is what is stored of it when it counts: at the ask, at each decision and at a later start. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AlertState } from '../../src/domain/alerts/types.ts';
import type { StartWish } from '../../src/domain/time/start.ts';
import type { RequestView } from '../../src/application/record/request-view.ts';
import { withClient } from '../support/world.ts';
import { POLICY, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const RULES = `rules:
  - name: A critical lag by itself
    match: { roles: ["*/read"], alerts: [lag] }
    when: alert.severity == "critical" && alert.source == "generic"
    approve: true
  - name: An owner while it fires
    match: { roles: ["*/read"] }
    when: alert.firing && alert.name == "lag"
    approvals: [{ from: owners }]
  - name: Else an owner and an SRE
    approvals: [{ from: owners }, { from: sre }]
alerts:
  - { name: lag, source: generic, match: { title: "*lag*" }, role: orders-db/read, to: on-call }
admins: [security]
`;
const policy = `${POLICY.slice(0, POLICY.indexOf('rules:'))}${RULES}`.replace(
  'targets:\n',
  '  on-call: { slack_usergroup: on-call }\ntargets:\n',
);

let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ policy });
});
afterEach(() => rig.stop());

const says = (state: AlertState, severity: string | null = 'critical') =>
  rig.useCases.receiveAlerts({
    signals: [
      {
        source: 'generic',
        key: 'lag-1',
        state,
        at: new Date(state === 'firing' ? '2026-11-22T03:00:00Z' : '2026-11-22T03:05:00Z'),
        // Whatever stands in its words, rules see only what the table in docs/alerts.md has.
        title: 'lag" || true || alert.severity == "critical',
        url: null,
        service: null,
        severity,
        labels: { severity: 'critical' },
      },
    ],
  });

const fires = async (severity?: string | null): Promise<string> => {
  await says('firing', severity);
  const { rows } = await withClient(rig.databaseUrl, (client) => client.query<{ id: string }>('select id from alerts'));
  return rows[0]?.id ?? '';
};

const wanted = { target: 'orders-db', role: 'read', durationMs: null, reason: 'look at the lag', ticket: null };
const judgedFor = async (userId: string, id: string): Promise<[string, string | null]> => {
  const { verdict } = await rig.useCases.preview({ userId, ...wanted, alert: { id, isAutomatic: false } });
  return [verdict.decision, verdict.rule];
};

const asked = async (id: string, start: StartWish | null = null): Promise<RequestView> => {
  const alert = { id, isAutomatic: false };
  const result = await rig.useCases.createRequest({ userId: 'U0OSCAR', ...wanted, alert, start, idempotencyKey: null });
  if (result.outcome !== 'sent') throw new Error(result.outcome);
  return result.view;
};

const ELSE = ['ask', 'Else an owner and an SRE'];

describe('a condition on an alert', () => {
  it('is met for whoever is on call for it, for its role, while it fires, and for nobody else', async () => {
    const id = await fires();
    expect(await judgedFor('U0OSCAR', id)).toEqual(['approve', 'A critical lag by itself']);
    expect(await judgedFor('U0ADA', id)).toEqual(ELSE);
    expect(await judgedFor('U0OSCAR', 'no-such-alert')).toEqual(ELSE);
    await says('resolved');
    expect(await judgedFor('U0OSCAR', id)).toEqual(ELSE);
  });

  it.each([
    ['an alert of another severity', 'warning'],
    ['an alert that says none, whatever its title and labels say', null],
  ])('of a rule that approves is not met by %s', async (_what, severity) => {
    expect(await judgedFor('U0OSCAR', await fires(severity))).toEqual(['ask', 'An owner while it fires']);
  });

  it('is judged anew at a decision: what was resolved meanwhile asks for more people', async () => {
    const id = await fires('warning');
    const { request } = await asked(id);
    expect(request.requirements.map(({ label }) => label)).toEqual(['owners']);
    await says('resolved', 'warning');
    const vote = { requestId: request.id, kind: 'approve', reason: null } as const;
    const { outcome, view } = await rig.useCases.vote({ userId: 'U0OLGA', ...vote });
    expect(outcome).toBe('counted');
    expect(view.request.rule).toBe('Else an owner and an SRE');
    expect((await rig.useCases.vote({ userId: 'U0RITA', ...vote })).outcome).toBe('decided');
  });

  it('is judged anew at a later start: what was resolved meanwhile gives nothing', async () => {
    const id = await fires();
    const { request, grant } = await asked(id, { kind: 'after', afterMs: 500 });
    expect(request.state).toBe('approved');
    await says('resolved');
    // Before its time nothing happens, however often it is tried.
    const view = await vi.waitFor(
      async () => {
        await rig.useCases.activate({ grantId: grant?.id ?? '' });
        await rig.settle();
        const now = await rig.store.read.view(request.id);
        expect(now?.grant?.state).toBe('removed');
        return now;
      },
      { timeout: 60_000, interval: 100 },
    );
    expect(view?.grant).toMatchObject({ state: 'removed', endCause: 'not_started', activatedAt: null });
    expect(view?.grant?.endReason).toContain('No rule approves it by itself any more');
  });
});
