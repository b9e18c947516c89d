/** What an end cannot do in its target is said before it is approved, with the access, and at its end. */
import { expect, test } from 'vitest';
import type { EndGuarantee } from '../../src/domain/grants/end-guarantee.ts';
import { approvalMessage } from '../../src/slack/messages/render/approval.ts';
import { alarmMessage } from '../../src/slack/messages/render/break-glass.ts';
import { factsOf } from '../../src/application/messages/facts.ts';
import { stuckMessage } from '../../src/slack/messages/render/stuck.ts';
import { myLine, stateLine, theirLine } from '../../src/slack/door/lines.ts';
import { requesterMessage } from '../../src/slack/messages/render/requester.ts';
import { POLICY, policyOf, seen } from './rig.ts';
import { problemsOf } from '../support/card.ts';
import { grantOf, requestOf, viewWith } from './some-view.ts';

const SURVIVES = 'An open kubectl exec goes on until its process ends.';
const facts = (guarantee: EndGuarantee | null) => ({
  ...factsOf(policyOf(POLICY), { target: 'orders-db', role: 'read' }),
  guarantee,
});
const survivor = facts({ endsBy: 'both', survives: SURVIVES });

const pending = viewWith(requestOf());
const active = viewWith(requestOf({ state: 'approved' }), { grant: grantOf('active') });
const ended = viewWith(requestOf({ state: 'approved' }), { grant: grantOf('removed') });
const unbegun = viewWith(requestOf({ state: 'approved' }), { grant: grantOf('removed', { activatedAt: null }) });

test.each([
  ['approvers, before they decide', approvalMessage(pending, survivor)],
  ['approvers, when it is over', approvalMessage(ended, survivor)],
  ['the requester, with the access', requesterMessage(active, survivor)],
  ['the requester, at the end', requesterMessage(ended, survivor)],
  ['everybody whom break-glass is told', alarmMessage(active, survivor)],
])('%s read what is not cut', (_who, message) => {
  expect(seen(message)).toContain(SURVIVES);
  expect(problemsOf(message)).toEqual([]);
});

test('nothing is said where all is cut, where nobody got in, and where nothing is known', () => {
  for (const guarantee of [null, { endsBy: 'both', survives: null } as const])
    for (const message of [approvalMessage(pending, facts(guarantee)), requesterMessage(ended, facts(guarantee))])
      expect(seen(message)).not.toMatch(/not cut|deadline/i);
  expect(seen(requesterMessage(unbegun, survivor))).not.toContain(SURVIVES);
});

test('that no session is left is said only where the target cuts all of them', () => {
  const cut = 'no session is left';
  const closed = viewWith(requestOf({ state: 'approved' }), { grant: grantOf('closed', { attempts: 2 }) });
  const all = facts({ endsBy: 'both', survives: null });
  for (const draw of [requesterMessage, approvalMessage]) {
    expect(seen(draw(ended, all))).toContain(cut);
    for (const some of [survivor, facts(null)]) expect(seen(draw(ended, some))).not.toContain(cut);
  }
  expect(seen(stuckMessage(closed, all))).toContain(cut);
  expect(seen(stuckMessage(closed, survivor))).not.toContain(cut);
  // Lists look no target up, so they do not know.
  for (const line of [myLine, theirLine, stateLine]) {
    expect(line(policyOf(POLICY), ended)).toContain('It lets no one in any more, confirmed by the target.');
    expect(line(policyOf(POLICY), ended)).not.toContain(cut);
  }
});

test('approvers read who ends it where the target cannot, or Latchkey cannot', () => {
  expect(seen(approvalMessage(pending, facts({ endsBy: 'revoke', survives: null })))).toContain('Latchkey ends it');
  expect(seen(approvalMessage(pending, facts({ endsBy: 'itself', survives: null })))).toContain(
    'cannot be ended earlier',
  );
});

test('what a target says is shown as text', () => {
  const message = approvalMessage(pending, facts({ endsBy: 'both', survives: '<!channel> *sessions*' }));
  expect(JSON.stringify(message.blocks)).not.toContain('<!channel>');
});
