/** Addresses that move between accounts: who counts, who does not, who is told, and how an admin settles it. */
import pg from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPool, createStore } from '../../src/store/client.ts';
import { newId } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { createDirectory } from '../../src/directory/people.ts';
import { createWorkspace } from '../../src/slack/directory/workspace.ts';
import { createEmailBindings } from '../../src/application/identity/email-bindings.ts';
import { createUnreadableGroups } from '../../src/application/identity/unreadable-groups.ts';
import { forgetfulFacts } from '../support/facts.ts';
import { createHandleBindings } from '../../src/application/identity/user-group-bindings.ts';
import type { Directory } from '../../src/application/identity/directory.ts';
import { codeOf } from '../support/refusal.ts';
import { POLICY, policyOf, seen, startRig, until } from './rig.ts';
import type { Rig, RigOptions } from './rig.ts';

let rig: Rig;
let database: pg.Client;
const closing: (() => Promise<void>)[] = [];
const start = async (options: RigOptions = {}): Promise<void> => {
  rig = await startRig(options);
  database = new pg.Client({ connectionString: rig.databaseUrl });
  await database.connect();
};
beforeEach(() => start());
const stop = async (): Promise<void> => {
  for (const close of closing.splice(0)) await close();
  await database.end();
  await rig.stop();
};
afterEach(stop);

/** Another process: the same Slack and database, nothing in memory. */
const anotherProcess = (): Directory => {
  const log = createLog('silent');
  const store = createStore({ pool: createPool({ url: rig.databaseUrl, log, max: 3 }), log, onWork: () => undefined });
  closing.push(() => store.close());
  return createDirectory({
    workspace: createWorkspace(rig.connection.client, rig.connection.limits),
    teamId: () => rig.slack.state.team.id,
    policy: () => policyOf(POLICY),
    book: createEmailBindings({ store, ids: { next: newId } }),
    handles: createHandleBindings({ store, ids: { next: newId } }),
    unreadable: createUnreadableGroups({ store, ids: { next: newId }, policy: () => policyOf(POLICY) }),
    onCall: { pagerduty: null, opsgenie: null },
    facts: forgetfulFacts,
    log,
  });
};

const SECURITY = [{ kind: 'group' as const, name: 'security' }];
const ids = async (directory: Directory, group = 'security'): Promise<string[]> =>
  (await directory.members([{ kind: 'group', name: group }], null)).map(({ userId }) => userId).sort();
const move = (from: string, to: string, address = 'sam@acme.test'): void => {
  rig.slack.changePerson(from, { email: `${from}.old@acme.test` });
  rig.slack.changePerson(to, { email: address });
};
const ask = async (userId = 'U0ADA'): Promise<string> => {
  const wanted = { userId, target: 'orders-db', role: 'read', durationMs: null, reason: 'checkout errors' };
  const result = await rig.useCases.createRequest({ ...wanted, ticket: null, idempotencyKey: null });
  if (result.outcome !== 'sent') throw new Error(`not sent: ${result.outcome}`);
  await rig.settle();
  return result.view.request.id;
};
const vote = (userId: string, requestId: string) =>
  rig.useCases.vote({ userId, requestId, kind: 'approve', reason: null });
const confirm = (userId: string, address: string, personUserId: string) =>
  rig.useCases.confirmAddress({ userId, address, personUserId });
const auditOf = async (type: string): Promise<Record<string, unknown>[]> =>
  (
    await database.query<{ data: string }>('select data from audit_events where type = $1 order by id', [type])
  ).rows.map(({ data }) => JSON.parse(data) as Record<string, unknown>);
const approvalText = (): string => seen(rig.slack.as('olga').messages('prod-access').at(-1));

