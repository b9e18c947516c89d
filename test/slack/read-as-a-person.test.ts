/** Every kind of message, in every state, as a person reads it: short, in plain words, with one clear next step. */
import { describe, expect, it } from 'vitest';
import { factsOf } from '../../src/application/messages/facts.ts';
import { approvalMessage } from '../../src/slack/messages/render/approval.ts';
import { TONES } from '../../src/slack/messages/render/card.ts';
import { messageOf } from '../../src/slack/messages/render/content.ts';
import { MESSAGE_TOTAL_MAX } from '../../src/slack/messages/render/limits.ts';
import type { Message } from '../../src/slack/messages/render/text.ts';
import { blocksOf, problemsOf } from '../support/card.ts';
import { POLICY, policyOf } from './some-policy.ts';
import { outcomeMessage, requesterMessage } from '../../src/slack/messages/render/requester.ts';
import { isOutcomePinged } from '../../src/application/messages/subjects/request-wanted.ts';
import { EVERY, KINDS, NO_MESSAGE, OVER } from './every-message.ts';
import { grantOf, personOf, requestOf, viewWith } from './some-view.ts';

const LINES_MAX = 6;
/** One idea a sentence. Names and what people wrote count as words, too. */
const WORDS_MAX = 28;
const BUTTONS_MAX = 5;
const BUTTON_TEXT_MAX = 75;
const BANNED =
  /\b(told|tells?|makers|vouch\w*|whoever|whom|somebody|nobody|everybody|lately|lapse[sd]?|broke glass|fixes?|asks for|asked|in my stead|takes? it back|taken back|given back|allowances?|ahead of time|strangers?|past Latchkey|read back|in there|own end|lets? (?:you|people) in|INSUFFICIENT_DATA)\b/i;
/** Ids of ours look like this, and stand in buttons only. */
const ID = /\b(r1|g1|d1|i1|a1|p1|x1|n1|c1|b1|l\d)\b/;
/** Replies in the thread of a card: they need no state of their own. */
const REPLIES = ['request reminder', 'request escalation', 'request discussion'];

type Element = { type: string; text?: { text: string } | string; style?: string; alt_text?: string };
type Block = { type: string; text?: { text: string }; elements?: Element[] };
type Read = [kind: string, read: { kind: string; message: Message; listed: number }];

const every = EVERY.map(([kind, { state, content, listed = 0 }]): Read => [
  `${kind}, ${state}`,
  { kind, message: messageOf(content), listed },
]);
const partsOf = (message: Message): Block[] => blocksOf(message) as Block[];
const wordsOf = ({ text, elements = [] }: Block): string =>
  text?.text ?? elements.flatMap((one) => (typeof one.text === 'string' ? [one.text] : [])).join(' ');
const linesOf = (message: Message): string[] =>
  partsOf(message)
    .filter(({ type }) => type !== 'actions')
    .flatMap((block) => wordsOf(block).split('\n'));
const rowsOf = (message: Message): { text: string; style: string | undefined }[][] =>
  partsOf(message)
    .filter(({ type }) => type === 'actions')
    .map(({ elements = [] }) =>
      elements.map(({ text, style }) => ({ text: typeof text === 'object' ? text.text : '', style })),
    );

it('has a case for each kind of message there is', () => {
  const read = new Set(every.map(([, { kind }]) => kind));
  expect(KINDS.filter((kind) => !read.has(kind))).toEqual(NO_MESSAGE);
});

const jobView = viewWith(requestOf({ state: 'approved' }), {
  decidedBy: personOf('U0OLGA', 'olga'),
  requester: {
    ...{ kind: 'client', id: 'client:api-deploy', name: 'api-deploy', issuer: 'ci', issuerKind: 'github', binding: '' },
    ...{ channel: null, startedBy: [], origin: null },
    job: {
      ...{ key: 'k', repository: 'acme/api', repositoryId: '1', ref: 'refs/heads/main', environment: '', workflow: '' },
      ...{ event: 'push', run: '7', attempt: 1, sha: 'f00d', actor: 'octo', actorId: '2', subject: '', runUrl: null },
    },
  },
});

