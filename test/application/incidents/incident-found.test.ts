/** Found is not said: what stands in an incident's channel has no author, and only a trusted person's own words reach the rules. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { factsOfIncident } from '../../../src/application/decisions/incident-facts.ts';
import { SYSTEM } from '../../../src/domain/audit/events.ts';
import { policyOf, startIncidentRig } from './incident-rig.ts';
import type { IncidentRig } from './incident-rig.ts';

const SETTINGS = `channels: ["inc-*"], warning: 1h, open_by: [sre], tool: { users: [B0TOOL], opens: "^Declared", closes: "^Resolved" }`;
const TRUSTED = 'U0RITA';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf(SETTINGS));
});
afterEach(() => rig.close());

type Believed = { open: boolean; channel: string; severity: string };

/** What rules see for a person who may not open incidents: all of it was confirmed. */
const believed = async (channelId: string): Promise<Believed> => {
  const person = await rig.directory.person('U0ADA');
  const incident = await rig.store.read.incidentOfChannel(channelId);
  return factsOfIncident(rig, policyOf(SETTINGS), { person, freshness: 'fresh', incident });
};

const CHANNEL = { channelId: 'C0INC', name: 'inc-checkout', topic: '', purpose: '', isPrivate: false };
const command = (userId: string, changes: Partial<typeof CHANNEL> = {}, severity: string | null = null) =>
  rig.useCases.openIncident({ userId, channel: { ...CHANNEL, ...changes }, severity });
const changesBy = async (): Promise<[string, string][]> =>
  (await rig.events()).filter(({ type }) => type.startsWith('incident.')).map(({ type, actor }) => [type, actor.id]);

describe('what is found in the channel', () => {
  it.each([
    ['a topic', { topic: 'checkout is slow, sev1' }, 'incident.topic'],
    ['a purpose', { purpose: 'for the sev1 of checkout' }, 'incident.purpose'],
    ['a name', { name: 'inc-sev1-checkout' }, 'incident.renamed'],
  ])(
    '%s, while a trusted person does something else, is in nobody’s name and no rule sees it',
    async (_, change, type) => {
      await rig.note({ userId: TRUSTED });
      const before = await believed('C0INC');
      expect(before).toEqual({ open: true, channel: 'inc-checkout', severity: '' });
      await command(TRUSTED, change);
      await rig.useCases.handleToolMessage({
        channel: { ...CHANNEL, ...change },
        userIds: ['B0TOOL'],
        text: 'Declared: sev1',
        postedAt: new Date(),
      });
      await rig.note({ ...change, how: 'invited', userId: TRUSTED, said: {} });
      await rig.note({ ...change, how: 'created', userId: TRUSTED, said: { name: 'inc-checkout' } });
      await rig.note({ ...change, how: 'found', userId: TRUSTED, said: { isArchived: true } });
      expect(await believed('C0INC')).toEqual(before);
      expect((await changesBy()).filter(([what]) => what === type)).toEqual([[type, SYSTEM.id]]);
      expect((await changesBy()).filter(([what]) => what === 'incident.severity')).toEqual([]);
    },
  );

  it('is shown from the start and not believed, until a trusted person says it', async () => {
    const { incident } = await rig.note({ userId: TRUSTED, topic: 'sev1', purpose: 'sev2' });
    expect(incident).toMatchObject({ severity: 'sev1', confirmedSeverity: null, purpose: 'sev2' });
    expect(await believed('C0INC')).toMatchObject({ open: true, severity: '' });
    await rig.useCases.setSeverity({ userId: TRUSTED, channelId: 'C0INC', severity: 'sev1' });
    expect(await believed('C0INC')).toMatchObject({ severity: 'sev1' });
    expect((await rig.events()).at(-1)).toMatchObject({ type: 'incident.severity', actor: { id: 'T1:U0RITA' } });
    await rig.note({ topic: 'all well, sev3', how: 'found', userId: null, said: {} });
    expect(await believed('C0INC')).toMatchObject({ severity: 'sev1' });
  });

  it('is not inherited by the confirmation of an incident that somebody else opened', async () => {
    await rig.note({ userId: 'U0MALLORY', topic: 'sev1' });
    expect(await command(TRUSTED, { topic: 'sev1' })).toMatchObject({ outcome: 'confirmed', isConfirmed: true });
    expect(await believed('C0INC')).toEqual({ open: true, channel: 'inc-checkout', severity: '' });
  });

  it('gives not even those who may open incidents its name and severity before one of them confirmed it', async () => {
    await rig.note({ userId: 'U0MALLORY', topic: 'sev1' });
    const person = await rig.directory.person(TRUSTED);
    const asked = { person, freshness: 'fresh' as const, incident: await rig.incident() };
    expect(await factsOfIncident(rig, policyOf(SETTINGS), asked)).toEqual({ open: true, channel: '', severity: '' });
  });

  it('confirms nothing under a name that came up just then', async () => {
    await rig.note({ userId: 'U0MALLORY' });
    expect(await command(TRUSTED, { name: 'inc-payments' })).toMatchObject({ outcome: 'renamed', isConfirmed: false });
    expect(await believed('C0INC')).toMatchObject({ open: false });
    expect(await command(TRUSTED, { name: 'inc-payments' })).toMatchObject({ outcome: 'confirmed' });
    expect(await believed('C0INC')).toMatchObject({ open: true, channel: 'inc-payments' });
  });
});

