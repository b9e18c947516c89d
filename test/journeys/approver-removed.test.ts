/** An approver is taken out of the user group at every point of a vote, and events go wrong in every way: what no longer is decides nothing. */
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Message } from '../../sandbox/src/slack/types.ts';
import { startWorld } from '../support/world.ts';
import type { World } from '../support/world.ts';
import { storyOf, until } from '../support/story.ts';

const RULES = `
rules:
  - name: An SRE approves
    approvals: [{ from: sre }]
limits: { open_requests: 100, live_grants: 100 }
`;
/** From the change to the moment at which its event is noted, on a busy machine. */
const ON_THE_WAY_MS = 1_000;

let world: World;
beforeAll(async () => {
  world = await startWorld({ rules: RULES });
  await world.start();
});
afterAll(() => world.stop());
beforeEach(() => {
  world.slack.faults.clear();
  world.slack.setUsergroup('sre', ['rita']);
});

const ask = (): Promise<Message> => storyOf(world).ask('ada', 'orders-db read 15m look at the stuck orders');

/** Null while it waits for a decision. */
const decidedAt = async (): Promise<Date | null> => {
  const [row] = await world.sql<{ at: Date | null }>(
    'select decided_at as at from requests order by created_at desc limit 1',
  );
  return row?.at ?? null;
};

/** Refused: Rita is told so. */
const isRefused = (before: number): boolean => refusals() > before;
const refusals = (): number =>
  [...world.slack.as('rita').messages('prod-access'), ...world.slack.as('rita').dmsWithApp()].filter(
    ({ ephemeralFor, text }) => ephemeralFor !== undefined && text.includes('an approver of this request'),
  ).length;

/** Runs until the vote was refused, or decided. */
const outcome = (before: number): Promise<{ decided: Date | null }> =>
  until(async () => {
    const decided = await decidedAt();
    return decided || isRefused(before) ? { decided } : null;
  }, 'the end of the vote');

const remove = (): number => {
  world.slack.setUsergroup('sre', ['oscar']);
  return Date.now();
};

/** Points of a vote: the click, each call that it brings about, and moments between. */
const POINTS: [string, (act: () => void) => void][] = [
  ['before the click', (act) => act()],
  ...[0, 3, 6, 10, 15, 20, 30, 45, 70, 100, 160].map((ms): [string, (act: () => void) => void] => [
    `${ms} ms after the click`,
    (act) => void setTimeout(act, ms),
  ]),
  ...['usergroups.list', 'users.info', 'chat.update'].map((method): [string, (act: () => void) => void] => [
    `when ${method} was answered`,
    (act) => {
      const stop = world.slack.subscribe((change) => {
        if (change.type !== 'call' || change.call.method !== method) return;
        stop();
        act();
      });
    },
  ]),
];

describe('is taken out of the group', () => {
  test.each(POINTS)('%s', async (_point, when) => {
    const message = await ask();
    // Half of what a vote looks up is known, half is read during it.
    await world.sql(`delete from slack_facts where kind in ('user_groups', 'user')`);
    const before = refusals();
    const { slack } = world;
    slack.faults.beReal({ latencyMs: 15, hasTiers: false });
    const removed = new Promise<number>((resolve) => when(() => resolve(remove())));
    await slack.as('rita').click(message, 'approve');
    const { decided } = await outcome(before);
    if (!decided) return;
    // She was in it when she was looked up: within the way of the event, and no longer.
    const late = decided.getTime() - (await Promise.race([removed, Promise.resolve(Date.now())]));
    expect(late).toBeLessThan(ON_THE_WAY_MS);
  });

  test('and every later click is refused', async () => {
    const message = await ask();
    remove();
    const before = refusals();
    await world.slack.as('rita').click(message, 'approve');
    expect(await outcome(before)).toEqual({ decided: null });
  });
});

/** What was read a moment before is not believed, though the event that she was removed has not come. */
describe('though the event of her removal is lost, she decides nothing', () => {
  const voteOn = async (message: Message): Promise<unknown> => {
    const before = refusals();
    await world.slack.as('rita').click(message, 'approve');
    return outcome(before);
  };
  /** Her removal is not heard of, and what is known of the groups was read before it. */
  const removeUnheard = async (): Promise<Message> => {
    const message = await ask();
    world.slack.faults.loseEvents();
    remove();
    world.slack.faults.clear();
    return message;
  };

  test('when the group changes again: its history proves that a change was not heard', async () => {
    const message = await removeUnheard();
    const heard = world.slack.deliveries('events_api').length;
    world.slack.setUsergroup('sre', ['oscar', 'sam']);
    await world.slack.waitFor(() => world.slack.deliveries('events_api').length >= heard + 2, { what: 'the events' });
    expect(await voteOn(message)).toEqual({ decided: null });
    expect(await world.sql('select 1 from slack_stream_gaps where unheard_until > clock_timestamp()')).toHaveLength(1);
  });

  test('when any event comes late', async () => {
    const message = await removeUnheard();
    await forgetDoubt();
    const { slack } = world;
    const clock = vi.spyOn(slack.state, 'now').mockReturnValue(new Date(Date.now() - 10_000));
    slack.changePerson('ines', { title: 'SRE' });
    clock.mockRestore();
    await doubted();
    expect(await voteOn(message)).toEqual({ decided: null });
  });

  test('when Slack has to send any event again', async () => {
    const message = await removeUnheard();
    await forgetDoubt();
    const { slack } = world;
    slack.faults.failEvents(1);
    slack.changePerson('ines', { title: 'SRE' });
    await doubted();
    expect(await voteOn(message)).toEqual({ decided: null });
  });

  test('when the connection is lost', async () => {
    const message = await removeUnheard();
    const { slack } = world;
    const opened = slack.calls('apps.connections.open').length;
    slack.faults.dropSockets();
    await slack.waitFor(() => slack.calls('apps.connections.open').length > opened && slack.connectionCount() > 0, {
      what: 'a new connection',
    });
    expect(await voteOn(message)).toEqual({ decided: null });
  });

  test('when another process loses its connection', async () => {
    const other = await world.start('web');
    const message = await removeUnheard();
    await other.stop();
    expect(await voteOn(message)).toEqual({ decided: null });
  });

  const forgetDoubt = () => world.sql('update slack_stream_gaps set unheard_until = null');
  const doubted = () =>
    until(
      async () =>
        (await world.sql('select 1 from slack_stream_gaps where unheard_until > clock_timestamp()')).length > 0,
      'the doubt',
    );
});

test('doubled and reordered events change nothing of what is believed', async () => {
  const message = await ask();
  const { slack } = world;
  slack.faults.duplicateEvents(4, 3);
  slack.faults.reorderEvents(2);
  remove();
  await slack.waitFor(() => slack.deliveries('events_api').length > 5, { what: 'the events' });
  const before = refusals();
  await slack.as('rita').click(message, 'approve');
  expect(await outcome(before)).toEqual({ decided: null });
});
