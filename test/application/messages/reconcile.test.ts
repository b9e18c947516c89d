/** The one reconciler, on a real store; the channel is a list of what stands where, which refuses and holds as it is told to. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Deps } from '../../../src/application/deps.ts';
import type { Delivered, Delivery, MessageChannel, MessageContent } from '../../../src/application/messages/channel.ts';
import { ChannelHeldError } from '../../../src/application/messages/channel.ts';
import { createMessages } from '../../../src/application/messages/reconcile.ts';
import type { Messages } from '../../../src/application/messages/reconcile.ts';
import type { MessageSubject } from '../../../src/application/messages/message-ports.ts';
import { newId } from '../../../src/lib/ids.ts';
import { createLog } from '../../../src/lib/log.ts';
import { openTestStore, somePerson } from '../../store/fixtures.ts';
import type { TestStore } from '../../store/fixtures.ts';
import { policyOf, POLICY } from '../../slack/rig.ts';

let opened: TestStore;
beforeAll(async () => {
  opened = await openTestStore();
});
afterAll(() => opened.close());

type Recorded = MessageChannel & {
  posts: Delivery[];
  updates: Delivery[];
  /** What the next deliveries to this audience come to, instead of success. */
  answers: Map<string, Delivered[]>;
  /** Called before each delivery. */
  before: () => Promise<void>;
};

const recordingChannel = (): Recorded => {
  const channel: Recorded = {
    posts: [],
    updates: [],
    answers: new Map(),
    before: async () => undefined,
    deliver: async (delivery) => {
      await channel.before();
      const answer = channel.answers.get(delivery.audience)?.shift();
      if (answer) return answer;
      const rendered = JSON.stringify(shownOf(delivery.content));
      if (delivery.place) {
        if (rendered === delivery.unless) return { outcome: 'unchanged', rendered };
        channel.updates.push(delivery);
        return { outcome: 'updated', rendered };
      }
      channel.posts.push(delivery);
      return {
        outcome: 'posted',
        place: { channel: `D${delivery.audience}`, ts: `${channel.posts.length}.1` },
        rendered,
      };
    },
    findChannel: () => Promise.resolve(null),
    isPublic: () => Promise.resolve(false),
    isChannel: (audience) => audience.startsWith('C'),
    problemText: (code) => code,
  };
  return channel;
};

/** Of a bulk revocation all that changes in these tests. */
const shownOf = (content: MessageContent): unknown =>
  content.subject === 'revocation' ? [content.view.requests, content.view.finishedAt] : null;

const admins = [somePerson('Sam'), somePerson('Olga')];
let channel: Recorded;
let posted: MessageContent[];

/** As another process has it: what is leased here is not there. */
const engine = (directory: Partial<Deps['directory']> = {}): Messages =>
  createMessages({
    store: opened.store,
    policy: () => policyOf(POLICY),
    directory: { recentMembers: () => Promise.resolve(admins), ...directory } as Deps['directory'],
    access: {} as Deps['access'],
    ids: { next: newId },
    log: createLog('silent'),
    channel,
    makeAdvice: () => Promise.reject(new Error('no campaign is in this test')),
    onPosted: (content) => posted.push(content),
  });

beforeEach(() => {
  channel = recordingChannel();
  posted = [];
});

const preApproval = async (): Promise<MessageSubject<'pre_approval'>> => {
  const id = newId();
  await opened.store.transaction(async (tx) => {
    const [person, by] = [somePerson(), somePerson('Olga')];
    await tx.principals.upsert(person);
    await tx.principals.upsert(by);
    const of = { id, personId: person.id, byPersonId: by.id, target: 'orders-db', role: 'read' };
    await tx.preApprovals.insert({ ...of, forMs: 60_000 });
  });
  return { kind: 'pre_approval', id };
};
const withdraw = ({ id }: MessageSubject): Promise<unknown> =>
  opened.pool.query('update pre_approvals set revoked_at = now(), revoked_by = by_person_id where id = $1', [id]);

const notification = async (): Promise<MessageSubject<'admin_notification'>> => {
  const id = newId();
  await opened.store.transaction((tx) => tx.announcements.add({ id, kind: 'overdue', key: id, lines: ['late'] }, 0));
  return { kind: 'admin_notification', id };
};

const revocation = async (): Promise<MessageSubject<'revocation'>> => {
  const id = newId();
  await opened.store.transaction(async (tx) => {
    const by = somePerson('Olga');
    await tx.principals.upsert(by);
    await tx.revocations.insert({ id, byPersonId: by.id, personId: null, targets: null, reason: null });
  });
  return { kind: 'revocation', id };
};

const alert = async (notified: string[], audiences: string[]): Promise<MessageSubject<'alert'>> => {
  const id = newId();
  await opened.pool.query(
    `insert into alerts (id, mapping, source, title, state, created_at) values ($1, $1, 'generic', 't', 'firing', now())`,
    [id],
  );
  await opened.store.transaction((tx) => tx.alerts.setRoute(id, { route: 'on_call', notified, audiences }));
  return { kind: 'alert', id };
};

const subjects: [string, () => Promise<MessageSubject>, number][] = [
  ['pre-approval', preApproval, 1],
  ['admin notification', notification, 2],
  ['bulk revocation', revocation, 1],
  ['alert', () => alert(['U1', 'U2'], ['U1', 'U2']), 2],
];

