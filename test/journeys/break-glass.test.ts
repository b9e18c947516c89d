/** Access taken without approval: given at once, told to everyone concerned, reviewed by others, and chased until it is. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSession, storyOf, until, untilRemoved } from '../support/story.ts';
import type { Message } from '../../sandbox/src/slack/types.ts';
import type { Story } from '../support/story.ts';
import { seen, startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';

const RULES = `
rules:
  - name: Change freeze
    match: { roles: ["*/freeze"] }
    deny: Nobody changes anything before Christmas.
  - name: Writes need an owner and an SRE
    match: { roles: ["*/write"] }
    require: { ticket: "^[A-Z]+-\\\\d+$", reason: 10 }
    approvals: [{ from: owners }, { from: sre }]
  - name: Everything else needs one owner
    approvals: [{ from: owners }]
break_glass:
  who: [on-call]
  roles: ["*/read", "*/write", "*/freeze"]
  max: 30m
  tell: ["#security", auditors]
  review_within: WITHIN
  reviewers: [reviewers]
admins: [security]
`;

const ROLES = `
      read: { title: Read only, scope: { member_of: [GROUP_READ] }, max: 4h, default: 1h }
      write: { title: Read-write, scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m, sensitive: true }
      freeze: { title: Frozen, scope: { member_of: [GROUP_READ] }, max: 1h, default: 15m }
      owner: { title: Owner, scope: { member_of: [GROUP_WRITE] }, max: 1h, default: 15m }`;

const GROUPS = `  on-call: { slack_usergroup: on-call }
  reviewers: { people: [rita@acme.test, oscar@acme.test] }
  auditors: { people: [ines@acme.test] }
