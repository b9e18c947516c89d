import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { Extension } from '../../src/domain/grants/extension.ts';
import type { Grant } from '../../src/domain/grants/grant.ts';
import type { GrantState, RequestState } from '../../src/domain/lifecycle.ts';
import { checkView } from '../../sandbox/src/slack/blocks/validate.ts';
import { approvalMessage } from '../../src/slack/messages/render/approval.ts';
import type { MessageFacts } from '../../src/application/messages/facts.ts';
import { factsOf } from '../../src/application/messages/facts.ts';
import { MESSAGE_TOTAL_MAX } from '../../src/slack/messages/render/limits.ts';
import { warningMessage } from '../../src/slack/messages/render/more-time.ts';
import { grantedMessage, outcomeMessage, requesterMessage } from '../../src/slack/messages/render/requester.ts';
import { stuckMessage } from '../../src/slack/messages/render/stuck.ts';
import { cut, date, escape, inline, quote, sentenceList } from '../../src/slack/messages/render/text.ts';
import type { Message } from '../../src/slack/messages/render/text.ts';
import { homeView } from '../../src/slack/door/home/home-view.ts';
import { credentialsView } from '../../src/slack/door/views/credentials.ts';
import { EMPTY } from '../../src/slack/door/views/form-state.ts';
import { durationChoices } from '../../src/slack/door/views/duration-field.ts';
import { requestForm } from '../../src/slack/door/views/request-form.ts';
import type { RequestView } from '../../src/application/record/request-view.ts';
import { buttonsOf, POLICY, policyOf, seen } from './rig.ts';
import { problemsOf } from '../support/card.ts';
import { grantOf, NOW, personOf, requestOf, viewWith } from './some-view.ts';

const policy = policyOf(POLICY);
const ada = personOf('U0ADA', 'u0ada');
const olga = personOf('U0OLGA', 'u0olga');

type Shape = { state?: RequestState; grant?: Grant | null; reason?: string; ticket?: string | null };

const viewOf = ({
  state = 'pending',
  grant: given = null,
  reason = 'checkout errors',
  ticket = 'OPS-12',
}: Shape = {}): RequestView =>
  viewWith(requestOf({ state, reason, ticket, decidedAt: state === 'pending' ? null : NOW }), {
    requester: ada,
    decidedBy: state === 'approved' || state === 'denied' ? olga : null,
    grant: given,
  });

const facts: MessageFacts = {
  ...factsOf(policy, { target: 'orders-db', role: 'read' }),
  guarantee: { endsBy: 'both', survives: null },
};
const drawings = [
  approvalMessage,
  requesterMessage,
  grantedMessage,
  outcomeMessage,
  stuckMessage,
  (view: RequestView, more: MessageFacts) => warningMessage(view, { ...more, offerMs: 1_800_000 }, 0),
];

/** Half an hour more on an active grant. */
const moreOf = (state: RequestState, move: Partial<Extension> | null, of: GrantState = 'active'): RequestView => {
  const view = viewOf({ state });
  const base = grantOf(of);
  return {
    ...view,
    request: { ...view.request, durationMs: 3_600_000, extendsGrantId: base.id, extendsByMs: 1_800_000 },
    extended: base,
    extension: move && {
      requestId: 'r1',
      grantId: base.id,
      decisionId: 'd1',
      state: 'moving',
      oldExpiresAt: base.expiresAt,
      newExpiresAt: new Date(base.expiresAt.getTime() + 1_800_000),
      attempts: 0,
      nextAttemptAt: NOW,
      error: null,
      createdAt: NOW,
      settledAt: null,
      ...move,
    },
  };
};

const every: [string, RequestView][] = [
  ...(['pending', 'denied', 'cancelled', 'lapsed'] as const).map((state): [string, RequestView] => [
    state,
    viewOf({ state }),
  ]),
  ...(['activating', 'active', 'ending', 'closed', 'removed', 'failed'] as const).map(
    (state): [string, RequestView] => [
      state,
      viewOf({ state: 'approved', grant: grantOf(state, { attempts: 4, lastError: 'It did not answer.' }) }),
    ],
  ),
  ...(['pending', 'denied', 'cancelled', 'lapsed'] as const).map((state): [string, RequestView] => [
    `more time, ${state}`,
    moreOf(state, null),
  ]),
  ...(['moving', 'moved', 'failed'] as const).map((state): [string, RequestView] => [
    `more time, ${state}`,
    moreOf('approved', { state, attempts: 2, error: 'It said <no> & "never" '.repeat(200) }),
  ]),
];

