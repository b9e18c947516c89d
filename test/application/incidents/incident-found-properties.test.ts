/** Any steps in any order: the rules see only what trusted people said themselves, and the record names only who did it. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { factsOfIncident } from '../../../src/application/decisions/incident-facts.ts';
import { SYSTEM } from '../../../src/domain/audit/events.ts';
import { newId } from '../../../src/lib/ids.ts';
import type { Incident } from '../../../src/domain/incidents/incident.ts';
import { policyOf, startIncidentRig } from './incident-rig.ts';
import type { IncidentRig } from './incident-rig.ts';
import { refusalOf } from '../../support/refusal.ts';

const SETTINGS = `channels: ["inc-*"], warning: 1h, open_by: [sre], tool: { users: [B0TOOL], opens: "^Declared", closes: "^Resolved" }`;
const TRUSTED = 'U0RITA';

let rig: IncidentRig;
beforeAll(async () => {
  rig = await startIncidentRig();
  rig.setPolicy(policyOf(SETTINGS));
});
afterAll(() => rig.close());

type Believed = { open: boolean; channel: string; severity: string };

/** What rules see for a person who may not open incidents: all of it was confirmed. */
const believed = async (channelId: string): Promise<Believed> => {
  const person = await rig.directory.person('U0ADA');
  const incident = await rig.store.read.incidentOfChannel(channelId);
  return factsOfIncident(rig, policyOf(SETTINGS), { person, freshness: 'fresh', incident });
};

const PEOPLE = [TRUSTED, 'U0OSCAR', 'U0MALLORY'];
const TEXTS = ['', 'sev1', 'sev2 it burns', 'all well', 'P3'];
const NAMES = ['inc-a', 'inc-b', 'inc-a-closed', 'lobby'];

type Slack = { name: string; topic: string; purpose: string; isArchived: boolean; isRenamed: boolean };
type Step =
  | { do: 'topic' | 'rename'; text: string; by: string; isNotified: boolean }
  | { do: 'purpose'; text: string; by: string }
  | { do: 'archive' | 'unarchive' | 'invite' | 'open' | 'close'; by: string }
  | { do: 'severity'; by: string; text: string }
  | { do: 'created' | 'list' | 'look' | 'alert'; by: null }
  | { do: 'tool'; by: 'B0TOOL'; text: string };

const by = fc.constantFrom(...PEOPLE);
const text = fc.constantFrom(...TEXTS);
const of = <T extends string>(...all: T[]) => fc.constantFrom(...all);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: of('topic'), text, by, isNotified: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ do: of('rename'), text: of(...NAMES), by, isNotified: fc.boolean() }) },
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
    if (one.isNotified) await note({ userId: one.by, said: { topic: one.text, at: new Date() } });
  } else if (one.do === 'rename') {
    slack.isRenamed ||= slack.name !== one.text;
    slack.name = one.text;
    await note({ how: 'renamed' });
    if (one.isNotified) await note({ userId: one.by, said: { name: one.text, at: new Date() } });
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
    await useCases.handleToolMessage({ channel: channel(), userIds: [one.by], text: one.text, postedAt: new Date() });
};

type Words = { open: boolean; names: string[]; severity: string };
const NOTHING: Words = { open: false, names: [], severity: '' };

/** The only texts that the rules may see anew because of this step. */
const ownWords = (one: Step, at: { known: Incident | null; slack: Slack; maker: string }): Words => {
  const { known, slack, maker } = at;
  // Who made the channel said its first name, also where Slack brings that late; they open an incident with it only where none is known.
  const isMade = (one.do === 'created' || one.do === 'list') && maker === TRUSTED;
  if (isMade) return { ...NOTHING, open: known === null, names: ['inc-a'] };
  if (one.do === 'tool') return { ...NOTHING, open: 'text' in one && one.text === 'Declared' };
  if (one.by !== TRUSTED) return NOTHING;
  if (one.do === 'topic')
    return { ...NOTHING, severity: one.isNotified ? (/sev\d|p\d/i.exec(one.text)?.[0].toLowerCase() ?? '') : '' };
  if (one.do === 'rename') return { ...NOTHING, names: one.isNotified ? [one.text] : [] };
  if (one.do === 'severity') return { ...NOTHING, severity: one.text };
  if (one.do === 'unarchive') return { ...NOTHING, open: true };
  // Where an incident is open, its name is the one that Latchkey's message showed; else it is that of the channel they type in.
  const shown = known?.state === 'open' ? known.channelName : slack.name;
  return one.do === 'open' ? { ...NOTHING, open: true, names: [shown] } : NOTHING;
};

