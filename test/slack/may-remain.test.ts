/** What may remain in a target after the end is read by approvers before they decide, recorded with the request, and current. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createPool } from '../../src/store/client.ts';
import { createLog } from '../../src/lib/log.ts';
import { approvalMessage } from '../../src/slack/messages/render/approval.ts';
import { alarmMessage } from '../../src/slack/messages/render/break-glass.ts';
import { factsOf } from '../../src/application/messages/facts.ts';
import { previewLines } from '../../src/slack/preview-text.ts';
import { grantOf, requestOf, viewWith } from './some-view.ts';
import { POLICY, policyOf, seen, startRig, until } from './rig.ts';
import { problemsOf } from '../support/card.ts';
import type { Rig } from './rig.ts';

const CREATED = 'Functions and tables created in public stay after the end.';
const TRIGGERS = 'Triggers added to tables stay after the end.';

let rig: Rig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

const finds = (remains: Record<string, string[]>): void => {
  rig.target.access.mayRemain = (target, role) => (target === 'orders-db' ? (remains[role] ?? []) : []);
};

const wanted = { userId: 'U0ADA', target: 'orders-db', durationMs: null, reason: 'repair order 1183 by hand' };
const ask = async (role = 'write'): Promise<string> => {
  const result = await rig.useCases.createRequest({ ...wanted, role, ticket: 'OPS-12', idempotencyKey: null });
  if (result.outcome !== 'sent') throw new Error(`not sent: ${result.outcome}`);
  await rig.settle();
  return result.view.request.id;
};

const card = (): string => seen(rig.slack.as('olga').messages('prod-access').at(-1));

const recorded = async (requestId: string): Promise<unknown[]> => {
  const pool = createPool({ url: rig.databaseUrl, log: createLog('silent'), max: 1 });
  const { rows } = await pool.query<{ type: string; data: string }>(
    'select type, data::text as data from audit_events where request_id = $1 order by id',
    [requestId],
  );
  await pool.end();
  return rows.flatMap(({ type, data }) => {
    const { mayRemain } = JSON.parse(data) as { mayRemain?: string[] };
    return mayRemain === undefined ? [] : [[type, mayRemain]];
  });
};

test('the card shows what was found for the role, and the audit log has it', async () => {
  finds({ write: [CREATED], read: [TRIGGERS] });
  const id = await ask();
  expect(card()).toContain(CREATED);
  expect(card()).not.toContain(TRIGGERS);
  expect(await recorded(id)).toEqual([['request.created', [CREATED]]]);
});

test('what is found later is shown on the card of a request that waits', async () => {
  finds({ write: [CREATED] });
  await ask();
  await ask('read');
  await rig.useCases.noteRemains({ target: 'orders-db', remains: { write: [CREATED, TRIGGERS], read: [] } });
  await rig.settle();
  const cards = rig.slack.as('olga').messages('prod-access').map(seen);
  expect(cards.filter((text) => text.includes(TRIGGERS))).toHaveLength(1);
});

test('a request that an approver makes smaller says what may remain after the smaller role', async () => {
  finds({ write: [CREATED], read: [TRIGGERS] });
  const id = await ask();
  const change = { userId: 'U0OLGA', requestId: id, role: 'read', durationMs: null, note: null };
  await rig.useCases.approveWithChanges(change);
  expect((await rig.store.read.request(id))?.mayRemain).toEqual([TRIGGERS]);
  expect(await recorded(id)).toContainEqual(['request.changed', [TRIGGERS]]);
});

test('whoever asks reads it in the preview, before it is sent', async () => {
  finds({ write: [CREATED] });
  const policy = policyOf(POLICY);
  const result = await rig.useCases.preview({ ...wanted, role: 'write', ticket: null, incidentChannelId: null });
  const lines = previewLines(policy, { target: 'orders-db', role: 'write', isTyping: false }, result);
  expect(lines.join('\n')).toContain(CREATED);
});

test('names of schemas are shown as text, many sentences are cut, and nothing is said where nothing was found', () => {
  const facts = factsOf(policyOf(POLICY), { target: 'orders-db', role: 'read' });
  const hostile = viewWith(
    requestOf({
      mayRemain: [
        'Tables created in <!channel> *x* stay.',
        ...Array.from({ length: 99 }, (_, n) => `Sentence ${n}, ${'x'.repeat(60)}.`),
      ],
    }),
  );
  const message = approvalMessage(hostile, facts);
  expect(JSON.stringify(message.blocks)).not.toContain('<!channel>');
  expect(problemsOf(message)).toEqual([]);
  expect(seen(approvalMessage(viewWith(requestOf()), facts))).not.toContain('May stay');
  const taken = viewWith(requestOf({ state: 'approved', mayRemain: [CREATED] }), { grant: grantOf('active') });
  expect(seen(alarmMessage(taken, facts))).toContain(CREATED);
});

const GLASS = POLICY.concat(
  'break_glass: { who: [dba], roles: ["*/*"], max: 1h, tell: [security], review_within: 1d, reviewers: [security, sre] }\n',
);
const SURVIVES = 'A transfer that runs goes on until it is through.';
const type = (who: string, line: string): Promise<unknown> =>
  rig.slack.as(who).command('/prod-access', line, 'prod-access');
const told = (who: string): string => rig.slack.as(who).messages('prod-access').map(seen).join('\n');
const modal = (who: string): string => JSON.stringify(rig.slack.as(who).modals());
const isSaid = (where: () => string): Promise<unknown> =>
  until(rig, () => [CREATED, SURVIVES].every((text) => where().includes(text)));

test('whoever agrees ahead, explains, takes access without approval or changes a request reads it before', async () => {
  rig.setPolicy(GLASS);
  rig.target.access.guarantee = () => ({ endsBy: 'both', survives: SURVIVES });
  finds({ write: [CREATED], read: [TRIGGERS] });
  await type('olga', 'allow <@U0ADA> orders-db write for 2d');
  await isSaid(() => told('olga'));
  await type('rita', 'explain orders-db write');
  await isSaid(() => told('rita'));
  await type('olga', 'break-glass orders-db write 15m the orders are stuck');
  await isSaid(() => modal('olga'));
  await rig.slack.as('sam').click(await cardOf('U0ADA'), 'approve_changes');
  // Both roles can be chosen, and they differ in it.
  await isSaid(() => modal('sam'));
  await until(rig, () => modal('sam').includes(`Read only: `) && modal('sam').includes(TRIGGERS));
});

const cardOf = async (userId: string) => {
  const before = rig.slack.as('sam').messages('prod-access').length;
  await rig.useCases.createRequest({ ...wanted, userId, role: 'write', ticket: 'OPS-13', idempotencyKey: null });
  await rig.settle();
  const card = rig.slack
    .as('sam')
    .messages('prod-access')
    .slice(before)
    .find((one) => seen(one).includes(wanted.reason));
  if (!card) throw new Error('no card');
  return card;
};
