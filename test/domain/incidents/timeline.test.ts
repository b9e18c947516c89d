/** The timeline says what was stored, in order, and nothing that people wrote in it is markup. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markdownText } from '../../../src/domain/incidents/markdown.ts';
import { timelineMarkdown } from '../../../src/domain/incidents/timeline-markdown.ts';
import { timelineOf } from '../../../src/domain/incidents/make-timeline.ts';
import type { TimelineInput } from '../../../src/domain/incidents/timeline.ts';
import type { Review } from '../../../src/domain/break-glass/follow-up.ts';
import type { Grant } from '../../../src/domain/grants/grant.ts';
import type { Incident } from '../../../src/domain/incidents/incident.ts';
import type { Person } from '../../../src/domain/principals/person.ts';
import type { Decision } from '../../../src/domain/requests/decision.ts';
import type { Request } from '../../../src/domain/requests/request.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 10, 22, 3, minute, 0));
const person = (name: string): Person => ({
  kind: 'person',
  id: `T1:${name}`,
  teamId: 'T1',
  userId: name,
  name,
  email: `${name}@acme.test`,
  timezone: null,
  isActive: true,
});
const [ada, olga, oscar] = [person('Ada'), person('Olga'), person('Oscar')];

const incident: Incident = {
  purpose: '',
  confirmedSeverity: null,
  confirmedSeverityAt: null,
  id: 'i1',
  teamId: 'T1',
  channelId: 'C1',
  channelName: 'inc-checkout',
  topic: 'cards fail',
  isPrivate: false,
  isArchived: false,
  channelUpdatedMs: 0,
  severity: 'sev1',
  state: 'closed',
  how: 'created',
  openedAt: at(0),
  openedBy: oscar.id,
  confirmedBy: oscar.id,
  confirmedAt: at(0),
  confirmedName: 'inc-checkout',
  closedAt: at(50),
  closedBy: oscar.id,
  closeCause: 'command',
  endsAt: at(52),
  endedAt: at(52),
  version: 4,
};

const request = (changes: Partial<Request> = {}): Request =>
  ({
    id: 'r1',
    requesterId: ada.id,
    target: 'orders-db',
    role: 'write',
    durationMs: 1_800_000,
    reason: 'repair order 1183',
    ticket: 'OPS-1',
    isBreakGlass: false,
    startsAt: null,
    state: 'approved',
    rule: 'Writes need an owner',
    policySha256: 'a'.repeat(64),
    createdAt: at(5),
    decidedAt: at(7),
    incidentId: incident.id,
    ...changes,
  }) as Request;

const grant = (changes: Partial<Grant> = {}): Grant =>
  ({
    id: 'g1',
    requestId: 'r1',
    state: 'removed',
    activatedAt: at(8),
    expiresAt: at(38),
    closedAt: at(52),
    endCause: 'incident_closed',
    endReason: null,
    endOutcome: 'removed',
    keptAt: null,
    firstUsedAt: null,
    reportsUsage: false,
    ...changes,
  }) as Grant;

const decision = (changes: Partial<Decision> = {}): Decision => ({
  id: 'd1',
  requestId: 'r1',
  outcome: 'approved',
  rule: 'Writes need an owner',
  policySha256: 'a'.repeat(64),
  byPersonId: olga.id,
  reason: null,
  decidedAt: at(7),
  ...changes,
});

type Tied = TimelineInput['requests'][number];
const vote = {
  requestId: 'r1',
  voterId: olga.id,
  voter: olga,
  kind: 'approve',
  reason: 'go',
  inSteadOf: null,
} as const;
const tied = (changes: Partial<Tied> = {}): Tied => ({
  request: request(),
  requester: ada,
  votes: [{ ...vote, createdAt: at(7) }],
  decision: decision(),
  decidedBy: olga,
  grant: grant(),
  endedBy: null,
  review: null,
  ...changes,
});

const input = (changes: Partial<TimelineInput> = {}): TimelineInput => ({
  now: at(59),
  incident,
  openedBy: oscar,
  closedBy: oscar,
  confirmedBy: oscar,
  requests: [tied()],
  history: [
    { type: 'incident.opened', at: at(0), by: oscar, data: { name: 'inc-checkout' } },
    { type: 'incident.closed', at: at(50), by: oscar, data: { cause: 'command' } },
    { type: 'incident.ended', at: at(52), by: null, data: {} },
  ],
  shownAt: new Map([['g1', at(9)]]),
  ...changes,
});

describe('a timeline', () => {
  it('tells who had what, when, why, who agreed, by which rule, and how it ended', () => {
    const [access] = timelineOf(input()).access;
    expect(access).toMatchObject({
      who: { name: 'Ada', email: 'Ada@acme.test' },
      target: 'orders-db',
      role: 'write',
      reason: 'repair order 1183',
      ticket: 'OPS-1',
      rule: 'Writes need an owner',
      votes: [{ by: { name: 'Olga' }, kind: 'approve', at: '2026-11-22T03:07:00.000Z', reason: 'go' }],
      startedAt: '2026-11-22T03:08:00.000Z',
      credentialsShownAt: '2026-11-22T03:09:00.000Z',
      endedAt: '2026-11-22T03:52:00.000Z',
      endCause: 'incident_closed',
      endOutcome: 'removed',
      outcome: 'ended',
    });
  });

  const live = { state: 'active', closedAt: null, endCause: null, endOutcome: null } as const;
  it.each([
    [
      'when it was first seen in use',
      grant({ reportsUsage: true, firstUsedAt: at(12) }),
      'First seen in use: 2026-11-22 03:12:00',
    ],
    ['that it was not seen in use, and not that it was not used', grant({ reportsUsage: true }), 'Not seen in use'],
    ['that it was not seen so far while it lives', grant({ ...live, reportsUsage: true }), 'Not seen in use so far'],
    ['that it is not known where the target does not report it', grant(), 'First seen in use: not known'],
    [
      'of access from before that was read what was seen at its end',
      grant({ firstUsedAt: at(51) }),
      'First seen in use: 2026-11-22 03:51:00',
    ],
    [
      'nothing of access that never began',
      grant({ state: 'failed', activatedAt: null, reportsUsage: false }),
      'First seen in use: never',
    ],
  ])('says %s', (_what, given, said) => {
    const { firstUsedAt, reportsUsage } = given;
    const timeline = timelineOf(input({ requests: [tied({ grant: given })] }));
    expect(timeline.access[0]).toMatchObject({
      firstUsedAt: firstUsedAt?.toISOString() ?? null,
      isUseTold: reportsUsage,
    });
    expect(timelineMarkdown(timeline).split('\n')).toContain(`- ${said}`);
  });

  it('says who overrode which freeze for it, and why, as text', () => {
    const by = { id: oscar.id, userId: oscar.userId, name: oscar.name, email: oscar.email };
    const because = { kind: 'incident', id: 'i1', channelId: 'C1', title: 'inc-checkout' } as const;
    const common = { id: 'f1', isClaimed: true, repositoryId: '', run: '', sha: '' };
    const said = { freezes: ['peak'], by, reason: 'the [payout](http://x.test) is blocked', because };
    const timeline = timelineOf(
      input({ requests: [tied({ request: request({ origin: { kind: 'override', ...common, ...said } }) })] }),
    );
    expect(timeline.access[0]?.override).toEqual({ by: 'Oscar', freezes: ['peak'], reason: said.reason });
    expect(timeline.events).toContainEqual({
      at: at(5).toISOString(),
      what: 'overrode freeze peak',
      who: 'Oscar',
      detail: 'orders-db/write',
      requestId: 'r1',
    });
    expect(timelineMarkdown(timeline)).toContain(`- Freeze peak overridden by Oscar: ${markdownText(said.reason)}`);
  });

  it('has the first use among what happened, where it was seen', () => {
    const used = tied({ grant: grant({ reportsUsage: true, firstUsedAt: at(12) }) });
    const { events } = timelineOf(input({ requests: [used] }));
    expect(events).toContainEqual({
      at: at(12).toISOString(),
      what: 'first seen in use',
      who: 'Ada',
      detail: 'orders-db/write',
      requestId: 'r1',
    });
  });

  it('has everything that happened, in its order', () =>
    expect(timelineOf(input()).events.map(({ what }) => what)).toEqual([
      'incident opened',
      'requested',
      'agreed',
      'approved',
      'access began',
      'credentials first shown',
      'incident closed',
      'access of the incident ended',
      'access ended',
    ]));

  it('says of break-glass that it had no approval, and what its review said', () => {
    const review = { outcome: 'not_justified', note: 'could have waited' } as Review;
    const glass = tied({
      request: request({ isBreakGlass: true }),
      votes: [],
      decision: decision({ rule: 'break-glass' }),
      review,
    });
    const page = timelineMarkdown(timelineOf(input({ requests: [glass] })));
    expect(page).toContain('no approval (break-glass)');
    expect(page).toContain('Review: not justified, could have waited');
  });

  it.each([
    ['a rule', { votes: [], decidedBy: null, decision: decision({ byPersonId: null }) }, 'the rule by itself'],
    [
      'nobody yet',
      { votes: [], decidedBy: null, decision: null, grant: null, request: request({ state: 'pending' }) },
      'waiting',
    ],
    [
      'its lapse',
      { votes: [], decidedBy: null, decision: null, grant: null, request: request({ state: 'lapsed' }) },
      'lapsed',
    ],
    [
      'a kept one',
      { grant: grant({ state: 'active', closedAt: null, endCause: null, endOutcome: null, keptAt: at(51) }) },
      'kept, still live',
    ],
    ['one by hand', { grant: grant({ endCause: 'revoked', endReason: 'enough' }), endedBy: olga }, 'revoked by Olga'],
  ] satisfies [string, Partial<Tied>, string][])('tells %s', (_what, changes, said) =>
    expect(timelineMarkdown(timelineOf(input({ requests: [tied(changes)] })))).toContain(said),
  );

  it('says so when no one requested anything', () =>
    expect(timelineMarkdown(timelineOf(input({ requests: [] })))).toContain(
      'No one requested access in this incident',
    ));
});

const HOSTILE = [
  '<script>alert(1)</script>',
  '[click](https://evil.test)',
  '| a | b |',
  '# heading',
  '`code`',
  '**bold** ~~x~~ _y_',
  '<!channel> @here https://evil.test www.evil.test mail@evil.test',
  'line one\n\n# line two\r\n| x |',
  '\u202Egnp.exe\u2066 \u200B',
  '![i](x) &lt; \\',
];

describe('hostile text', () => {
  const words = fc.oneof(fc.constantFrom(...HOSTILE), fc.string({ unit: 'binary', maxLength: 80 }));

  it('is one line without markup, a link or a cell', () =>
    fc.assert(
      fc.property(words, (text) => {
        const safe = markdownText(text);
        expect(safe).not.toMatch(/[\r\n\u2028\u2029\u202A-\u202E\u2066-\u2069\u200B]/);
        // Whatever could mean something has a backslash before it that is itself not escaped.
        expect(safe.replaceAll(/\\[!-/:-@[-`{-~]/g, '')).not.toMatch(/[\\`*_{}[\]#!|<>~&:@$^]|www\./i);
      }),
    ));

  it('changes nothing of the page around it', () =>
    fc.assert(
      fc.property(words, words, words, (reason, topic, name) => {
        const hostile = input({
          incident: { ...incident, topic: `x${topic}` },
          requests: [tied({ request: request({ reason, ticket: null }), requester: { ...ada, name } })],
        });
        const plain = input({ requests: [tied({ request: request({ reason: 'x', ticket: null }) })] });
        const shape = (page: string): string[] =>
          page
            .split('\n')
            .filter((line) => /^(#|\||- )/.test(line))
            .map((line) => line.slice(0, 2));
        const page = timelineMarkdown(timelineOf(hostile));
        expect(shape(page)).toEqual(shape(timelineMarkdown(timelineOf(plain))));
        const row = page.split('\n').find((line) => line.includes('orders-db') && line.startsWith('|')) ?? '';
        expect(row.replaceAll('\\|', '').split('|')).toHaveLength(9);
      }),
    ));

  it('is short in the end', () => expect(markdownText('é'.repeat(2000)).length).toBeLessThanOrEqual(500));
});