const AUTHORED = new Set(['incident.topic', 'incident.renamed', 'incident.severity']);

type Moment = { believed: Believed; ends: Record<string, string>; known: Incident | null; events: number };

const momentOf = async (channelId: string): Promise<Moment> => ({
  believed: await believed(channelId),
  ends: await endsOf(channelId),
  known: await rig.store.read.incidentOfChannel(channelId),
  events: (await rig.events()).length,
});

type Taken = { one: Step; maker: string; words: Words; before: Moment; after: Moment };

/** What the rules see that nobody trusted has said; planned expirations that nobody trusted cancelled. */
const unsaid = ({ one, words, before, after }: Taken, confirmed: Omit<Believed, 'open'>): string[] => {
  const { open, channel, severity } = after.believed;
  const isTrusted = one.by === TRUSTED || one.by === 'B0TOOL';
  const isCancelled = Object.entries(before.ends).some(([id, ends]) => after.ends[id] !== ends);
  return [
    ...(open && !before.believed.open && !words.open ? ['open'] : []),
    ...(open && ![confirmed.channel, '', ...words.names].includes(channel) ? [`channel ${channel}`] : []),
    ...(open && ![confirmed.severity, '', words.severity].includes(severity) ? [`severity ${severity}`] : []),
    ...(isCancelled && !isTrusted ? ['an expiration was cancelled'] : []),
  ];
};

/** Events in the name of a person who did not do it, or with words that are not theirs. */
const untrue = async ({ one, maker, before }: Taken): Promise<string[]> => {
  const doer = one.do === 'created' || one.do === 'list' ? maker : one.by;
  const isTheirs = (after: unknown): boolean =>
    'text' in one && one.text.toLowerCase().includes(String(after).toLowerCase());
  return (await rig.events())
    .slice(before.events)
    .filter(({ type, actor }) => type.startsWith('incident.') && actor.id !== SYSTEM.id)
    .filter(
      ({ type, actor, data }) => actor.id !== `T1:${doer ?? ''}` || (AUTHORED.has(type) && !isTheirs(data['after'])),
    )
    .map(({ type, actor }) => `${type} by ${actor.id}`);
};

it('whatever happens in a channel, the rules see only the own words of trusted people, and the record names only who did it', async () => {
  await fc.assert(
    fc.asyncProperty(of(...PEOPLE), fc.array(step, { minLength: 5, maxLength: 14 }), async (maker, steps) => {
      const channelId = `C${newId().toUpperCase()}`;
      const topic = 'sev1 from the start';
      const slack: Slack = { name: 'inc-a', topic, purpose: '', isArchived: false, isRenamed: false };
      const first: Step = { do: 'created', by: null };
      let confirmed = { channel: '', severity: '' };
      for (const one of [first, ...steps]) {
        const before = await momentOf(channelId);
        await take(channelId, slack, { maker, one });
        const after = await momentOf(channelId);
        const words = ownWords(one, { known: before.known, slack, maker });
        const taken = { one, maker, words, before, after };
        expect([...unsaid(taken, confirmed), ...(await untrue(taken))]).toEqual([]);
        const { open, channel, severity } = after.believed;
        // What was said of an incident that is closed now is there when a trusted person opens it again.
        if (open) confirmed = { channel, severity };
        else
          confirmed = {
            channel: words.names[0] ?? confirmed.channel,
            severity: words.severity === '' ? confirmed.severity : words.severity,
          };
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
