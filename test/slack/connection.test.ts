import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { createSlackApp } from '../../src/slack/app.ts';
import type { SlackApp } from '../../src/slack/app.ts';
import { createSlackConnection } from '../../src/slack/connection/connection.ts';
import { SOCKETS } from '../../src/slack/connection/receiver-socket.ts';
import { StartError } from '../../src/slack/connection/start-error.ts';
import type { Access, Store } from '../../src/application/deps.ts';
import type { Directory } from '../../src/application/identity/directory.ts';
import type { EventStreams, Pace } from '../../src/application/identity/fact-ports.ts';
import type { PersonCaller } from '../../src/application/identity/caller.ts';
import type { UseCases } from '../../src/application/verbs.ts';
import { forgetfulFacts, unheardStreams } from '../support/facts.ts';
import { forgetfulReplays } from '../support/replays.ts';
import { startSlack } from '../support/slack.ts';
import type { Slack } from '../support/slack.ts';
import { POLICY, policyOf, seen } from './rig.ts';

const log = createLog('silent');
const policy = policyOf(POLICY);
let slack: Slack;
const apps: SlackApp[] = [];
beforeAll(async () => {
  slack = await startSlack({ otherTeams: [{ id: 'T0OTHER', name: 'Other', domain: 'other' }] });
});
afterAll(() => slack.close());
afterEach(async () => {
  await Promise.all(apps.splice(0).map((app) => app.stop()));
});

type Given = {
  botToken?: string;
  appToken?: string | null;
  apiUrl?: string;
  useCases?: UseCases;
  streams?: EventStreams;
  pace?: Pace | null;
};

const make = ({
  botToken = slack.botToken,
  appToken = slack.appToken,
  apiUrl = slack.apiUrl,
  useCases = {} as UseCases,
  streams = unheardStreams,
  pace = null,
}: Given = {}): SlackApp => {
  const connection = createSlackConnection({ botToken, apiUrl, pace, log });
  const environment = { appToken, signingSecret: null, apiUrl };
  // Nothing here comes as far as the database, and the policy knows no incidents.
  const store = { read: { view: () => Promise.resolve(null) } } as unknown as Store;
  const app = createSlackApp({
    environment,
    connection,
    useCases,
    callerOf: () => Promise.resolve({} as PersonCaller),
    policy: () => policy,
    directory: {} as Directory,
    access: {} as Access,
    replays: forgetfulReplays,
    facts: forgetfulFacts,
    streams,
    store,
    log,
  });
  apps.push(app);
  return app;
};

const failureOf = async (app: SlackApp): Promise<StartError> => {
  const error = await app.start().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof StartError)) throw new Error(`it started, or failed otherwise: ${String(error)}`);
  return error;
};

const paceWith = (reserve: Pace['reserve']): Pace => ({
  reserve,
  begin: () => Promise.resolve(0),
  end: () => Promise.resolve(),
});

describe('the start', () => {
  it('with a wrong bot token ends with one sentence that names it', async () => {
    const error = await failureOf(make({ botToken: 'xoxb-wrong' }));
    expect(error.message).toMatch(/^Slack refuses SLACK_BOT_TOKEN \(invalid_auth\): [^.]*\.$/);
    expect(error.isPassing).toBe(false);
  });

  it('with a wrong app token ends with one sentence that names it', async () => {
    const error = await failureOf(make({ appToken: 'xapp-wrong' }));
    expect(error.message).toContain('SLACK_APP_TOKEN (invalid_auth)');
    expect(error.isPassing).toBe(false);
  });

  it('without Slack says so, and may be tried again', async () => {
    const error = await failureOf(make({ apiUrl: 'http://127.0.0.1:9/api/' }));
    expect(error.message).toContain('cannot be reached');
    expect(error.isPassing).toBe(true);
  });

  it('without either way in says which variables to set', () => {
    expect(() => make({ appToken: null })).toThrow('SLACK_APP_TOKEN');
  });
});

const isAnswering = async (): Promise<void> =>
  expect(await slack.as('ada').command('/prod-access', 'help', 'general')).toMatchObject({ ok: true });