`;

const reason = 'checkout is down and the job holds a lock';
let world: World;
let story: Story;

const startStory = async (within: string): Promise<void> => {
  world = await startWorld({ rules: RULES.replace('WITHIN', within), roles: ROLES, groups: GROUPS });
  story = storyOf(world);
  world.slack.as('sam').invite('security', 'bot');
  await world.start();
};

beforeAll(() => startStory('24h'));
afterAll(() => world.stop());

/** Types the command, reads the view that asks once more, and sends it. */
const breakGlass = async (who: string, line: string): Promise<string> => {
  const person = world.slack.as(who);
  await person.command('/prod-access', `break-glass ${line}`, 'general');
  // What is looked up is filled in after a moment where it takes long.
  const isFilled = (text: string): boolean =>
    text.includes('Take access now') && !text.includes('everyone who would have had to approve');
  const modal = await world.slack.waitFor(() => person.modals().find((view) => isFilled(JSON.stringify(view))), {
    what: 'the view that asks once more',
  });
  const shown = JSON.stringify(modal);
  await person.submit();
  await person.close();
  return shown;
};

type Row = { id: string; state: string; rule: string; reason: string | null; duration: string; grant_id: string };
const latest = async (): Promise<Row> => {
  const [row] = await world.sql<Row>(
    `select r.id, r.state, d.rule, d.reason, r.duration_ms::text as duration, g.id as grant_id from requests r
     join decisions d on d.request_id = r.id join grants g on g.request_id = r.id order by r.created_at desc limit 1`,
  );
  if (!row) throw new Error('nothing was taken');
  return row;
};

const countRequests = async (): Promise<number> => (await world.sql('select 1 from requests')).length;

const review = async (who: string, verdict: 'review_justified' | 'review_not_justified', note: string) => {
  const { slack } = world;
  const { grant_id: grantId } = await latest();
  const message = await story.dm(who, grantId);
  await slack.as(who).click(message, verdict);
  await slack.waitFor(() => slack.as(who).modal());
  if (note) await slack.as(who).type('note', note);
  return slack.as(who).submit();
};

test('the view says what will happen; access works at once; everyone concerned is told; the banner ends with it', async () => {
  const { slack } = world;
  const asked = await breakGlass('oscar', `orders-db write ${reason}`);
  for (const words of ['without approval', '#security', 'owners', 'sre', 'review follows', '1d', '15m'])
    expect(asked).toContain(words);
  const { url } = await story.credentials('oscar');
  await slack.as('oscar').close();
  const { client, isCut } = await openSession(url);
  await client.query("insert into orders values (7, 'shelf')");
  expect(await latest()).toMatchObject({ state: 'approved', rule: 'break-glass', reason: null, duration: '900000' });
  const banner = await story.inChannel('Break-glass is in use');
  expect(seen(banner)).toContain(reason);
  // Olga owns, Sam too; Rita is SRE and reviews; Ines is in `tell`; #security is told in the channel.
  for (const who of ['olga', 'sam', 'ines']) expect(seen(await story.dm(who, reason))).toContain('without approval');
  await slack.waitFor(() =>
    slack
      .as('sam')
      .messages('security')
      .find((one) => seen(one).includes(reason)),
  );
  expect(seen(await story.dm('rita', reason))).toContain('Not justified');
  await slack.as('oscar').command('/prod-access', 'done', 'general');
  await isCut;
  await story.inChannel('Break-glass is over');
  await untilRemoved(world);
  expect(await world.logins()).toEqual([]);
});

test('nobody reviews their own, in any identity; others are not reviewers', async () => {
  const { slack } = world;
  const { grant_id: grantId } = await latest();
  const message = await story.dm('rita', grantId);
  slack.addPerson({ id: 'U0OSCAR2', name: 'oscar2', realName: 'Oscar Two', email: 'Oscar+ops@acme.test' });
  for (const [who, answer] of [
    ['oscar', 'cannot review or allow your own'],
    ['U0OSCAR2', 'cannot review or allow your own'],
    ['ada', 'not one of the reviewers'],
  ] as const) {
    if (who === 'U0OSCAR2') slack.as('sam').invite('prod-access', who);
    await slack.as(who).clickStale({ ...message, channel: 'C0ACCESS' }, 'review_justified', grantId);
    await slack.waitFor(() => slack.as(who).modal());
    const refused = await slack.as(who).submit();
    expect(JSON.stringify(refused)).toContain(answer);
    await slack.as(who).close();
  }
  expect(await world.sql(`select state from reviews`)).toEqual([{ state: 'open' }]);
  expect((await story.events()).filter((type) => type === 'follow_up.refused')).toHaveLength(3);
});

test('not justified needs a note, is told to whoever took it, and is recorded; a second close is too late', async () => {
  const { slack } = world;
  const { grant_id: grantId } = await latest();
  const before = await story.dm('rita', grantId);
  const empty = await review('rita', 'review_not_justified', '');
  expect(JSON.stringify(empty)).toMatch(/required/i);
  await slack.as('rita').type('note', 'the <!channel> runbook says *ask* `first`');
  await slack.as('rita').submit();
  const told = seen(await story.dm('oscar', 'was reviewed'));
  expect(told).toContain('not justified');
  expect(told).toContain('&lt;!channel&gt;');
  expect(told).not.toContain('<!channel>');
  await slack.waitFor(() =>
    slack
      .as('sam')
      .messages('security')
      .some((one) => seen(one).includes('not justified')),
  );
  expect(await world.sql(`select state, outcome, reviewer_id from reviews`)).toEqual([
    { state: 'closed', outcome: 'not_justified', reviewer_id: expect.stringContaining('U0RITA') },
  ]);
  expect(JSON.stringify(await story.dm('rita', 'Reviewed'))).not.toContain('review_justified');
  await slack.as('rita').clickStale(before, 'review_justified', grantId);
  await slack.waitFor(() => slack.as('rita').modal());
  expect(JSON.stringify(await slack.as('rita').submit())).toContain('already closed');
  await slack.as('rita').close();
  expect((await story.events()).filter((type) => type.startsWith('follow_up.'))).toEqual(
    expect.arrayContaining(['follow_up.opened', 'follow_up.closed']),
  );
});

test('justified needs no note; the cap of the policy holds', async () => {
  await breakGlass('oscar', `orders-db read ${reason} again`);
  await story.credentials('oscar');
  await world.slack.as('oscar').close();
  expect(await latest()).toMatchObject({ duration: '1800000' });
  const sent = await review('rita', 'review_justified', '');
  expect(sent.ok).toBe(true);
  await until(
    async () => (await world.sql(`select 1 from reviews where outcome = 'justified'`)).length === 1,
    'the outcome',
  );
});

test('a denial of the policy is overridden, said before, and shown to the reviewers', async () => {
  const asked = await breakGlass('oscar', `orders-db freeze 5m ${reason} in the freeze`);
  expect(asked).toContain('Change freeze');
  expect(await latest()).toMatchObject({ rule: 'break-glass', reason: expect.stringContaining('before Christmas') });
  const { grant_id: grantId } = await latest();
  expect(seen(await story.dm('rita', grantId))).toContain('Nobody changes anything before Christmas');
  expect(seen(await story.dm('olga', 'in the freeze'))).toContain('Overridden');
});

test.each([
  ['ada', `orders-db write ${reason}`, 'not one of those who may use break-glass'],
  ['oscar', `orders-db owner ${reason}`, 'does not reach'],
  ['oscar', `orders-db nothing ${reason}`, 'no role of that name'],
])('%s breaking glass with "%s" is told why not, and gets nothing', async (who, line, answer) => {
  const before = await countRequests();
  await world.slack.as(who).command('/prod-access', `break-glass ${line}`, 'general');
  await story.privately(who, answer);
  expect(world.slack.as(who).modal()).toBeUndefined();
  expect(await countRequests()).toBe(before);
});

test.each([
  ['orders-db write asdf asdf asdf', 'real text'],
  ['orders-db write 45m checkout is down again', 'At most 30m'],
])('"%s" is sent back with what is wrong', async (line, answer) => {
  const oscar = world.slack.as('oscar');
  const before = await countRequests();
  await oscar.command('/prod-access', `break-glass ${line}`, 'general');
  await world.slack.waitFor(() => oscar.modal());
  expect(JSON.stringify(await oscar.submit())).toContain(answer);
  await oscar.close();
  expect(await countRequests()).toBe(before);
});

test('the form offers it only to those who may, and carries over what was filled in', async () => {
  const { slack } = world;
  const fill = async (who: string): Promise<void> => {
    const person = slack.as(who);
    await person.command('/prod-access', '', 'general');
    await slack.waitFor(() => JSON.stringify(person.modal() ?? null).includes('Orders database'));
    await person.select('target', 'orders-db');
    await slack.waitFor(() => JSON.stringify(person.modal() ?? null).includes('Read-write'));
    await person.select('role', 'write');
    await slack.waitFor(() => JSON.stringify(person.modal() ?? null).includes('Writes need an owner'));
  };
  await fill('ada');
  expect(JSON.stringify(slack.as('ada').modal())).not.toContain('break_glass');
  await slack.as('ada').close();
  const oscar = slack.as('oscar');
  await fill('oscar');
  await oscar.type('reason', 'the <!channel> payments & orders are stuck');
  const form = await slack.waitFor(() => oscar.modal());
  await oscar.click(form, 'break_glass');
  const asked = await slack.waitFor(() =>
    oscar.modals().find((view) => JSON.stringify(view).includes('Take access now')),
  );
  expect(JSON.stringify(asked)).toContain('payments & orders are stuck');
  await oscar.submit();
  await story.inChannel('payments &amp; orders are stuck');
  expect(JSON.stringify(slack.as('olga').messages('prod-access'))).not.toContain('<!channel>');
  await oscar.close();
});

test('the list of reviews is for those who may review, and whole for admins', async () => {
  const { slack } = world;
  await slack.as('rita').command('/prod-access', 'review', 'general');
  expect(seen(await story.privately('rita', 'Waits for your review'))).toContain('review_justified');
  slack.as('rita').openHome();
  const home = await slack.waitFor(() => {
    const drawn = JSON.stringify(slack.as('rita').home() ?? null);
    return drawn.includes('Follow-ups') ? drawn : null;
  });
  expect(home).toContain('review_justified');
  await slack.as('sam').command('/prod-access', 'review', 'general');
  await story.privately('sam', 'Waits for others');
  await slack.as('ada').command('/prod-access', 'review', 'general');
  await story.privately('ada', 'No review waits for you');
  await slack.as('oscar').command('/prod-access', 'review', 'general');
  await story.privately('oscar', 'No review waits for you');
});

test('a review nobody closes is chased, escalated to admins, and blocks until an admin allows it', async () => {
  await world.stop();
  await startStory('5s');
  const { slack } = world;
  await breakGlass('oscar', `orders-db read ${reason}`);
  await story.credentials('oscar');
  await slack.as('oscar').close();
  const overdue = await story.dm('sam', 'No reviewer answered within 5s');
  const chased = slack
    .as('rita')
    .dmsWithApp()
    .filter((one) => seen(one).includes('review_justified'));
  expect(chased.length).toBeGreaterThan(1);
  const events = await story.events();
  expect(events).toEqual(expect.arrayContaining(['follow_up.reminded', 'follow_up.overdue']));
  const oscar = slack.as('oscar');
  await oscar.command('/prod-access', `break-glass orders-db write ${reason} once more`, 'general');
  await slack.waitFor(() => JSON.stringify(oscar.modal() ?? null).includes('This will be refused'), {
    what: 'the warning',
  });
  expect(JSON.stringify(await oscar.submit())).toContain('overdue');
  expect(await countRequests()).toBe(1);
  expect((await story.events()).includes('break_glass.refused')).toBe(true);
  await slack.as('ada').command('/prod-access', 'review allow <@U0OSCAR|oscar>', 'general');
  await story.privately('ada', 'Only admins');
  await slack.as('sam').command('/prod-access', 'review allow <@U0OSCAR|oscar>', 'general');
  await story.privately('sam', 'may use break-glass again');
  await oscar.submit();
  await until(async () => (await countRequests()) === 2, 'the second access');
  expect(await story.events()).toContain('break_glass.allowed');
  // The admin closes the overdue one.
  await slack.as('sam').click(overdue, 'review_justified');
  await slack.waitFor(() => slack.as('sam').modal());
  await slack.as('sam').submit();
  await until(
    async () => (await world.sql(`select 1 from reviews where state = 'closed'`)).length === 1,
    'the closed review',
  );
});

test('a request that waits has it as a button, for those who may, with what was requested and no longer than it may last', async () => {
  await world.stop();
  await startStory('24h');
  const { slack } = world;
  const asks = async (who: string): Promise<Message> => {
    const why = `${who} repairs order 1184`;
    await slack.as(who).command('/prod-access', `orders-db write 1h ${why} OPS-7`, 'general');
    return story.dm(who, why);
  };
  expect(seen(await asks('ada'))).not.toContain('break_glass_for');
  const oscar = slack.as('oscar');
  const before = await countRequests();
  const waiting = await asks('oscar');
  await oscar.click(waiting, 'break_glass_for');
  const view = await slack.waitFor(() => oscar.modal());
  expect(JSON.stringify(view)).toContain('for *30m* at once');
  expect(JSON.stringify(view)).toContain('oscar repairs order 1184');
  await slack.as('ada').clickStale({ ...waiting, channel: 'C0ACCESS' }, 'break_glass_for');
  await story.privately('ada', 'no such request', 'prod-access');
  expect(await oscar.submit()).toMatchObject({ ok: true });
  await oscar.close();
  await until(async () => (await countRequests()) === before + 2, 'the access');
  expect(await latest()).toMatchObject({ rule: 'break-glass', duration: '1800000' });
  expect(slack.as('ada').modal()).toBeUndefined();
});
