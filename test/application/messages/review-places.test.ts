/** What the policy names and is not there is named to the admins once, with the places that name it, until it is there or named no more. */
import pg from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { PlaceCursor, PlaceLooks } from '../../../src/application/messages/review-places.ts';
import { placeLooks } from '../../../src/compose/place-looks.ts';
import { ALSO_NAMED, NAMED, namedPolicy } from '../../support/named-policy.ts';
import { POLICY, startRig } from '../../slack/rig.ts';
import type { Rig } from '../../slack/rig.ts';

let rig: Rig;
let database: pg.Client;
let looks: PlaceLooks;
beforeEach(async () => {
  rig = await startRig();
  database = new pg.Client({ connectionString: rig.databaseUrl });
  await database.connect();
  looks = placeLooks({ ...rig, client: rig.connection.client });
});
afterEach(async () => {
  await database.end();
  await rig.stop();
});

type Notice = { kind: string; lines: string[]; closing: string | null };
const notices = async (): Promise<Notice[]> =>
  (await database.query<Notice>('select kind, lines, closing from announcements order by created_at, id')).rows;
const review = (cursor: PlaceCursor | null = null): Promise<PlaceCursor> =>
  rig.verbs.reviewPlaces({ looks, cursor, isDue: true });

it('names each of them, in whatever place of the schema the policy names it', async () => {
  rig.setPolicy(namedPolicy());
  for (let cursor = await review(); cursor.next !== 0;) cursor = await review(cursor);
  const found = await notices();
  const said = (name: string): Notice[] => found.filter(({ lines }) => lines.join(' ').includes(name));
  // A schedule without its service's key is named by the groups that are read from it.
  const byGroup: Record<string, string> = { PSCHED1: 'from it: duty', 'ops-schedule': 'from it: ops' };
  for (const name of [...Object.values(NAMED), ...Object.values(ALSO_NAMED)])
    expect([name, said(byGroup[name] ?? name).length]).toEqual([name, 1]);
  const kinds = found.map(({ kind }) => kind);
  expect(new Set(kinds)).toEqual(new Set(['account_gone', 'channel_gone', 'group_gone']));
  // People by their addresses, and the app of a tool.
  const accounts = Object.values(NAMED).filter((name) => name.includes('@'));
  expect(kinds.filter((kind) => kind === 'account_gone')).toHaveLength(accounts.length + 1);
  expect(said('#of-client')[0]?.lines).toEqual([
    expect.stringContaining('#of-client is not there for Latchkey'),
    'The policy names it here: client deploy.',
  ]);
  expect(said(NAMED['rules[].escalate.to'] ?? '')[0]?.lines).toEqual([
    expect.stringContaining('has no account in this workspace: correct it in the policy, or remove it.'),
    'The policy names it here: escalate of rule "Named".',
  ]);
  expect(said('B0TOOL1')[0]?.lines[0]).toContain('is unknown to this workspace');
  // The next round has nothing to add.
  for (let cursor = await review(); cursor.next !== 0;) cursor = await review(cursor);
  expect(await notices()).toHaveLength(found.length);
});

it('says of an account why it does not count, and what became of it', async () => {
  const { people } = rig.slack.state;
  const set = (id: string, change: object): void => void Object.assign(people.get(id) ?? {}, change);
  set('U0RITA', { isDeleted: true });
  set('U0OLGA', { isGuest: true });
  set('U0SAM', { isGuest: true });
  rig.setPolicy(POLICY.replace('admins: [security]', 'admins: [security, U0RITA, U0OLGA, U0NEVER]'));
  await review();
  const lines = (await notices()).flatMap((one) => one.lines[0] ?? []);
  expect(lines).toContainEqual(expect.stringMatching(/^U0RITA has a closed account/));
  expect(lines).toContainEqual(expect.stringMatching(/^U0NEVER has no account/));
  expect(lines).toContainEqual(expect.stringMatching(/^U0OLGA is a guest/));
  expect(lines).toContainEqual(expect.stringMatching(/^sam@acme.test is a guest/));
  set('U0RITA', { isDeleted: false });
  rig.setPolicy(POLICY.replace('admins: [security]', 'admins: [security, U0RITA]'));
  await rig.verbs.reviewNotices(looks);
  const after = Object.fromEntries((await notices()).map((one) => [one.lines[0]?.split(' ')[0], one.closing]));
  expect(after).toMatchObject({
    'sam@acme.test': null,
    U0RITA: 'U0RITA is there, and counts again.',
    U0NEVER: 'The policy does not name U0NEVER any more.',
  });
});

it('is silent where all is there, and looks at a policy once until it is due', async () => {
  const cursor = await review();
  expect(await notices()).toEqual([]);
  const same = await rig.verbs.reviewPlaces({ looks, cursor, isDue: false });
  expect(same).toBe(cursor);
  rig.setPolicy(POLICY.replace('pending: 4h', 'pending: 3h'));
  expect((await rig.verbs.reviewPlaces({ looks, cursor, isDue: false })).sha256).not.toBe(cursor.sha256);
});

it('goes through a large policy a few places at a time, and comes back to what could not be looked up', async () => {
  const people = Array.from({ length: 60 }, (_, index) => `person${index}@acme.test`);
  rig.setPolicy(POLICY.replace('people: [olga@acme.test, sam@acme.test]', `people: [${people.join(', ')}]`));
  const seen: string[] = [];
  const failing = new Set(['person3@acme.test']);
  const counting: PlaceLooks = {
    ...looks,
    account: async (ref) => {
      seen.push(ref);
      if (failing.has(ref)) throw new Error('Slack is down');
      return null;
    },
    group: async () => {},
    channel: async () => null,
  };
  const next = (cursor: PlaceCursor | null): Promise<PlaceCursor> =>
    rig.verbs.reviewPlaces({ looks: counting, cursor, isDue: true });
  let cursor = await next(null);
  expect(seen.length).toBeLessThan(41);
  expect(cursor.left).toEqual(['person person3@acme.test']);
  failing.clear();
  cursor = await next(cursor);
  expect(cursor.left).toEqual([]);
  for (let rounds = 0; cursor.next !== 0 && rounds < 20; rounds += 1) cursor = await next(cursor);
  expect(new Set(seen)).toEqual(new Set([...people, 'sam@acme.test']));
});