describe('the socket', () => {
  it('is opened again after it was cut, and after Slack said goodbye', async () => {
    const app = make();
    await app.start();
    for (const cut of [slack.faults.dropSockets, () => slack.faults.disconnectSockets('refresh_requested')]) {
      const opened = slack.calls('apps.connections.open').length;
      cut();
      await slack.waitFor(() => slack.calls('apps.connections.open').length > opened);
      await vi.waitFor(isAnswering, { timeout: 60_000, interval: 100 });
    }
    expect(app.isConnected()).toBe(true);
  });

  it('has a second beside it: while either is opened again, everybody is answered and nothing kept is believed', async () => {
    const streams = {
      alive: vi.fn<EventStreams['alive']>().mockResolvedValue(),
      lost: vi.fn<EventStreams['lost']>().mockResolvedValue(),
    };
    const app = make({ streams });
    await app.start();
    await slack.waitFor(() => slack.connectionCount() === SOCKETS);
    const gaps = (): number => streams.alive.mock.calls.filter(([, , isNew]) => isNew).length;
    const before = gaps();
    for (const cut of [slack.faults.dropSockets, (count: number) => slack.faults.disconnectSockets('warning', count)]) {
      const noted = gaps();
      slack.faults.delay('apps.connections.open', 500);
      cut(1);
      await slack.waitFor(() => slack.connectionCount() < SOCKETS);
      for (let turn = 0; turn < SOCKETS; turn += 1) await isAnswering();
      expect(app.isConnected()).toBe(true);
      await expect.poll(() => gaps()).toBe(noted + 1);
      slack.faults.clear();
      await slack.waitFor(() => slack.connectionCount() === SOCKETS);
    }
    expect({ gaps: gaps() - before, lost: streams.lost.mock.calls.length }).toEqual({ gaps: 2, lost: 0 });
  });

  it('waits its turn where another is heard by already, since Slack promises one a minute', async () => {
    const reserve = vi.fn<Pace['reserve']>().mockResolvedValue({ isTaken: true, waitMs: 1_500 });
    const app = make({ pace: paceWith(reserve) });
    await app.start();
    const openedAt = performance.now();
    expect(slack.connectionCount()).toBe(1);
    await slack.waitFor(() => slack.connectionCount() === SOCKETS);
    expect(performance.now() - openedAt).toBeGreaterThan(1_000);
    const [first, spare] = reserve.mock.calls;
    expect(first).toEqual(['apps.connections.open', { everyMs: 60_000, burst: 1, mostMs: 0 }]);
    expect(spare).toEqual(['apps.connections.open', { everyMs: 60_000, burst: 1, mostMs: 600_000 }]);
  });

  it('waits for no turn once no other is heard by, and then one alone is opened at once', async () => {
    const reserve = vi.fn<Pace['reserve']>().mockResolvedValue({ isTaken: true, waitMs: 600_000 });
    const app = make({ pace: paceWith(reserve) });
    await app.start();
    const opened = slack.calls('apps.connections.open').length;
    slack.faults.dropSockets();
    await slack.waitFor(() => slack.calls('apps.connections.open').length > opened);
    await vi.waitFor(isAnswering, { timeout: 60_000, interval: 100 });
    await delay(1_000);
    expect({ open: slack.connectionCount(), asked: slack.calls('apps.connections.open').length - opened }).toEqual({
      open: 1,
      asked: 1,
    });
  });

  it('is opened when the database gives no turn', async () => {
    const reserve = vi.fn<Pace['reserve']>().mockRejectedValue(new Error('the database is away'));
    const app = make({ pace: paceWith(reserve) });
    await app.start();
    await slack.waitFor(() => slack.connectionCount() === SOCKETS);
    expect(app.isConnected()).toBe(true);
  });

  it('is opened again after an outage in which every address was refused', async () => {
    const app = make();
    await app.start();
    await slack.faults.down('refused');
    await expect.poll(() => app.isConnected()).toBe(false);
    await slack.faults.up();
    await vi.waitFor(isAnswering, { timeout: 60_000, interval: 100 });
  });
});

describe('somebody of another workspace', () => {
  it('is refused before anything is done', async () => {
    const app = make();
    await app.start();
    slack.addPerson({ id: 'U0STRANGE', name: 'strange', teamId: 'T0OTHER' });
    const channel = slack.state.channels.get('C0ACCESS');
    channel?.connectedTeamIds.push('T0OTHER');
    channel?.members.add('U0STRANGE');
    const connection = createSlackConnection({ botToken: slack.botToken, apiUrl: slack.apiUrl, log });
    const blocks = [
      {
        type: 'actions',
        elements: [
          { type: 'button', text: { type: 'plain_text', text: 'Approve' }, action_id: 'approve', value: 'r1' },
        ],
      },
    ];
    await connection.client.chat.postMessage({ channel: 'C0ACCESS', text: 'an approval', blocks });
    const message = slack.as('strange').messages('prod-access').at(-1);
    await slack.as('strange').click(message ?? 'home', 'approve');
    const told = await slack.waitFor(() =>
      slack
        .as('strange')
        .messages('prod-access')
        .find(({ ephemeralFor }) => ephemeralFor),
    );
    expect(seen(told)).toContain('full members of its own workspace only');
  });
});

describe('the stop', () => {
  it('finishes the click in hand before the connection is closed', async () => {
    let finish = (): void => undefined;
    const isHeld = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const overview = async () => {
      await isHeld;
      return { pending: [], live: [], recent: [], waitingForMe: [], preApprovals: [] };
    };
    const app = make({ useCases: { overview } as unknown as UseCases });
    await app.start();
    await slack.as('olga').command('/prod-access', 'list', 'general');
    const stopping = app.stop();
    finish();
    await stopping;
    expect(seen(slack.as('olga').messages('general').at(-1))).toContain('You have no access and no open request.');
    await slack.waitFor(() => slack.connectionCount() === 0);
  });
});