describe('the last word on access', () => {
  const ended = (more: Partial<Grant>): string =>
    seen(requesterMessage(viewOf({ state: 'approved', grant: grantOf('removed', more) }), facts));

  it('says when it was first seen in use, or that it was not seen', () => {
    expect(ended({ reportsUsage: true, firstUsedAt: NOW })).toContain(
      'confirmed by the target. First seen in use <!date^',
    );
    expect(ended({ reportsUsage: true })).toContain('confirmed by the target. Not seen in use.');
  });

  it('says what was recorded, and nothing where nothing was', () => {
    const done = { statements: 12, sessions: 1, missing: [{ session: 's', from: 41, to: 44 }], lost: [], isOver: true };
    const view = viewOf({ state: 'approved', grant: grantOf('removed') });
    const words = (recording: RequestView['recording']): string =>
      seen(requesterMessage({ ...view, recording }, facts));
    expect(words(done)).toContain('*What was done:* 12 statements; lines 41–44 missing.');
    expect(words({ ...done, missing: [] })).toContain('*What was done:* 12 statements, complete.');
    expect(words({ ...done, missing: [], lost: ['The log <a> was gone.'] })).toContain('The log &lt;a&gt; was gone.');
    expect(words(null)).not.toContain('What was done');
  });

  it('says nothing of use where the target cannot tell, or where access never began', () => {
    expect(ended({})).not.toMatch(/in use/);
    expect(ended({ reportsUsage: true, activatedAt: null })).not.toMatch(/in use/);
  });

  it('says nothing of use while it lives: nobody looks at the message again when it is used', () =>
    expect(
      seen(grantedMessage(viewOf({ state: 'approved', grant: grantOf('active', { reportsUsage: true }) }), facts)),
    ).not.toMatch(/in use/));
});

/** The grant lasts until the expiry that this move gave it. */
const at15 = (view: RequestView): RequestView =>
  view.extended && view.extension
    ? { ...view, extended: { ...view.extended, expiresAt: view.extension.newExpiresAt } }
    : view;

describe('more time', () => {
  it.each([
    [moreOf('pending', null), '30m more'],
    [moreOf('denied', null), 'The old expiry stays'],
    [moreOf('lapsed', null, 'removed'), 'the access ended before an approver decided'],
    [moreOf('approved', { state: 'moving' }), 'not yet confirmed by the target'],
    [
      moreOf('approved', { state: 'moving', attempts: 2, error: 'It is down.' }),
      'Attempt 2 failed; trying again. It is down.',
    ],
    [at15(moreOf('approved', { state: 'moved' })), '*Extended*: until'],
    [moreOf('approved', { state: 'moved' }), 'The expiry moved again, to'],
    [moreOf('approved', { state: 'moved' }, 'ending'), 'The access is being ended.'],
    [moreOf('approved', { state: 'moved' }, 'removed'), 'The access ended <!date^'],
    [moreOf('denied', null, 'removed'), 'The access ended <!date^'],
    [moreOf('approved', { state: 'failed', error: 'It said no.' }), '*Not extended.* It said no. The old expiry stays'],
    [moreOf('approved', { state: 'failed', error: 'It ended.' }, 'removed'), 'The access ended <!date^'],
  ])('says where it stands (%#)', (view, words) => expect(seen(requesterMessage(view, facts))).toContain(words));

  it('is warned of while it can still be asked for, and says so once the end was moved or is over', () => {
    const active = viewOf({ state: 'approved', grant: grantOf('active', { extensions: 1 }) });
    const offered = { ...facts, offerMs: 720_000 };
    expect(buttonsOf(warningMessage(active, offered, 1))).toEqual(['extend', 'done']);
    expect(seen(warningMessage(active, offered, 1))).toContain('+12 min');
    expect(buttonsOf(warningMessage(active, facts, 1))).toEqual(['done']);
    const asked = { ...active, moreTime: { requestId: 'r2', byMs: 720_000, isDecided: false } };
    expect(seen(warningMessage(asked, facts, 1))).toContain('You requested *12m more*');
    expect(seen(warningMessage(active, offered, 0))).toContain('goes on until');
    expect(buttonsOf(warningMessage(active, offered, 0))).toEqual([]);
    const over = viewOf({ state: 'approved', grant: grantOf('ending', { extensions: 1 }) });
    expect(seen(warningMessage(over, offered, 1))).toContain('has ended, or is ending');
  });
});

