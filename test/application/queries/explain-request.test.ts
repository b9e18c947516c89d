/** Which rule would decide a request, and who would be asked, is explained without a trace of it. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';
import { alertPolicy } from '../alerts/some-alert.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

type Changes = Partial<Parameters<IncidentRig['useCases']['explainRequest']>[0]>;
const explain = (changes: Changes = {}) =>
  rig.useCases.explainRequest({
    userId: 'U0ADA',
    forUserId: null,
    target: 'orders-db',
    role: 'write',
    durationMs: null,
    reason: 'repair order 1183 by hand',
    ticket: null,
    ...changes,
  });

test('it names the rule that decides, those who would be asked, and the rules that were passed over', async () => {
  const { lines, verdict, person } = await explain();
  expect(person.id).toBe('T1:U0ADA');
  expect(verdict).toMatchObject({ decision: 'ask', rule: 'The rest needs an owner' });
  const text = lines.join('\n');
  expect(text).toMatch(/Decided by the rule "The rest needs an owner" \(line \d+\), for up to 1h\./);
  expect(text).toMatch(/1 from owners: (Olga, Sam|Sam, Olga)/);
  expect(text).toMatch(/Passed over:\n {2}- "Nobody writes in a small incident"/);
});

test('it says the same as sending the request, and nothing is stored or sent', async () => {
  await rig.note();
  const counts = () =>
    Promise.all(
      ['requests', 'audit_events', 'outbox', 'people'].map(
        async (table) => (await rig.pool.query(`select count(*)::int as n from ${table}`)).rows[0].n,
      ),
    );
  const before = await counts();
  const { verdict } = await explain({ role: 'read', incidentChannelId: 'C0INC' });
  expect(await counts()).toEqual(before);
  const sent = await rig.ask({ role: 'read' });
  expect([verdict.decision, verdict.rule]).toEqual(['approve', sent.request.rule]);
});

test('another person is judged as they are: nobody is asked about themselves', async () => {
  const { lines, person } = await explain({ forUserId: 'U0OLGA' });
  expect(person.id).toBe('T1:U0OLGA');
  expect(lines.join('\n')).toContain('1 from owners: Sam');
  await expect(explain({ forUserId: 'U0NEVER' })).rejects.toMatchObject({ code: 'unknown_person' });
});

test('an approver who is away is shown with their delegate', async () => {
  await rig.useCases.setAway({ userId: 'U0OLGA', when: '2d', delegateUserId: 'U0RITA' });
  expect((await explain()).lines.join('\n')).toContain('Olga (away, Rita stands in)');
});

test('a pre-approval is shown, since with it nobody is asked', async () => {
  await rig.useCases.preApprove({
    userId: 'U0OLGA',
    personUserId: 'U0ADA',
    target: 'orders-db',
    role: 'write',
    forMs: 3_600_000,
  });
  expect((await explain()).lines.join('\n')).toMatch(/Pre-approved by Olga: Ada gets access at once/);
});

test('a group that cannot be read is named', async () => {
  rig.failing.add('dba');
  expect((await explain()).lines.join('\n')).toContain('Could not be looked up just now: dba.');
});

test.each([
  ['unknown', 'There is no target "unknown".'],
  ['__proto__', 'There is no target "__proto__".'],
  [`'; drop table requests; --`, `There is no target "'; drop table requests; --".`],
])('of a target %s that does not exist it says that', async (target, line) => {
  expect((await explain({ target })).lines).toEqual([line]);
});

test('it can be explained as if an alert fired, for who is on call for it and nobody else', async () => {
  rig.setPolicy(alertPolicy());
  const statedAlert = { name: 'lag', severity: 'critical' };
  const [onCall, other] = [
    await explain({ userId: 'U0OSCAR', role: 'read', statedAlert }),
    await explain({ role: 'read', statedAlert }),
  ];
  expect([onCall.verdict.rule, other.verdict.rule]).toEqual([
    'The lag lets those on call read',
    'The rest needs an owner',
  ]);
  await expect(explain({ statedAlert: { ...statedAlert, name: 'none' } })).rejects.toMatchObject({
    code: 'alert_not_found',
  });
  rig.setPolicy(policyOf());
  await expect(explain({ statedAlert })).rejects.toMatchObject({ code: 'alert_not_found' });
});