describe('words of a person that an event names', () => {
  it('count when they are trusted, are there still, and are not older than what was said since', async () => {
    await rig.note({ userId: TRUSTED });
    const [early, late] = [new Date(Date.now() - 60_000), new Date(Date.now() + 60_000)];
    const topic = (text: string, userId: string, said: { topic: string; at: Date }) =>
      rig.note({ topic: text, userId, how: 'found', said });
    await topic('sev1 now', 'U0MALLORY', { topic: 'sev1 now', at: late });
    expect(await believed('C0INC')).toMatchObject({ severity: '' });
    await topic('sev3 by another', TRUSTED, { topic: 'sev2', at: late });
    expect(await believed('C0INC')).toMatchObject({ severity: '' });
    await topic('sev2', TRUSTED, { topic: 'sev2', at: early });
    expect(await believed('C0INC')).toMatchObject({ severity: 'sev2' });
    await rig.useCases.setSeverity({ userId: TRUSTED, channelId: 'C0INC', severity: 'sev4' });
    await topic('sev2', TRUSTED, { topic: 'sev2', at: early });
    expect(await believed('C0INC')).toMatchObject({ severity: 'sev4' });
    expect((await rig.events()).filter(({ type }) => type === 'incident.topic').map(({ actor }) => actor.id)).toEqual([
      'T1:U0MALLORY',
      SYSTEM.id,
      'T1:U0RITA',
    ]);
  });
});

describe('opening again by a person who may not open', () => {
  it('leaves the ends where they are, and what it opens is not confirmed and not theirs', async () => {
    await rig.note({ userId: TRUSTED });
    const view = await rig.ask({ userId: 'U0OSCAR' });
    await rig.settle();
    await rig.useCases.closeIncident({ userId: TRUSTED, channelId: 'C0INC' });
    const closed = await rig.incident();
    expect(await command('U0OSCAR')).toMatchObject({
      outcome: 'reopened',
      isConfirmed: false,
      incident: { openedBy: null, state: 'open' },
    });
    expect(await rig.store.read.incident(closed.id)).toMatchObject({ state: 'closed', endsAt: closed.endsAt });
    await expect(rig.useCases.closeIncident({ userId: 'U0MALLORY', channelId: 'C0INC' })).rejects.toMatchObject({
      code: 'incident_who',
    });
    await rig.warningIsOver();
    expect(await rig.endIncidents()).toBe(1);
    expect(await rig.grantOf(view)).toMatchObject({ state: 'removed', endCause: 'incident_closed' });
  });

  it('is the same by the archive, and at every close anew', async () => {
    await rig.note({ userId: TRUSTED });
    const view = await rig.ask({ userId: 'U0OSCAR' });
    await rig.settle();
    await rig.note({ isArchived: true, userId: TRUSTED, how: 'found', said: { isArchived: true } });
    for (const back of ['unarchived', 'created', 'invited', 'found', 'renamed'] as const) {
      await rig.note({ how: back, userId: back === 'unarchived' ? 'U0OSCAR' : TRUSTED });
      expect(await believed('C0INC')).toMatchObject({ open: false });
      await rig.note({ isArchived: true, userId: 'U0OSCAR', how: 'found', said: { isArchived: true } });
    }
    await rig.warningIsOver();
    await rig.endIncidents();
    expect(await rig.grantOf(view)).toMatchObject({ state: 'removed', endCause: 'incident_closed' });
  });
});
