/** What real sources sent, in `test/support/cases/`, through the HTTP door of the whole app: each is over when its source says so. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { App } from '../../src/compose/app.ts';
import { bearer, pagerDutySigned, send } from '../support/alert-payloads.ts';
import { storyOf, until } from '../support/story.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const TOKEN = 'alertmanager-token-of-this-test';
const SECRET = 'pagerduty-secret-of-this-test';
const ALERTS = `alerts:
  - { name: orders-db-down, source: alertmanager, match: { labels: { alertname: OrdersDbDown } }, role: orders-db/read, to: on-call }
  - { name: billing, source: pagerduty, match: { service: Billing, severity: P1 }, role: orders-db/read, to: on-call }
`;
const RULES = `
rules:
  - name: Everything needs one owner
    approvals: [{ from: owners }]
admins: [security]
`;

let world: World;
let story: Story;
let app: App;

beforeAll(async () => {
  world = await startWorld({ rules: `${RULES}${ALERTS}`, groups: '  on-call: { slack_usergroup: on-call }\n' });
  world.env['ALERTMANAGER_TOKEN'] = TOKEN;
  world.env['PAGERDUTY_WEBHOOK_SECRET'] = SECRET;
  story = storyOf(world);
  app = await world.start();
});
afterAll(() => world.stop());
/** Each begins anew: no open alert, and none that could be reopened. */
beforeEach(() =>
  world.sql(`with gone as (delete from alert_signals)
    update alerts set state = 'resolved', resolved_at = clock_timestamp() - interval '11 minutes'`),
);

const caseOf = <T>(name: string): T =>
  JSON.parse(readFileSync(new URL(`../support/cases/${name}.json`, import.meta.url), 'utf8')) as T;
const prometheus = (body: unknown) =>
  send(app.port, 'alertmanager', { body: JSON.stringify(body), headers: bearer(TOKEN) });

const newestAlert = async () => {
  const [row] = await world.sql<{ id: string; title: string; state: string; firing: number; signals: number }>(
    `select a.id, a.title, a.state, (select count(*)::int from alert_signals s where s.alert_id = a.id) as signals
     from alerts a order by a.created_at desc limit 1`,
  );
  if (!row) throw new Error('there is no alert');
  return row;
};
const dmOf = async (alert: string): Promise<string> => seen(await story.dm('oscar', alert));
const isOver = async (): Promise<void> => {
  const { title, state } = await newestAlert();
  expect(state).toBe('resolved');
  await until(async () => {
    const text = await dmOf(title);
    return text.includes('*Resolved:*') && !text.includes('ask_for_alert');
  }, 'the message that says it is resolved');
};

type Step = { say: string; body: unknown };
test.each(['alertmanager-end-is-zero', 'alertmanager-start-moves'])('%s', async (name) => {
  const [fires, resolved] = caseOf<[Step, Step]>(name);
  expect((await prometheus(fires.body)).answer).toEqual({ received: 1, unreadable: 0, unmapped: 0 });
  const { id, title, state } = await newestAlert();
  expect(state).toBe('firing');
  await until(async () => (await dmOf(title)).includes('ask_for_alert'), 'the button');
  expect((await prometheus(resolved.body)).answer).toEqual({ received: 1, unreadable: 0, unmapped: 0 });
  await isOver();
  expect((await newestAlert()).id).toBe(id);
});

test('alertmanager-one-bad-of-three', async () => {
  const answer = await prometheus(caseOf('alertmanager-one-bad-of-three'));
  expect(answer).toEqual({ status: 202, answer: { received: 2, unreadable: 1, unmapped: 0 } });
  expect(await newestAlert()).toMatchObject({ state: 'firing', signals: 2 });
});

type Case = { events: { event_type: string; data: { id: string } }[] };
/** Signed anew, a second apart, the last one now. */
const pages = async ({ events }: Case): Promise<unknown[]> => {
  const answers: unknown[] = [];
  for (const [index, event] of events.entries()) {
    const at = new Date(Date.now() - (events.length - 1 - index) * 1_000).toISOString();
    const body = JSON.stringify({ event: { id: `E${index}`, occurred_at: at, ...event } });
    answers.push((await send(app.port, 'pagerduty', { body, headers: pagerDutySigned(body, SECRET) })).answer);
  }
  return answers;
};

test('pagerduty-priority-lowered', async () => {
  const answers = await pages(caseOf('pagerduty-priority-lowered'));
  expect(answers).toEqual([1, 2, 3].map(() => ({ received: 1, unreadable: 0, unmapped: 0 })));
  expect((await newestAlert()).state).toBe('resolved');
});

test('an entry that is deleted while it fires', async () => {
  const { events } = caseOf<Case>('pagerduty-priority-lowered');
  const [triggered, , resolved] = events as [Case['events'][0], unknown, Case['events'][0]];
  await pages({ events: [triggered] });
  const { title } = await newestAlert();
  await until(async () => (await dmOf(title)).includes('ask_for_alert'), 'the button');
  const before = readFileSync(world.policyPath, 'utf8');
  writeFileSync(world.policyPath, before.replace(/^ {2}- \{ name: billing.*\n/m, ''));
  await app.reloadPolicy();
  try {
    expect(await pages({ events: [resolved] })).toEqual([{ received: 1, unreadable: 0, unmapped: 0 }]);
    await isOver();
  } finally {
    writeFileSync(world.policyPath, before);
    await app.reloadPolicy();
  }
});

test("Grafana's own webhook fires and is resolved", async () => {
  const [fires, resolved] = caseOf<[Step, Step]>('alertmanager-start-moves');
  const asGrafana = ({ body }: Step) => ({ ...(body as object), version: '1', orgId: 1, state: 'alerting' });
  await prometheus(asGrafana(fires));
  expect((await newestAlert()).state).toBe('firing');
  await prometheus(asGrafana(resolved));
  await isOver();
});
