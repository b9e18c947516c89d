/** Found is not said: what stands in an incident's channel has no author, and only a trusted person's own words reach the rules. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { factsOfIncident } from '../../src/usecases/incident-facts.ts';
import { SYSTEM } from '../../src/core/events.ts';
import { newId } from '../../src/lib/ids.ts';
import type { Incident } from '../../src/core/types.ts';
import { policyOf, startIncidentRig } from './incident-rig.ts';
import type { IncidentRig } from './incident-rig.ts';
import { refusalOf } from '../support/refusal.ts';

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
      await rig.useCases.noteToolMessage({
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
    expect(await command(TRUSTED, { topic: 'sev1' })).toMatchObject({ outcome: 'vouched', isVouched: true });
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
    expect(await command(TRUSTED, { name: 'inc-payments' })).toMatchObject({ outcome: 'renamed', isVouched: false });
    expect(await believed('C0INC')).toMatchObject({ open: false });
    expect(await command(TRUSTED, { name: 'inc-payments' })).toMatchObject({ outcome: 'vouched' });
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
      isVouched: false,
      incident: { openedBy: null, state: 'open' },
    });
    expect(await rig.store.read.incident(closed.id)).toMatchObject({ state: 'closed', endsAt: closed.endsAt });
    await expect(rig.useCases.closeIncident({ userId: 'U0MALLORY', channelId: 'C0INC' })).rejects.toMatchObject({
      code: 'incident_who',
    });
    await rig.warningIsOver();
    expect(await rig.endIncidents()).toBe(1);
    expect(await rig.grantOf(view)).toMatchObject({ state: 'ended', endCause: 'incident_closed' });
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
    expect(await rig.grantOf(view)).toMatchObject({ state: 'ended', endCause: 'incident_closed' });
  });
});

const PEOPLE = [TRUSTED, 'U0OSCAR', 'U0MALLORY'];
const TEXTS = ['', 'sev1', 'sev2 it burns', 'all well', 'P3'];
const NAMES = ['inc-a', 'inc-b', 'inc-a-closed', 'lobby'];

type Slack = { name: string; topic: string; purpose: string; isArchived: boolean; isRenamed: boolean };
type Step =
  | { do: 'topic' | 'rename'; text: string; by: string; isTold: boolean }
  | { do: 'purpose'; text: string; by: string }
  | { do: 'archive' | 'unarchive' | 'invite' | 'open' | 'close'; by: string }
  | { do: 'severity'; by: string; text: string }
  | { do: 'created' | 'list' | 'look' | 'alert'; by: null }
  | { do: 'tool'; by: 'B0TOOL'; text: string };

const by = fc.constantFrom(...PEOPLE);
const text = fc.constantFrom(...TEXTS);
const of = <T extends string>(...all: T[]) => fc.constantFrom(...all);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: of('topic'), text, by, isTold: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: of('rename'), text: of(...NAMES), by, isTold: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: of('purpose'), text, by }) },
  { weight: 6, arbitrary: fc.record({ do: of('archive', 'unarchive', 'invite', 'open', 'close'), by }) },
  { weight: 2, arbitrary: fc.record({ do: of('severity'), by, text: of('sev1', 'sev2', 'p3') }) },
  { weight: 3, arbitrary: fc.record({ do: of('created', 'list', 'look', 'alert'), by: fc.constant(null) }) },
  { weight: 1, arbitrary: fc.record({ do: of('tool'), text: of('Declared', 'Resolved'), by: of('B0TOOL') }) },
);

/** Does the step in the pretended workspace, and brings Latchkey what Slack would. */
const take = async (channelId: string, slack: Slack, { maker, one }: { maker: string; one: Step }): Promise<void> => {
  const { useCases } = rig;
  const channel = () => ({ channelId, name: slack.name, topic: slack.topic, purpose: slack.purpose, isPrivate: false });
  const note = (changes: Parameters<IncidentRig['note']>[0]) =>
    rig.note({ ...channel(), isArchived: slack.isArchived, how: 'found', userId: null, said: {}, ...changes });
  if (one.do === 'topic') {
    slack.topic = one.text;
    if (one.isTold) await note({ userId: one.by, said: { topic: one.text, at: new Date() } });
  } else if (one.do === 'rename') {
    slack.isRenamed ||= slack.name !== one.text;
    slack.name = one.text;
    await note({ how: 'renamed' });
    if (one.isTold) await note({ userId: one.by, said: { name: one.text, at: new Date() } });
  } else if (one.do === 'purpose') slack.purpose = one.text;
  else if (one.do === 'archive' || one.do === 'unarchive') {
    slack.isArchived = one.do === 'archive';
    await note(
      slack.isArchived ? { userId: one.by, said: { isArchived: true } } : { userId: one.by, how: 'unarchived' },
    );
  } else if (one.do === 'invite') await note({ how: 'invited', userId: one.by });
  else if (one.do === 'created') await note({ how: 'created', userId: maker, said: { name: 'inc-a' } });
  else if (one.do === 'list') await note(slack.isRenamed ? {} : { userId: maker, said: { name: slack.name } });
  else if (one.do === 'look') await note({});
  else if (slack.isArchived) return;
  else if (one.do === 'open') await useCases.openIncident({ userId: one.by, channel: channel(), severity: null });
  else if (one.do === 'close') await refusalOf(useCases.closeIncident({ userId: one.by, channelId }));
  else if (one.do === 'severity')
    await refusalOf(useCases.setSeverity({ userId: one.by, channelId, severity: one.text }));
  else if (one.do === 'alert') await useCases.openIncidentForAlert({ channel: channel(), source: 'alertmanager' });
  else if ('text' in one)
    await useCases.noteToolMessage({ channel: channel(), userIds: [one.by], text: one.text, postedAt: new Date() });
};

