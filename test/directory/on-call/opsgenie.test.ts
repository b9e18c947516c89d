import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../../../src/lib/log.ts';
import { createOpsgenie } from '../../../src/directory/on-call/opsgenie.ts';
import type { OnCall } from '../../../src/application/identity/on-call-ports.ts';
import { hoursLater } from '../../support/on-call-server.ts';
import { FIRST, startAcmeOpsgenie } from '../../support/opsgenie.ts';
import type { Opsgenie } from '../../support/opsgenie.ts';
import { failedLookUp } from '../../support/refusal.ts';

let opsgenie: Opsgenie;
let onCall: OnCall;
const connect = (apiKey = opsgenie.apiKey): OnCall =>
  createOpsgenie({ apiKey, apiUrl: opsgenie.apiUrl, log: createLog('silent') });
beforeEach(async () => {
  opsgenie = await startAcmeOpsgenie();
  onCall = connect();
});
afterEach(() => opsgenie.close());

const OSCAR = [{ email: 'oscar@acme.test', level: 1 }];

const whyOf = (work: Promise<unknown>): Promise<string> => failedLookUp(work, opsgenie.apiKey);

describe('who is on call', () => {
  it('is found by the name of the schedule and by its id', async () => {
    expect(await onCall.shifts('First line')).toEqual(OSCAR);
    expect(await onCall.shifts(FIRST)).toEqual(OSCAR);
    expect(opsgenie.requests).toEqual([
      '/v2/schedules/First%20line/on-calls?flat=true&scheduleIdentifierType=name',
      `/v2/schedules/${FIRST}/on-calls?flat=true&scheduleIdentifierType=id`,
    ]);
  });

  it('is handed over by the clock, and an override wins', async () => {
    opsgenie.setClock(hoursLater(24));
    expect(await onCall.shifts(FIRST)).toEqual([{ email: 'rita@acme.test', level: 1 }]);
    const overrides = opsgenie.schedules.get(FIRST)?.overrides;
    overrides?.push({ user: 'ada@acme.test', from: hoursLater(25), until: hoursLater(26) });
    opsgenie.setClock(hoursLater(25));
    expect(await onCall.shifts(FIRST)).toEqual([{ email: 'ada@acme.test', level: 1 }]);
  });

  it('is nobody in a gap and by a schedule that was switched off, and a failure when there is no such schedule', async () => {
    opsgenie.setClock(hoursLater(-1));
    expect(await onCall.shifts(FIRST)).toEqual([]);
    opsgenie.setClock(hoursLater(1));
    Object.assign(opsgenie.schedules.get(FIRST) ?? {}, { isEnabled: false });
    expect(await onCall.shifts(FIRST)).toEqual([]);
    expect(await whyOf(onCall.shifts('Second/line?'))).toBe(
      'lookup_failed Opsgenie schedule Second/line?: Opsgenie has no schedule Second/line?; it was deleted or renamed. An admin of Latchkey can name another one in the policy.',
    );
  });

  it('shows no address for a name that is none', async () => {
    Object.assign(opsgenie.schedules.get(FIRST) ?? {}, { users: ['former user'] });
    expect(await onCall.shifts(FIRST)).toEqual([{ email: null, level: 1 }]);
  });
});

describe('what goes wrong at Opsgenie', () => {
  it('a wrong key is told at once, and so is one that may not see the schedule', async () => {
    expect(await whyOf(connect('wrong').shifts(FIRST))).toContain('check OPSGENIE_API_KEY');
    opsgenie.fail({ status: 403, body: '{"message":"no","code":40301}' });
    expect(await whyOf(onCall.shifts(FIRST))).toContain('OPSGENIE_API_URL');
    expect(opsgenie.requests).toHaveLength(2);
  });

  it('a hiccup is tried again, an outage is told', async () => {
    opsgenie.fail('drop');
    expect(await onCall.shifts(FIRST)).toEqual(OSCAR);
    opsgenie.fail({ status: 500 }, 2);
    expect(await whyOf(onCall.shifts(FIRST))).toContain('Opsgenie fails (HTTP 500)');
  });

  it('a limit by the second is waited for, one by the minute is told and Opsgenie left alone meanwhile', async () => {
    opsgenie.fail({ status: 429, headers: { 'x-ratelimit-period-in-sec': '1' } });
    expect(await onCall.shifts(FIRST)).toEqual(OSCAR);
    opsgenie.limitTo(0);
    expect(await whyOf(onCall.shifts(FIRST))).toContain('try again in 60 s');
    const before = opsgenie.requests.length;
    expect(await whyOf(onCall.shifts('First line'))).toContain('Opsgenie is called too often');
    expect(opsgenie.requests).toHaveLength(before);
  });

  it.each([
    ['no JSON', '<html>'],
    ['another shape', '{"data":{"onCallParticipants":[]}}'],
    ['nothing', ''],
  ])('an answer of %s is a failure, not an empty schedule', async (_what, body) => {
    opsgenie.fail({ status: 200, body });
    expect(await whyOf(onCall.shifts(FIRST))).toContain('cannot be read');
  });

  it('a silent server is given up in time', async () => {
    opsgenie.fail('hang');
    const startedAt = performance.now();
    expect(await whyOf(onCall.shifts(FIRST))).toContain('does not answer');
    expect(performance.now() - startedAt).toBeLessThan(30_000);
  });
});
