/** What is shown of an incident: its view, the briefing of its prompt, its timeline, and when its messages are to be drawn again. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { policyOf, startIncidentRig } from '../incidents/incident-rig.ts';
import type { IncidentRig } from '../incidents/incident-rig.ts';

let rig: IncidentRig;
beforeEach(async () => {
  rig = await startIncidentRig();
});
afterEach(() => rig.close());

const here = { channelId: 'C0INC' };
const mustView = async () => {
  const view = await rig.useCases.incidentView(here);
  if (!view) throw new Error('no view');
  return view;
};

describe('the view', () => {
  it('has what is tied to the incident, live first, then what waits, and counts all of it', async () => {
    await rig.note();
    const waiting = await rig.ask({ role: 'write' });
    const live = await rig.ask();
    await rig.ask({ incidentChannelId: 'C0OTHER' });
    await rig.settle();
    const view = await mustView();
    expect(view.requests.map(({ request }) => request.id)).toEqual([live.request.id, waiting.request.id]);
    expect(view).toMatchObject({ counts: { live: 1, pending: 1, ended: 0 }, openedBy: { name: 'Oscar' } });
    expect(await rig.useCases.incidentView({ channelId: 'C0OTHER' })).toBeNull();
  });

  it('has a version that rises with every change of the incident and of what is tied to it', async () => {
    await rig.note();
    const versions = [(await mustView()).version];
    const next = async (): Promise<void> => void versions.push((await mustView()).version);
    await rig.ask();
    await next();
    await rig.settle();
    await next();
    await rig.note({ topic: 'sev1' });
    await next();
    await rig.useCases.closeIncident({ userId: 'U0OSCAR', channelId: 'C0INC' });
    await next();
    await rig.warningIsOver();
    await rig.endIncidents();
    await next();
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
  });

  it('is drawn again for every change of what is tied to it, and for nothing else', async () => {
    await rig.note();
    const drawn = async (): Promise<number> => (await rig.settle()).filter(({ kind }) => kind === 'incident').length;
    expect(await drawn()).toBe(1);
    await rig.ask({ incidentChannelId: 'C0OTHER' });
    expect(await drawn()).toBe(0);
    await rig.ask();
    expect(await drawn()).toBeGreaterThanOrEqual(2);
  });

  it('proposes the targets that the channel speaks of, and those of recent incidents', async () => {
    await rig.note({ channelId: 'C0PAST', name: 'inc-past' });
    await rig.ask({ target: 'users-db', incidentChannelId: 'C0PAST' });
    await rig.note({ topic: 'the orders database is slow' });
    expect((await mustView()).targets).toEqual([
      { target: 'orders-db', title: 'Orders database', why: [{ kind: 'topic' }] },
      { target: 'users-db', title: 'users-db', why: [{ kind: 'recent', incidents: 1 }] },
    ]);
  });
});

describe('the briefing', () => {
  it('says who is on call, who may approve, and what somebody on call gets at once', async () => {
    await rig.note({ name: 'inc-orders' });
    const briefing = await rig.useCases.incidentBriefing(here);
    expect(briefing).toMatchObject({
      onCall: [{ group: 'on-call', people: [{ name: 'Oscar' }] }],
      unknown: [],
    });
    expect(briefing?.targets[0]).toMatchObject({
      target: 'orders-db',
      readNow: { role: 'read', durationMs: 1_800_000, reason: 'On call, incident #inc-orders' },
      roles: [
        { role: 'read', decision: 'approve', eligible: [] },
        {
          role: 'write',
          decision: 'ask',
          eligible: [{ label: 'owners', people: [{ name: 'Olga' }, { name: 'Sam' }] }],
        },
      ],
    });
  });

  it('has no button where no rule lets anybody on call in at once', async () => {
    const rules = 'rules:\n  - name: The rest needs an owner\n    approvals: [{ from: owners }]';
    rig.setPolicy(policyOf('channels: ["inc-*"]', rules));
    await rig.note({ name: 'inc-orders' });
    expect((await rig.useCases.incidentBriefing(here))?.targets[0]).toMatchObject({
      target: 'orders-db',
      readNow: null,
    });
  });

  it('says what could not be looked up, and names the owners all the same', async () => {
    await rig.note({ name: 'inc-orders' });
    rig.failing.add('on-call');
    const briefing = await rig.useCases.incidentBriefing(here);
    expect(briefing).toMatchObject({ onCall: [{ group: 'on-call', people: null }], unknown: ['on-call'] });
    expect(briefing?.targets[0]).toMatchObject({ readNow: null });
    expect(briefing?.targets[0]?.roles[0]?.eligible[0]?.people.map(({ name }) => name)).toEqual(['Olga', 'Sam']);
  });
});

describe('the timeline', () => {
  it('tells the whole story from what was stored, as JSON and as a page', async () => {
    await rig.note({ topic: 'cards <fail> | [x](y)' });
    const { request } = await rig.ask({ role: 'write', reason: 'repair *order* 1183' });
    await rig.useCases.vote({ userId: 'U0OLGA', requestId: request.id, kind: 'approve', reason: null });
    await rig.settle();
    await rig.useCases.closeIncident({ userId: 'U0OSCAR', channelId: 'C0INC' });
    await rig.warningIsOver();
    await rig.endIncidents();
    const found = await rig.useCases.incidentTimeline(here);
    expect(found?.timeline.events.map(({ what, who }) => [what, who])).toEqual([
      ['incident opened', 'Oscar'],
      ['requested', 'Ada'],
      ['agreed', 'Olga'],
      ['approved', 'Olga'],
      ['access began', 'Ada'],
      ['incident closed', 'Oscar'],
      ['access of the incident ended', null],
      ['access ended', null],
    ]);
    expect(JSON.parse(found?.json ?? '')).toEqual(found?.timeline);
    expect(found?.markdown).toContain('repair \\*order\\* 1183');
    expect(found?.markdown).toContain('the incident was closed (removed, and its absence read back)');
  });

  it('knows of all of a long incident', async () => {
    await rig.note();
    await Promise.all(Array.from({ length: 120 }, () => rig.ask({ role: 'write' })));
    expect((await mustView()).requests).toHaveLength(100);
    expect((await rig.useCases.incidentTimeline(here))?.timeline.access).toHaveLength(120);
  });
});

describe('messages of an incident', () => {
  it('are rendered by one process at a time and kept once', async () => {
    const { incident } = await rig.note();
    const id = incident?.id ?? '';
    const { messages } = rig.store;
    const subject = { kind: 'incident', id } as const;
    const claims = await Promise.all([1, 2, 3].map(() => messages.claim(subject, 60_000)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    const copy = {
      kind: 'prompt',
      audience: 'C0INC',
      part: 0,
      channel: 'C0INC',
      ts: '1.2',
      renderedVersion: 1,
    } as const;
    const save = () => messages.save(subject, { ...copy, rendered: null, failure: null });
    await Promise.all([save(), save(), save()]);
    expect(await messages.list(subject)).toMatchObject([copy]);
    expect(await messages.release(subject)).toMatchObject({ version: (await mustView()).version });
    expect(await messages.claim(subject, 60_000)).toBe(true);
  });
});

describe('the incident tool and alerts', () => {
  const channel = { channelId: 'C0INC', name: 'inc-checkout', topic: '', purpose: '', isPrivate: false };
  const tell = (text: string, postedAt = new Date(Date.now() + 60_000)) =>
    rig.useCases.handleToolMessage({ channel, userIds: ['B0TOOL1'], text, postedAt });
  beforeEach(() =>
    rig.setPolicy(policyOf('channels: ["inc-*"], tool: { users: [B0TOOL1], opens: "^Declared", closes: "^Resolved" }')),
  );

  it('opens and closes by the messages of the tool, which the rules believe', async () => {
    expect(await tell('Hello')).toEqual({ outcome: 'nothing', incident: null });
    expect(await tell('Declared SEV1')).toMatchObject({ outcome: 'opened', incident: { openedBy: null, how: 'tool' } });
    expect((await rig.ask()).request.state).toBe('approved');
    expect(await tell('Resolved')).toMatchObject({ outcome: 'closed', incident: { closeCause: 'tool' } });
    expect(await tell('Resolved')).toMatchObject({ outcome: 'nothing' });
  });

  it('closes nothing by a message from before it was opened', async () => {
    await tell('Declared');
    expect(await tell('Resolved', new Date(Date.now() - 60_000))).toMatchObject({ outcome: 'nothing' });
  });

  it('opens for an alert, and the rules wait for the word of somebody', async () => {
    expect(await rig.useCases.openIncidentForAlert({ channel, source: 'alertmanager' })).toMatchObject({
      outcome: 'opened',
      incident: { how: 'alert', confirmedAt: null },
    });
    expect(await rig.useCases.openIncidentForAlert({ channel, source: 'alertmanager' })).toMatchObject({
      outcome: 'open',
    });
    expect((await rig.ask()).request.state).toBe('pending');
  });
});