const totalOf = (message: Message): number => seen(message).length;

/** More time is agreed to as it was asked for, or not. */
const PENDING_BUTTONS: Record<string, string[]> = {
  pending: ['approve', 'deny', 'approve_changes', 'discuss'],
  'more time, pending': ['approve', 'deny', 'discuss'],
};

const stateNamed = (name: string): RequestView => {
  const found = every.find(([state]) => state === name);
  if (!found) throw new Error(`no view is called ${name}`);
  return found[1];
};

describe('every message, in every state', () => {
  it.each(every)('%s is what Slack accepts', (_, view) => {
    for (const draw of drawings) expect(problemsOf(draw(view, facts))).toEqual([]);
  });

  it.each(every)(
    '%s shows Approve and Deny only while it is pending, and End now while there is access',
    (state, view) => {
      const live = state === 'activating' || state === 'active' ? ['end_now'] : [];
      expect(buttonsOf(approvalMessage(view, facts))).toEqual(PENDING_BUTTONS[state] ?? live);
    },
  );

  it('has nothing to type on the card, and asks once more before access is ended', () => {
    const card = approvalMessage(stateNamed('active'), facts);
    expect(seen(card)).not.toContain('`');
    expect(seen(card)).toContain('End this access now?');
  });

  it('asks once more before a sensitive role is approved, with who, what and for how long', () => {
    const [plainly, carefully] = [false, true].map((isSensitive) => {
      const role = facts.role && { ...facts.role, isSensitive };
      return seen(approvalMessage(stateNamed('pending'), { ...facts, role }));
    });
    expect(plainly).not.toContain('Approve this?');
    expect(carefully).toContain('a sensitive role, for 30m');
  });

  it.each(every)('%s shows credentials only while the grant is active', (state, view) => {
    expect(buttonsOf(grantedMessage(view, facts))).toEqual(state === 'active' ? ['show_credentials', 'done'] : []);
  });

  it.each(every)('%s says ended only when it is closed, and active only when it is', (state, view) => {
    const words = drawings
      .slice(0, 4)
      .map((draw) => seen(draw(view, facts)))
      .join();
    expect(words.includes('*Ended*')).toBe(state === 'closed' || state === 'removed');
    expect(words.includes('no session is left')).toBe(state === 'closed' || state === 'removed');
    expect(words.includes('*Active*') || words.includes('You have')).toBe(state === 'active');
  });
});

describe('the end', () => {
  it('that found nothing left says so', () => {
    const view = viewOf({ state: 'approved', grant: grantOf('removed', { endOutcome: 'already_absent' }) });
    expect(seen(outcomeMessage(view, facts))).toContain('already gone when Latchkey came');
    expect(seen(outcomeMessage(view, facts))).not.toContain('no session is left');
  });

  it('that fails is still being ended and not yet confirmed', () => {
    const view = viewOf({
      state: 'approved',
      grant: grantOf('ending', { attempts: 2, lastError: 'It did not answer.' }),
    });
    expect(seen(requesterMessage(view, facts))).toContain('Still being ended, not yet confirmed');
    expect(seen(requesterMessage(view, facts))).toContain('It did not answer.');
  });
});

