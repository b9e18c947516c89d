/** What an end cannot do in its target is said before it is approved, with the access, and at its end. */
import { expect, test } from 'vitest';
import type { EndGuarantee } from '../../src/domain/grants/end-guarantee.ts';
import { checkMessageBlocks } from '../../sandbox/src/slack/blocks/validate.ts';
import { approvalMessage } from '../../src/slack/messages/render/approval.ts';
import { alarmMessage } from '../../src/slack/messages/render/break-glass.ts';
import { factsOf } from '../../src/slack/messages/render/facts.ts';
import { grantedMessage, outcomeMessage } from '../../src/slack/messages/render/requester.ts';
import { POLICY, policyOf, seen } from './rig.ts';
import { grantOf, requestOf, viewWith } from './some-view.ts';

const SURVIVES = 'An open kubectl exec goes on until its process ends.';
const facts = (guarantee: EndGuarantee | null) => ({
  ...factsOf(policyOf(POLICY), { target: 'orders-db', role: 'read' }),
  guarantee,
});
const survivor = facts({ endsBy: 'both', survives: SURVIVES });

const pending = viewWith(requestOf());
const active = viewWith(requestOf({ state: 'approved' }), { grant: grantOf('active') });
const ended = viewWith(requestOf({ state: 'approved' }), { grant: grantOf('ended') });
const unbegun = viewWith(requestOf({ state: 'approved' }), { grant: grantOf('ended', { activatedAt: null }) });

test.each([
  ['approvers, before they decide', approvalMessage(pending, survivor)],
  ['approvers, when it is over', approvalMessage(ended, survivor)],
  ['the requester, with the access', grantedMessage(active, survivor)],
  ['the requester, at the end', outcomeMessage(ended, survivor)],
  ['everybody whom break-glass is told', alarmMessage(active, survivor)],
])('%s read what is not cut', (_who, message) => {
  expect(seen(message)).toContain(SURVIVES);
  expect(checkMessageBlocks(message.blocks)).toEqual([]);
});

test('nothing is said where all is cut, where nobody got in, and where nothing is known', () => {
  for (const guarantee of [null, { endsBy: 'both', survives: null } as const])
    for (const message of [approvalMessage(pending, facts(guarantee)), outcomeMessage(ended, facts(guarantee))])
      expect(seen(message)).not.toMatch(/not cut|deadline/i);
  expect(seen(outcomeMessage(unbegun, survivor))).not.toContain(SURVIVES);
});

test('approvers read who ends it where the target cannot, or Latchkey cannot', () => {
  expect(seen(approvalMessage(pending, facts({ endsBy: 'revoke', survives: null })))).toContain('Latchkey ends it');
  expect(seen(approvalMessage(pending, facts({ endsBy: 'itself', survives: null })))).toContain('and not before');
});

test('what a target says is shown as text', () => {
  const message = approvalMessage(pending, facts({ endsBy: 'both', survives: '<!channel> *sessions*' }));
  expect(JSON.stringify(message.blocks)).not.toContain('<!channel>');
});
