/** What the prompt of an incident shows: who is on call, what of the likely targets they would get at once, and who could let them in. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

const brief = async (channelId = 'C0INC') => {
  const briefing = await rig.useCases.incidentBriefing({ channelId });
  if (!briefing) throw new Error('no briefing');
  return briefing;
};
const targetOf = async (name: string) => (await brief()).targets.find(({ target }) => target === name);
const namesOf = (people: readonly { name: string }[] | null | undefined) => people?.map(({ name }) => name).toSorted();

test('it names who is on call, and of a target its roles with what the rules say to them', async () => {
  await rig.note({ name: 'inc-orders-db' });
  const { onCall, unknown } = await brief();
  expect(onCall.map(({ group, people }) => [group, namesOf(people)])).toEqual([['on-call', ['Oscar']]]);
  expect(unknown).toEqual([]);
  const found = await targetOf('orders-db');
  expect(found?.roles.map(({ role, decision, rule }) => [role, decision, rule])).toEqual([
    ['read', 'approve', 'Reads at once in an open incident'],
    ['write', 'ask', 'The rest needs an owner'],
  ]);
  expect(found?.roles[1]?.eligible.map(({ people }) => namesOf(people))).toEqual([['Olga', 'Sam']]);
});

test('where reading is approved at once it offers that, and the offer holds', async () => {
  await rig.note({ name: 'inc-orders-db' });
  const readNow = (await targetOf('orders-db'))?.readNow;
  expect(readNow).toEqual({
    role: 'read',
    durationMs: 1_800_000,
    rule: 'Reads at once in an open incident',
    reason: 'On call, incident #inc-orders-db',
  });
  const { request } = await rig.ask({ userId: 'U0OSCAR', reason: readNow?.reason ?? '' });
  expect(request).toMatchObject({ state: 'approved', rule: readNow?.rule });
});

test('a sensitive role is never offered at once, and neither is what needs more than the button says', async () => {
  const rules = (rule: string) => rig.setPolicy(policyOf(undefined, `rules:\n${rule}`));
  const rest = '  - { name: The rest needs an owner, approvals: [{ from: owners }] }';
  await rig.note({ name: 'inc-orders-db' });
  rules('  - { name: All, approve: true }');
  expect((await targetOf('orders-db'))?.readNow?.role).toBe('read');
  rules(`  - { name: Writes, match: { roles: ["*/write"] }, approve: true }\n${rest}`);
  expect((await targetOf('orders-db'))?.readNow).toBeNull();
  rules('  - { name: All, approve: true, require: { ticket: "^OPS-" } }');
  const found = await targetOf('orders-db');
  expect(found?.readNow).toBeNull();
  expect(found?.roles.map(({ decision }) => decision)).toEqual(['approve', 'approve']);
});

test('where who is on call cannot be read it says so, guesses nothing, and shows the owners', async () => {
  rig.failing.add('on-call');
  await rig.note({ name: 'inc-orders-db' });
  const { onCall, unknown } = await brief();
  expect(onCall).toEqual([{ group: 'on-call', people: null }]);
  expect(unknown).toEqual(['on-call']);
  const found = await targetOf('orders-db');
  expect(found?.readNow).toBeNull();
  expect(
    found?.roles.map(({ decision, rule, eligible }) => [decision, rule, eligible.map(({ label }) => label)]),
  ).toEqual([
    ['ask', null, ['owners']],
    ['ask', null, ['owners']],
  ]);
});

test('it is of the incident that the channel has, and of none else', async () => {
  expect(await rig.useCases.incidentBriefing({ channelId: `C0'; --` })).toBeNull();
  expect(await rig.useCases.incidentBriefing({ id: 'none' })).toBeNull();
  await rig.note();
  const { view } = await brief();
  expect((await rig.useCases.incidentBriefing({ id: view.incident.id }))?.view.incident.channelId).toBe('C0INC');
});