/** The only texts that the rules may see anew because of this step. */
const ownWords = (
  one: Step,
  known: Incident | null,
  slack: Slack,
): { open: boolean; names: string[]; severity: string } => {
  const nothing = { open: false, names: [], severity: '' };
  if (one.do === 'tool') return { ...nothing, open: 'text' in one && one.text === 'Declared' };
  if (one.by !== TRUSTED) return nothing;
  if (one.do === 'topic')
    return { ...nothing, severity: one.isTold ? (/sev\d|p\d/i.exec(one.text)?.[0].toLowerCase() ?? '') : '' };
  if (one.do === 'rename') return { ...nothing, names: one.isTold ? [one.text] : [] };
  if (one.do === 'severity') return { ...nothing, severity: one.text };
  if (one.do === 'unarchive') return { ...nothing, open: true };
  // Where an incident is open, its name is the one that Latchkey's message showed; else it is that of the channel they type in.
  if (one.do === 'open')
    return { open: true, names: [known?.state === 'open' ? known.channelName : slack.name], severity: '' };
  return nothing;
};

const AUTHORED = new Set(['incident.topic', 'incident.renamed', 'incident.severity']);

it('whatever happens in a channel, the rules see only the own words of trusted people, and the record names only who did it', async () => {
  await fc.assert(
    fc.asyncProperty(of(...PEOPLE), fc.array(step, { minLength: 5, maxLength: 14 }), async (maker, steps) => {
      const channelId = `C${newId().toUpperCase()}`;
      const slack: Slack = {
        name: 'inc-a',
        topic: 'sev1 from the start',
        purpose: '',
        isArchived: false,
        isRenamed: false,
      };
      const first: Step = { do: 'created', by: null };
      let confirmed = { channel: '', severity: '' };
      for (const one of [first, ...steps]) {
        const known = await rig.store.read.incidentOfChannel(channelId);
        const [before, seenEvents, ends] = [
          await believed(channelId),
          (await rig.events()).length,
          await endsOf(channelId),
        ];
        await take(channelId, slack, { maker, one });
        const after = await believed(channelId);
        const words = ownWords(one, known, slack);
        const isMade = known === null && (one.do === 'created' || one.do === 'list') && maker === TRUSTED;
        if (after.open && !before.open) expect(words.open || isMade).toBe(true);
        if (after.open) {
          const names = [confirmed.channel, '', ...words.names, ...(isMade ? ['inc-a'] : [])];
          expect(names).toContain(after.channel);
          expect([confirmed.severity, '', words.severity]).toContain(after.severity);
          confirmed = { channel: after.channel, severity: after.severity };
        }
        const isLate = words.severity !== '' && !after.open;
        if (isLate) confirmed = { ...confirmed, severity: words.severity };
        for (const { type, actor, data } of (await rig.events()).slice(seenEvents)) {
          if (!type.startsWith('incident.') || actor.id === SYSTEM.id) continue;
          const doer = one.do === 'created' || one.do === 'list' ? maker : one.by;
          expect(actor.id).toBe(`T1:${doer ?? ''}`);
          if (AUTHORED.has(type) && 'text' in one)
            expect(one.text.toLowerCase()).toContain(String(data['after']).toLowerCase());
          if (AUTHORED.has(type)) expect('text' in one).toBe(true);
        }
        if (one.by !== TRUSTED && one.by !== 'B0TOOL') expect(await endsOf(channelId)).toMatchObject(ends);
      }
    }),
    { numRuns: 20 },
  );
}, 240_000);

/** Planned ends of closed incidents, by incident. */
const endsOf = async (channelId: string): Promise<Record<string, string>> => {
  const { rows } = await rig.pool.query<{ id: string; ends: string }>(
    'select id, ends_at::text as ends from incidents where channel_id = $1 and ends_at is not null',
    [channelId],
  );
  return Object.fromEntries(rows.map(({ id, ends }) => [id, ends]));
};