describe('an address that moves to another account', () => {
  it('between the ask and the vote counts for neither, and the message says why', async () => {
    const id = await ask();
    move('olga', 'rita', 'olga@acme.test');
    expect(await codeOf(vote('U0RITA', id))).toBe('not_an_approver');
    expect(await codeOf(vote('U0OLGA', id))).toBe('not_an_approver');
    expect((await vote('U0SAM', id)).outcome).toBe('decided');
    rig.slack.changePerson('rita', { email: 'rita@acme.test' });
    rig.slack.changePerson('olga', { email: 'olga@acme.test' });
    expect(await ids(rig.directory, 'dba')).toEqual(['U0OLGA', 'U0SAM']);
  });

  it('between two look-ups is seen by every process, whatever any has in memory', async () => {
    const other = anotherProcess();
    expect(await ids(rig.directory)).toEqual(['U0SAM']);
    expect(await ids(other)).toEqual(['U0SAM']);
    await rig.directory.person('U0RITA');
    move('sam', 'rita');
    expect(await ids(other)).toEqual([]);
    expect(await ids(rig.directory)).toEqual([]);
    expect(await ids(anotherProcess())).toEqual([]);
    const rita = await rig.directory.person('U0RITA');
    expect(await rig.directory.groupsOf(rita)).toMatchObject({
      groups: ['sre'],
      contestedGroups: ['dba', 'security'],
      email: null,
      otherEmails: ['sam@acme.test', 'rita@acme.test'],
    });
    move('rita', 'sam');
    expect(await ids(other)).toEqual(['U0SAM']);
  });

  it('that nobody looked up before does not make a dba of who was known by another', async () => {
    await rig.directory.person('U0ADA');
    move('olga', 'ada', 'olga@acme.test');
    const ada = await rig.directory.person('U0ADA');
    expect((await rig.directory.groupsOf(ada)).groups).toEqual([]);
    expect(await ids(rig.directory, 'dba')).toEqual(['U0SAM']);
    const own = { target: 'orders-db', role: 'read', forMs: 60_000, personUserId: 'U0RITA' };
    expect(await codeOf(rig.useCases.preApprove({ userId: 'U0ADA', ...own }))).toBe('not_an_approver');
  });

  it('of a closed account to a new one needs an admin too', async () => {
    expect(await ids(rig.directory, 'dba')).toEqual(['U0OLGA', 'U0SAM']);
    rig.slack.changePerson('olga', { isDeleted: true, email: 'gone@acme.test' });
    rig.slack.addPerson({ id: 'U0OLGA2', name: 'olga2', email: 'olga@acme.test' });
    expect(await ids(rig.directory, 'dba')).toEqual(['U0SAM']);
    await confirm('U0SAM', 'Olga@acme.test', 'U0OLGA2');
    expect(await ids(rig.directory, 'dba')).toEqual(['U0OLGA2', 'U0SAM']);
    expect(await ids(anotherProcess(), 'dba')).toEqual(['U0OLGA2', 'U0SAM']);
    expect(await auditOf('email_binding.confirmed')).toEqual([
      { address: 'olga@acme.test', person: `${rig.slack.state.team.id}:U0OLGA2`, before: 'U0OLGA' },
    ]);
  });

  it('is told to admins once, however many look-ups and processes meet it', async () => {
    await ids(rig.directory);
    move('sam', 'rita');
    const others = [rig.directory, anotherProcess(), anotherProcess()];
    await Promise.all(others.flatMap((directory) => [ids(directory), ids(directory), ids(directory)]));
    await ids(rig.directory, 'dba');
    expect(await auditOf('email_binding.conflicted')).toEqual([
      { address: 'sam@acme.test', conflict: 'moved', userIds: ['U0RITA', 'U0SAM'] },
    ]);
    const news = await database.query<{ lines: string[] }>(
      "select lines from announcements where kind = 'email_conflict'",
    );
    expect(news.rows.map(({ lines }) => lines.join(' '))).toEqual([
      expect.stringContaining('/prod-access people confirm sam@acme.test'),
    ]);
  });

  it('still counts against whoever gave it up: a deny by address is not escaped', async () => {
    rig.setPolicy(
      POLICY.replace('rules:\n', 'rules:\n  - { name: Not Ada, match: { people: [ada@acme.test] }, deny: Not you. }\n'),
    );
    const wanted = { userId: 'U0ADA', target: 'orders-db', role: 'read', durationMs: null, reason: 'checkout errors' };
    const asked = () => rig.useCases.createRequest({ ...wanted, ticket: null, idempotencyKey: null });
    expect((await asked()).outcome).toBe('denied');
    rig.slack.changePerson('ada', { email: 'ada.new@acme.test' });
    expect((await asked()).outcome).toBe('denied');
    await confirm('U0SAM', 'ada.new@acme.test', 'U0ADA');
    expect((await asked()).outcome).toBe('sent');
  });
});