describe('what a person reads', () => {
  it.each(every)('of %s, is at most six lines of plain words, without an id', (_, { message, listed }) => {
    const lines = linesOf(message);
    expect(lines.slice(LINES_MAX + listed)).toEqual([]);
    for (const line of [...lines, message.text]) {
      expect(line).not.toMatch(BANNED);
      expect(line).not.toMatch(ID);
    }
  });

  it.each(every)('of %s, has no sentence that is read twice', (_, { message }) => {
    const sentences = linesOf(message).flatMap((line) => line.split(/(?<=[.!?:;])\s|\s·\s/));
    expect(sentences.filter((sentence) => sentence.split(/\s+/).length > WORDS_MAX)).toEqual([]);
  });

  it.each(every)('of %s, has one clear next step, and each button its own name', (_, { message, listed }) => {
    const rows = rowsOf(message);
    const buttons = rows.flat();
    const perThing = Math.max(1, listed);
    expect(buttons.filter(({ style }) => style === 'primary').length).toBeLessThanOrEqual(perThing);
    for (const row of rows) {
      expect(new Set(row.map(({ text }) => text)).size).toBe(row.length);
      expect(row.length).toBeLessThanOrEqual(BUTTONS_MAX);
    }
    expect(
      new Set(buttons.map(({ text }) => text)).size + Math.max(0, rows.length - 1) * listed,
    ).toBeGreaterThanOrEqual(buttons.length);
    for (const { text } of buttons) expect(text.length).toBeLessThanOrEqual(BUTTON_TEXT_MAX);
  });

  it.each(every)('of %s, is within what Slack takes, and its pictures have words', (_, { message }) => {
    expect(problemsOf(message)).toEqual([]);
    expect(JSON.stringify(partsOf(message)).length).toBeLessThan(MESSAGE_TOTAL_MAX);
    const pictures = partsOf(message).flatMap(({ elements = [] }) => elements.filter(({ type }) => type === 'image'));
    for (const { alt_text: words } of pictures) expect(words).toMatch(/\w/);
  });

  it.each(every.filter(([, { kind }]) => !REPLIES.includes(kind)))(
    'of %s, is a card: an icon on its first lines, and a bar of its colour',
    (_, { message }) => {
      const icons = [...Object.values(TONES).map(({ icon }) => icon), '⏰', '📋'];
      const [first = '', second = ''] = linesOf(message);
      expect(icons.some((icon) => first.startsWith(icon) || second.startsWith(icon))).toBe(true);
      const colors: string[] = Object.values(TONES).map(({ color }) => color);
      for (const { color, blocks } of message.attachments ?? []) {
        expect(colors).toContain(color);
        // Beyond the fifth Slack folds it.
        expect(blocks.length).toBeLessThanOrEqual(5);
      }
    },
  );

  it.each(every)('of %s, says it on the lock screen, too', (_, { message }) => {
    expect(message.text).toMatch(/\w{3}/);
    expect(message.text).not.toMatch(/[○●◌◇✕⧗]/);
  });

  it.each(OVER)('of a request that is over, %s, has *Request again* at most once', (_state, view) => {
    const beside = factsOf(policyOf(POLICY), view.request);
    const both = isOutcomePinged(view)
      ? [requesterMessage(view, beside), outcomeMessage(view, beside)]
      : [requesterMessage(view, beside)];
    const all = both.flatMap((message) => rowsOf(message).flat()).filter(({ text }) => text === 'Request again');
    expect(all).toHaveLength(view.grant?.state === 'ending' ? 0 : 1);
    // The only message of a request says all of it.
    expect(rowsOf(outcomeMessage(view, { ...beside, isBeside: false })).flat()).toEqual(all);
  });

  it('is who, what, why and how risky on the lock screen of an approver', () => {
    const facts = factsOf(policyOf(POLICY), { target: 'orders-db', role: 'write' });
    const { text } = approvalMessage(viewWith(requestOf({ role: 'write' })), facts);
    for (const part of [
      '<@U0ADA>',
      'Orders database · Read-write',
      '30m',
      '(sensitive)',
      '“checkout errors”',
      'OPS-12',
    ])
      expect(text).toContain(part);
  });

  it('of a job, has an icon for a face, and says that it runs and with which exit code it finished', () => {
    const facts = factsOf(policyOf(POLICY), { target: 'orders-db', role: 'read' });
    const of = (grant: Parameters<typeof grantOf>) =>
      linesOf(approvalMessage({ ...jobView, grant: grantOf(...grant) }, facts)).join('\n');
    const running = of(['active', { reportsUsage: true }]);
    expect(running).toContain('⚙️ *client `api-deploy`*');
    expect(running).toContain(': the job is running.');
    const finished = of(['removed', { reportsUsage: true, endCause: 'done', endReason: 'Exit code 3' }]);
    expect(finished).toContain('*Finished*');
    expect(finished).toContain('Exit code 3');
    const lost = of(['removed', { reportsUsage: true, endCause: 'client_lost' }]);
    expect(lost).toContain('*Ended*');
    for (const text of [running, finished, lost]) expect(text).not.toContain('seen in use');
  });
});
