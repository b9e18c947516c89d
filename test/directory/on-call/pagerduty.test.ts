import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../../src/lib/log.ts';
import { createPagerDuty } from '../../../src/directory/on-call/pagerduty.ts';
import type { OnCall, Shift } from '../../../src/application/identity/on-call-ports.ts';
import { hoursLater, startAcmePagerDuty } from '../../support/pagerduty.ts';
import type { PagerDuty } from '../../support/pagerduty.ts';
import { failedLookUp } from '../../support/refusal.ts';

let pagerDuty: PagerDuty;
let onCall: OnCall;
const connect = (token = pagerDuty.token): OnCall =>
  createPagerDuty({ token, apiUrl: pagerDuty.apiUrl, log: createLog('silent') });
beforeEach(async () => {
  pagerDuty = await startAcmePagerDuty();
  onCall = connect();
});
afterEach(() => pagerDuty.close());

const shown = (shifts: Shift[]): string[] => shifts.map(({ email, level }) => `${email ?? '?'} ${level}`).sort();

const whyOf = (work: Promise<unknown>): Promise<string> => failedLookUp(work, pagerDuty.token);

describe('who is on call', () => {
  it('comes with every tier the schedule stands in', async () => {
    expect(shown(await onCall.shifts('PFIRST'))).toEqual(['oscar@acme.test 1', 'oscar@acme.test 2']);
    expect(shown(await onCall.shifts('PSECOND'))).toEqual(['sam@acme.test 2']);
  });

  it('is handed over by the clock, and an override wins', async () => {
    pagerDuty.setClock(hoursLater(24));
    expect(shown(await onCall.shifts('PFIRST'))[0]).toBe('rita@acme.test 1');
    pagerDuty.schedules.get('PFIRST')?.overrides.push({ user: 'PUADA', from: hoursLater(25), until: hoursLater(26) });
    pagerDuty.setClock(hoursLater(25));
    expect(shown(await onCall.shifts('PFIRST'))[0]).toBe('ada@acme.test 1');
    pagerDuty.setClock(hoursLater(26));
    expect(shown(await onCall.shifts('PFIRST'))[0]).toBe('rita@acme.test 1');
  });

  it('is read over all pages', async () => {
    for (let index = 0; index < 120; index += 1)
      pagerDuty.policies.set(`P${index}`, { id: `P${index}`, name: `Policy ${index}`, tiers: [['PFIRST']] });
    expect(await onCall.shifts('PFIRST')).toHaveLength(122);
    expect(pagerDuty.requests).toHaveLength(2);
  });

  it('is nobody when the schedule has a gap, and a failure when there is no such schedule', async () => {
    pagerDuty.setClock(hoursLater(-1));
    expect(await onCall.shifts('PFIRST')).toEqual([]);
    expect(await whyOf(onCall.shifts('PNONE'))).toBe(
      'lookup_failed PagerDuty schedule PNONE: PagerDuty has no schedule PNONE; it was deleted. An admin of Latchkey can name another one in the policy.',
    );
    expect(await whyOf(onCall.shifts('P/../?x'))).toContain('PagerDuty has no schedule');
  });

  it('shows no address for somebody PagerDuty has deleted', async () => {
    pagerDuty.users.delete('PUSAM');
    expect(shown(await onCall.shifts('PSECOND'))).toEqual(['? 2']);
  });
});

describe('what goes wrong at PagerDuty', () => {
  it('a wrong token is told at once', async () => {
    expect(await whyOf(connect('wrong').shifts('PFIRST'))).toContain('check PAGERDUTY_TOKEN');
    expect(pagerDuty.requests).toHaveLength(1);
  });

  it('a hiccup is tried again, an outage is told', async () => {
    pagerDuty.fail({ status: 502 });
    expect(await onCall.shifts('PFIRST')).toHaveLength(2);
    pagerDuty.fail('drop');
    expect(await onCall.shifts('PFIRST')).toHaveLength(2);
    pagerDuty.fail({ status: 500 }, 2);
    expect(await whyOf(onCall.shifts('PFIRST'))).toContain('PagerDuty fails (HTTP 500)');
  });

  it('a limit is waited for when it is short, else told, and PagerDuty is left alone meanwhile', async () => {
    pagerDuty.fail({ status: 429, headers: { 'retry-after': '1' } });
    const startedAt = performance.now();
    const [first, second] = await Promise.all([onCall.shifts('PFIRST'), onCall.shifts('PFIRST')]);
    expect([first, second]).toEqual([expect.any(Array), expect.any(Array)]);
    expect(performance.now() - startedAt).toBeGreaterThan(950);
    expect(pagerDuty.requests.length).toBeLessThanOrEqual(3);
    pagerDuty.limitTo(0);
    expect(await whyOf(onCall.shifts('PFIRST'))).toContain('try again in 20 s');
    const before = pagerDuty.requests.length;
    expect(await whyOf(onCall.shifts('PSECOND'))).toContain('PagerDuty is called too often');
    expect(pagerDuty.requests).toHaveLength(before);
  });

  it('one answer does not keep it from being read for a day', async () => {
    pagerDuty.fail({ status: 429, headers: { 'retry-after': '86400' } });
    expect(await whyOf(onCall.shifts('PFIRST'))).toMatch(/try again in (?:60|5\d) s/);
  });

  it.each([
    ['no JSON', '<html>'],
    ['another shape', '{"oncalls":[{"escalation_level":"first"}]}'],
    ['nothing', ''],
  ])('an answer of %s is a failure, not an empty schedule', async (_what, body) => {
    pagerDuty.fail({ status: 200, body });
    expect(await whyOf(onCall.shifts('PFIRST'))).toContain('cannot be read');
  });

  it('a silent server is given up in time', async () => {
    pagerDuty.fail('hang');
    const startedAt = performance.now();
    expect(await whyOf(onCall.shifts('PFIRST'))).toContain('does not answer');
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  });

  it('a redirect is not followed with the token', async () => {
    pagerDuty.fail({ status: 302, headers: { location: 'http://127.0.0.1:9/' } }, 2);
    expect(await whyOf(onCall.shifts('PFIRST'))).toContain('does not answer');
  });
});