describe.each(subjects)('the messages of one %s', (_, make, count) => {
  test('are posted once, however often and by however many processes they are looked at', async () => {
    const subject = await make();
    const processes = [engine(), engine(), engine()];
    // While one has the lease, others come to take it.
    const rivals = [engine(), engine()];
    channel.before = async () => void (await Promise.all(rivals.map((rival) => rival.sync(subject))));
    const results = await Promise.all(processes.map((one) => one.sync(subject)));
    channel.before = async () => undefined;
    for (const one of processes) await one.sync(subject);
    expect(channel.posts).toHaveLength(count);
    expect(results.some(({ outcome }) => outcome === 'retry')).toBe(true);
    expect(posted).toHaveLength(count);
  });

  test('are held as long as the channel says, and posted then', async () => {
    const subject = await make();
    const held: Delivered = { outcome: 'held', retryInMs: 7_000, error: 'ratelimited' };
    const all = new Map<string, Delivered[]>();
    channel.answers = {
      get: (audience: string) => all.get(audience) ?? (all.set(audience, [held]), all.get(audience)),
    } as never;
    expect(await engine().sync(subject)).toEqual({ outcome: 'retry', retryInMs: 7_000, error: 'ratelimited' });
    expect(channel.posts).toEqual([]);
    await engine().sync(subject);
    expect(channel.posts).toHaveLength(count);
  });

  test('are posted and noted though the note fails at first', async () => {
    const subject = await make();
    const { save } = opened.store.messages;
    let failures = 2;
    opened.store.messages.save = (...saved) =>
      failures-- > 0 ? Promise.reject(new Error('Postgres was away')) : save(...saved);
    try {
      await engine().sync(subject);
    } finally {
      opened.store.messages.save = save;
    }
    await engine().sync(subject);
    expect(channel.posts).toHaveLength(count);
    expect(await opened.store.messages.list(subject)).toHaveLength(count);
  });

  test('that are refused are not tried again, and hold up no other', async () => {
    const subject = await make();
    const refused: Delivered = { outcome: 'refused', code: 'user_not_found' };
    let isFirst = true;
    channel.answers = { get: () => (isFirst ? ((isFirst = false), [refused]) : undefined) } as never;
    await engine().sync(subject);
    await engine().sync(subject);
    expect(channel.posts).toHaveLength(count - 1);
    const copies = await opened.store.messages.list(subject);
    expect(copies.filter(({ failure }) => failure === 'user_not_found')).toHaveLength(1);
  });
});

test('what changes while it is posted is updated before the work is done', async () => {
  const subject = await notification();
  let isOpen = true;
  channel.before = async () => {
    if (!isOpen) return;
    isOpen = false;
    await opened.store.transaction((tx) => tx.announcements.close(subject.id, 'All of it has ended.'));
  };
  expect(await engine().sync(subject)).toEqual({ outcome: 'done' });
  expect(channel.posts).toHaveLength(2);
  expect(channel.updates.map(({ audience }) => audience).sort()).toEqual(admins.map(({ userId }) => userId).sort());
});

test('a pre-approval that is withdrawn is updated where it was posted, and not posted where it was not', async () => {
  const [known, unheard] = [await preApproval(), await preApproval()];
  await engine().sync(known);
  await withdraw(known);
  await withdraw(unheard);
  for (const subject of [known, known, unheard]) await engine().sync(subject);
  expect(channel.posts).toHaveLength(1);
  expect(channel.updates).toMatchObject([{ place: { ts: '1.1' }, subject: known }]);
});

test('a bulk revocation is looked at until it is finished, and sent only where it shows something else', async () => {
  const subject = await revocation();
  const again = { outcome: 'retry', error: 'it is not finished' };
  expect(await engine().sync(subject)).toMatchObject(again);
  expect(await engine().sync(subject)).toMatchObject(again);
  expect(channel.updates).toEqual([]);
  await opened.store.transaction((tx) => tx.revocations.count(subject.id, { requests: 3, preApprovals: 0 }));
  expect(await engine().sync(subject)).toMatchObject(again);
  expect(channel.updates).toHaveLength(1);
  await opened.store.transaction((tx) => tx.revocations.finish(subject.id));
  expect(await engine().sync(subject)).toEqual({ outcome: 'done' });
  expect(channel.updates).toHaveLength(2);
});

test('where the channel of an alert takes nothing, the people it is for are notified one by one, once', async () => {
  const subject = await alert(['U1', 'U2'], ['C7']);
  channel.answers.set('C7', [{ outcome: 'refused', code: 'not_in_channel' }]);
  expect(await engine().sync(subject)).toEqual({ outcome: 'done' });
  await engine().sync(subject);
  expect(channel.posts.map(({ audience }) => audience).sort()).toEqual(['U1', 'U2']);
});

test('an admin who knows is left out', async () => {
  const subject = await notification();
  const [first] = admins;
  await opened.store.transaction((tx) => tx.announcements.leaveOut(subject.id, first?.userId ?? ''));
  await engine().sync(subject);
  expect(channel.posts.map(({ audience }) => audience)).toEqual([admins[1]?.userId]);
});

test('a look-up that the channel does not take now is tried when it says, and the lease is given back', async () => {
  const subject = await notification();
  const away = new ChannelHeldError('ratelimited', 5_000, { cause: null });
  const held = engine({ recentMembers: () => Promise.reject(away) });
  expect(await held.sync(subject)).toEqual({ outcome: 'retry', retryInMs: 5_000, error: 'ratelimited' });
  expect(await engine().sync(subject)).toEqual({ outcome: 'done' });
});

test('what is not there any more is done', async () => {
  for (const kind of ['request', 'incident', 'alert', 'campaign', 'revocation'] as const)
    expect(await engine().sync({ kind, id: newId() })).toEqual({ outcome: 'done' });
});