describe('text of people', () => {
  const hostile: [string, string][] = [
    ['broadcasts', '<!channel> <!here> <!everyone> '.repeat(400)],
    ['code fences', '```\n'.repeat(3_000)],
    ['ampersands', '&'.repeat(10_000)],
    ['empty lines', '\n'.repeat(10_000)],
    ['links', '<https://evil.test|click> '.repeat(500)],
    ['turned reading direction', '\u202etxt.exe\u0000'],
    ['an Arabic letter mark', '\u061ctxt.exe'],
    ['pairs of code units', '😀'.repeat(5_000)],
  ];

  it.each(hostile)('of %s is harmless wherever it stands', (_, text) => {
    const view = viewOf({ reason: text, ticket: text });
    const shown = {
      ...facts,
      groups: [text],
      missing: null,
      eligible: [{ label: text, count: 1, people: [olga], unknown: [text] }],
    };
    const open = { ...view, request: { ...view.request, rule: text, target: text, role: text } };
    for (const draw of drawings) {
      const message = draw(open, { ...shown, target: null, role: null });
      expect(problemsOf(message)).toEqual([]);
      expect(totalOf(message)).toBeLessThan(MESSAGE_TOTAL_MAX);
      expect(seen(message)).not.toMatch(/<!(channel|here|everyone)|<https|```|[\u061c\u202e]/);
    }
  });

  it('is cut after it was escaped, and never inside an entity, a mention or a character', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '&', '<', '>', '😀', '\n'), maxLength: 80 }),
        fc.integer({ min: 1, max: 60 }),
        (text, max) => {
          const short = cut(escape(text), max);
          expect(short.length).toBeLessThanOrEqual(Math.max(1, max));
          const left = short.replace(/&(amp|lt|gt);/g, '');
          expect(left).not.toMatch(/[<>&]/);
          expect(/[\ud800-\udbff](?![\udc00-\udfff])/.test(short)).toBe(false);
        },
      ),
    );
    expect(cut('hello <@U0ADA> there', 12)).toBe('hello …');
  });

  it('keeps its lines inside the quote', () => {
    expect(quote('one\n*Approved* by nobody', 100)).toBe('>one\n>*Approved* by nobody');
    expect(inline('one\ntwo', 100)).toBe('one two');
  });
});

describe('dates and lists', () => {
  it('are drawn in the reader’s own time, with UTC where that cannot be', () => {
    expect(date(NOW)).toBe('<!date^1795356000^{time} {date_short_pretty}|2026-11-22 14:00 UTC>');
    expect(date(NOW, NOW)).toContain('^{time}|');
  });

  it('read as a sentence', () => {
    expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map((items) => sentenceList(items))).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
  });
});

describe('views', () => {
  it('are what Slack accepts, empty or full', () => {
    const target = policy.targets['orders-db'] ?? null;
    const role = target?.roles['write'] ?? null;
    const full = { ...EMPTY, target, role, reason: 'x'.repeat(9_000), ticket: 'y'.repeat(900) };
    const many = every.flatMap(([, view]) => Array.from({ length: 20 }, () => view));
    const overview = {
      pending: many,
      live: many,
      recent: many,
      preApprovals: [],
      waitingForMe: many,
      nextWaiting: 'next',
      often: [{ target: 'orders-db', role: 'read', durationMs: 1_800_000 }],
      week: { requests: 1_234, medianWaitMs: 180_000, breakGlass: 2, lateEnds: 0 },
      reviews: many,
      offers: new Map(),
    };
    const none = {
      pending: [],
      live: [],
      recent: [],
      preApprovals: [],
      waitingForMe: [],
      nextWaiting: null,
      often: [],
      week: { requests: 0, medianWaitMs: null, breakGlass: 0, lateEnds: 0 },
      reviews: [],
      offers: new Map(),
    };
    const fields = Array.from({ length: 60 }, (_, index) => ({
      name: `f${index}`,
      label: `f${index}`,
      env: null,
      value: '<&>'.repeat(20),
      secret: true,
    }));
    const views = [
      requestForm(policy, EMPTY, { lines: ['Choose'] }),
      requestForm(policy, full, { lines: ['x'.repeat(5_000)], mayBreakGlass: true }),
      requestForm({ ...policy, targets: {} }, EMPTY, { lines: [] }),
      homeView(policy, { overview, cards: new Map(), after: 'before' }, NOW),
      homeView(policy, { overview: none, cards: new Map(), after: null }, NOW),
      credentialsView({ credentials: { fields, text: 'Connect.', commands: [] }, grant: grantOf('active') }),
    ];
    for (const view of views) expect(checkView({ ...view })).toEqual([]);
    expect(seen(requestForm({ ...policy, targets: {} }, EMPTY, { lines: [] }))).toContain('nothing to request yet');
  });

  it('offer durations up to the cap, the default among them', () => {
    const role = { name: 'r', title: '', scope: null, maxMs: 50 * 60_000, defaultMs: 20 * 60_000, isSensitive: false };
    expect(durationChoices(role).map(({ value }) => value)).toEqual(['5m', '10m', '15m', '20m', '30m', '45m', '50m']);
  });
});