describe('an address at first sight', () => {
  it('is bound once, whichever of two processes is first', async () => {
    const { team } = rig.slack.state;
    const books = [1, 2, 3, 4].map(() => createEmailBindings({ store: rig.store, ids: { next: newId } }));
    const users = ['U0ONE', 'U0TWO', 'U0THREE', 'U0FOUR'];
    await Promise.all(
      books.map((book, at) => book.see(team.id, [{ address: 'new@acme.test', userId: users[at] ?? '' }])),
    );
    const observations = await rig.store.read.observations(team.id, { addresses: ['new@acme.test'], userIds: [] });
    expect(observations).toHaveLength(4);
    expect(observations.filter(({ isBound }) => isBound)).toHaveLength(1);
  });

  it('is bound to the first of several that are seen together, and an account to its first address', async () => {
    const { team } = rig.slack.state;
    const book = createEmailBindings({ store: rig.store, ids: { next: newId } });
    const pairs = [
      { userId: 'U0ONE', address: 'a@acme.test' },
      { userId: 'U0TWO', address: 'a@acme.test' },
      { userId: 'U0ONE', address: 'b@acme.test' },
      { userId: 'U0ONE', address: 'a@acme.test' },
      { userId: 'U0THREE', address: 'c@acme.test' },
    ];
    await Promise.all([book.see(team.id, pairs), book.see(team.id, pairs)]);
    const addresses = ['a@acme.test', 'b@acme.test', 'c@acme.test'];
    const seen = await rig.store.read.observations(team.id, { addresses, userIds: [] });
    expect(seen).toHaveLength(4);
    const bound = seen.filter(({ isBound }) => isBound).map(({ userId, address }) => `${userId} ${address}`);
    expect(bound.toSorted()).toEqual(['U0ONE a@acme.test', 'U0THREE c@acme.test']);
  });

  it('at two accounts at once names neither, for a process that never saw them apart', async () => {
    rig.slack.addPerson({ id: 'U0SAM2', name: 'sam2', email: 'sam@acme.test' });
    // The first that was seen with it keeps it once the other has let go.
    await rig.directory.person('U0SAM');
    await rig.directory.person('U0SAM2');
    expect(await ids(anotherProcess())).toEqual([]);
    expect(await codeOf(confirm('U0OLGA', 'sam@acme.test', 'U0SAM'))).toBe('admins_only');
    rig.slack.changePerson('sam2', { email: 'other@acme.test' });
    expect(await ids(anotherProcess())).toEqual(['U0SAM']);
  });

  it('of someone on call binds in the same way', async () => {
    await stop();
    const shifts = { list: [{ email: 'Rita@acme.test', level: 1 }] };
    await start({
      policy: POLICY.replace('{ slack_usergroup: sre }', '{ pagerduty_schedule: PABC123 }'),
      onCall: { pagerduty: { shifts: () => Promise.resolve(shifts.list) } },
    });
    expect(await ids(rig.directory, 'sre')).toEqual(['U0RITA']);
    move('rita', 'ada', 'rita@acme.test');
    expect(await ids(rig.directory, 'sre')).toEqual([]);
    expect(await rig.directory.conflicts([{ kind: 'group', name: 'sre' }])).toEqual([
      { address: 'rita@acme.test', conflict: 'moved' },
    ]);
  });
});

describe('an admin who confirms an address', () => {
  const ADMINS = POLICY.replace('admins: [security]', 'admins: [security, U0OSCAR]');

  it('sees what is open and says it in the chat', async () => {
    rig.setPolicy(ADMINS);
    await ids(rig.directory);
    move('sam', 'rita');
    await ids(rig.directory);
    const type = async (text: string): Promise<string> => {
      const before = rig.slack.as('oscar').messages('general').length;
      await rig.slack.as('oscar').command('/prod-access', text, 'general');
      await until(rig, () => rig.slack.as('oscar').messages('general').length > before);
      return seen(rig.slack.as('oscar').messages('general').at(-1));
    };
    expect(await type('people')).toContain('`sam@acme.test` was seen at <@U0RITA>');
    expect(await type('people confirm sam@acme.test')).toContain('with the person as a mention');
    expect(await type('people confirm sam@acme.test @rita')).toContain('is <@U0RITA> from now on');
    expect(await type('people')).toContain('is trusted');
    expect(await ids(rig.directory)).toEqual(['U0RITA']);
  });

  it('is told by explain and by the approval message what is not trusted', async () => {
    // What is shown may be a minute old, so this process has looked at nothing before.
    await ids(anotherProcess(), 'dba');
    move('olga', 'rita', 'olga@acme.test');
    await ask();
    expect(approvalText()).toContain('olga@acme.test is not trusted: it has moved to another Slack account');
    const wanted = { target: 'orders-db', role: 'read', durationMs: null, reason: '', ticket: null };
    const { lines } = await rig.useCases.explainRequest({ userId: 'U0RITA', forUserId: null, ...wanted });
    expect(lines.join('\n')).toContain('olga@acme.test is not trusted');
    expect(lines.join('\n')).toContain('does not count for them until an admin confirms');
    expect(await rig.directory.conflicts(SECURITY)).toEqual([]);
  });
});
