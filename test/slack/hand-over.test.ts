/** On call by either service: what a hand-over changes and what it leaves, and that no failure of a look-up lets anybody in. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { createOpsgenie } from '../../src/directory/on-call/opsgenie.ts';
import { createPagerDuty } from '../../src/directory/on-call/pagerduty.ts';
import type { RequestView } from '../../src/application/record/request-view.ts';
import type { OnCallServices } from '../../src/application/identity/on-call-ports.ts';
import type { CreateRequestInput } from '../../src/application/requests/request-types.ts';
import { hoursLater } from '../support/on-call-server.ts';
import type { OnCallServer } from '../support/on-call-server.ts';
import { FIRST, startAcmeOpsgenie } from '../support/opsgenie.ts';
import { startAcmePagerDuty } from '../support/pagerduty.ts';
import { codeOf } from '../support/refusal.ts';
import { until } from '../support/story.ts';
import { POLICY, startRig } from './rig.ts';
import type { Rig } from './rig.ts';

const RULES = `rules:
  - name: On-call reads at once
    match: { roles: ["*/read"], groups: [on-call] }
    approve: true
  - name: Writes need on-call
    match: { roles: ["orders-db/write"] }
    approvals: [{ from: on-call }]
  - name: On-call alone decides here
    match: { roles: ["users-db/read"] }
    approvals: [{ from: on-call }]
  - name: Everything else needs an owner
    approvals: [{ from: owners }]
admins: [security]
`;
const policyWith = (group: string): string =>
  `${POLICY.slice(0, POLICY.indexOf('rules:'))}${RULES}`.replace('targets:\n', `  on-call: ${group}\ntargets:\n`);

type Service = {
  group: string;
  server: OnCallServer;
  services: Partial<OnCallServices>;
  /** Puts this name in Oscar's place. */
  rename(name: string): void;
};

const log = createLog('silent');
/** One that does not answer is waited for four times. */
const timeoutMs = 500;
const SERVICES: Record<string, () => Promise<Service>> = {
  PagerDuty: async () => {
    const server = await startAcmePagerDuty();
    const rename = (email: string): void => {
      if (email) server.users.set('PUOSCAR', { id: 'PUOSCAR', name: 'Oscar', email });
      else server.users.delete('PUOSCAR');
    };
    const services = { pagerduty: createPagerDuty({ token: server.token, apiUrl: server.apiUrl, timeoutMs, log }) };
    return { group: '{ pagerduty_schedule: PFIRST, levels: [1] }', server, services, rename };
  },
  Opsgenie: async () => {
    const server = await startAcmeOpsgenie();
    const rename = (email: string): void =>
      void Object.assign(server.schedules.get(FIRST) ?? {}, { users: [email || 'former user', 'rita@acme.test'] });
    const services = { opsgenie: createOpsgenie({ apiKey: server.apiKey, apiUrl: server.apiUrl, timeoutMs, log }) };
    return { group: '{ opsgenie_schedule: First line }', server, services, rename };
  },
};

describe.each(Object.keys(SERVICES))('%s', (name) => {
  let service: Service;
  let rig: Rig;
  beforeEach(async () => {
    const made = await SERVICES[name]?.();
    if (!made) throw new Error(name);
    service = made;
    rig = await startRig({ policy: policyWith(service.group), onCall: service.services });
  });
  afterEach(async () => {
    await rig.stop();
    await service.server.close();
  });

  const handOver = (): void => service.server.setClock(hoursLater(24));

  const ask = async (userId: string, role: string, more: Partial<CreateRequestInput> = {}): Promise<RequestView> => {
    const [target = '', part = ''] = role.split('/');
    const asked = { target, role: part, durationMs: null, reason: 'checkout errors since noon', ticket: null };
    const result = await rig.useCases.createRequest({ userId, ...asked, idempotencyKey: null, ...more });
    if (result.outcome !== 'sent') throw new Error(result.outcome);
    return result.view;
  };
  const viewOf = async (id: string): Promise<RequestView> => {
    const view = await rig.store.read.view(id);
    if (!view) throw new Error(`no request ${id}`);
    return view;
  };
  const vote = (userId: string, requestId: string): Promise<string> =>
    codeOf(rig.useCases.vote({ userId, requestId, kind: 'approve', reason: null }));

  /** Approved now, to begin in a moment; runs the start until it was decided about. */
  const startOf = async (view: RequestView): Promise<RequestView> => {
    const grantId = view.grant?.id ?? '';
    return until(async () => {
      await rig.useCases.activate({ grantId });
      const now = await viewOf(view.request.id);
      return now.grant?.state === 'activating' && now.grant.attempts === 0 ? null : now;
    }, 'the start');
  };
  const soon = (): Partial<CreateRequestInput> => ({ start: { kind: 'at', at: new Date(Date.now() + 1_500) } });

  describe('a hand-over', () => {
    it('between ask and vote: who is on call at the vote votes', async () => {
      const { request } = await ask('U0ADA', 'orders-db/write');
      handOver();
      expect(await vote('U0OSCAR', request.id)).toBe('not_an_approver');
      expect(await vote('U0RITA', request.id)).toBe('done');
      expect((await viewOf(request.id)).request.state).toBe('approved');
    });

    it('during the grant: it is of the person, and stays theirs to its end', async () => {
      const { request, grant } = await ask('U0OSCAR', 'orders-db/read');
      await rig.settle();
      const before = await viewOf(request.id);
      expect(before.grant?.state).toBe('active');
      handOver();
      await rig.useCases.expireDue();
      await rig.useCases.sweep();
      const after = await viewOf(request.id);
      expect(after.grant).toMatchObject({ state: 'active', expiresAt: before.grant?.expiresAt });
      const shown = await rig.useCases.showCredentials({ userId: 'U0OSCAR', grantId: grant?.id ?? '' });
      expect(shown.grant.id).toBe(grant?.id);
      expect((await ask('U0OSCAR', 'orders-db/read')).request.state).toBe('pending');
      expect((await ask('U0RITA', 'orders-db/read')).request.state).toBe('approved');
    });

    it('between the ask and a later start: what a rule alone gave to whoever was on call does not begin', async () => {
      const asked = await ask('U0OSCAR', 'orders-db/read', soon());
      expect(asked.request.state).toBe('approved');
      handOver();
      const started = await startOf(asked);
      expect(started.grant).toMatchObject({ endCause: 'not_started' });
      expect(started.grant?.endReason).toContain('No rule approves it by itself any more');
    });

    it('between the ask and a later start: what people approved begins all the same', async () => {
      const asked = await ask('U0ADA', 'orders-db/write', { ...soon(), ticket: 'OPS-1' });
      expect(await vote('U0OSCAR', asked.request.id)).toBe('done');
      handOver();
      expect((await startOf(await viewOf(asked.request.id))).grant?.state).toBe('active');
    });

    it('that cannot be looked up at the start refuses nothing: it is tried again', async () => {
      const asked = await ask('U0OSCAR', 'orders-db/read', soon());
      service.server.fail({ status: 503 }, 1_000);
      const waiting = await startOf(asked);
      expect(waiting.grant).toMatchObject({ state: 'activating', attempts: 1 });
      expect(waiting.grant?.lastError).toContain('could not be looked up');
    });
  });

  describe('a look-up that fails', () => {
    const FAILURES: [string, () => void][] = [
      ['no answer in time', () => service.server.fail('hang', 1_000)],
      ['a refused key', () => service.server.fail({ status: 401 }, 1_000)],
      ['a limit', () => service.server.limitTo(0)],
      ['an outage', () => service.server.fail({ status: 500 }, 1_000)],
    ];
    it.each(FAILURES)(
      '(%s) lets nobody in by it: people are asked instead',
      async (_what, fail) => {
        fail();
        expect((await ask('U0OSCAR', 'orders-db/read')).request.state).toBe('pending');
        expect(await codeOf(ask('U0ADA', 'users-db/read'))).toBe('lookup_failed');
      },
      40_000,
    );

    const NOBODY: [string, () => void | Promise<void>][] = [
      ['an empty schedule', () => service.server.setClock(hoursLater(-1))],
      ['somebody without an address', () => service.rename('')],
      ['an address that is not in Slack', () => service.rename('oscar@other.test')],
      [
        'an address that two accounts carry',
        async () => {
          rig.slack.addPerson({ id: 'U0OSCAR2', name: 'oscar2', email: 'oscar@acme.test' });
          await Promise.all([rig.directory.person('U0OSCAR'), rig.directory.person('U0OSCAR2')]);
        },
      ],
    ];
    it.each(NOBODY)('(%s) is nobody on call', async (_what, change) => {
      await change();
      expect((await ask('U0OSCAR', 'orders-db/read')).request.state).toBe('pending');
      expect(await codeOf(ask('U0ADA', 'orders-db/write', { ticket: 'OPS-1' }))).toBe('nobody_can_approve');
      expect(await vote('U0OSCAR', (await ask('U0ADA', 'orders-db/read')).request.id)).toBe('not_an_approver');
    });
  });
});
