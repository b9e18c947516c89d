/** The steps that journeys have in common, each waiting for what a person would see. */
import pg from 'pg';
import type { Message, StoredView } from '../../sandbox/src/slack/types.ts';
import { seen } from './world.ts';
import type { World } from './world.ts';

export type Story = {
  /** Asks in one line, in #general, and gives the approval message in the target's channel. */
  ask(who: string, line: string): Promise<Message>;
  /** The newest message of the app to this person that shows `text`. */
  dm(who: string, text: string): Promise<Message>;
  inChannel(text: string): Promise<Message>;
  /** What only this person was shown in a channel. */
  privately(who: string, text: string, channel?: string): Promise<Message>;
  /** Clicks *Show credentials* and gives the connection URL of the modal. */
  credentials(who: string): Promise<{ url: string; modal: StoredView }>;
  state(): Promise<{ request: string; grant: string | null }[]>;
  events(): Promise<string[]>;
};

const GENERAL = 'general';
/** Some clocks look every ten seconds, and a busy machine takes its time. */
const WAIT_MS = 60_000;

export const storyOf = (world: World): Story => {
  const { slack } = world;
  const find = (messages: () => Message[], text: string): Promise<Message> =>
    slack.waitFor(() => messages().findLast((message) => seen(message).includes(text)), {
      what: `a message with "${text}"`,
      timeoutMs: WAIT_MS,
    });
  const story: Story = {
    ask: async (who, line) => {
      const before = slack.as('olga').messages('prod-access').length;
      const last = line.trim().split(/\s+/).at(-1) ?? '';
      // What comes late of an earlier request is no answer to this one.
      const isAnswer = (message: Message): boolean =>
        JSON.stringify(message).includes('"approve"') || seen(message).includes(last);
      await slack.as(who).command('/prod-access', line, GENERAL);
      return slack.waitFor(() => slack.as('olga').messages('prod-access').slice(before).find(isAnswer), {
        what: 'the approval message',
        timeoutMs: WAIT_MS,
      });
    },
    dm: (who, text) => find(() => slack.as(who).dmsWithApp(), text),
    inChannel: (text) => find(() => slack.as('olga').messages('prod-access'), text),
    privately: (who, text, channel = GENERAL) =>
      find(
        () =>
          [...slack.as(who).messages(channel), ...slack.as(who).dmsWithApp()].filter(
            ({ ephemeralFor }) => ephemeralFor !== undefined,
          ),
        text,
      ),
    credentials: async (who) => {
      const message = await story.dm(who, 'show_credentials');
      await slack.as(who).click(message, 'show_credentials');
      const modal = await slack.waitFor(
        () =>
          slack
            .as(who)
            .modals()
            .find((view) => JSON.stringify(view).includes('postgresql://')),
        { what: 'the credentials' },
      );
      const url = /postgresql:\/\/[^\s"`\\|>]+/.exec(JSON.stringify(modal))?.[0] ?? '';
      return { url, modal };
    },
    state: () =>
      world.sql(
        `select r.state as request, g.state as grant from requests r left join grants g on g.request_id = r.id order by r.created_at`,
      ),
    events: async () =>
      (await world.sql<{ type: string }>('select type from audit_events order by id')).map(({ type }) => type),
  };
  return story;
};

/** Clicks *Show credentials* and gives the newest modal that was not given before, and the URL in it. For providers with another scheme. */
export const createShowing = (
  world: World,
  scheme: string,
): ((who: string) => Promise<{ url: string; text: string }>) => {
  const shown = new Set<string>();
  return async (who) => {
    const { slack } = world;
    await slack.as(who).click(await storyOf(world).dm(who, 'show_credentials'), 'show_credentials');
    const modal = await slack.waitFor(
      () =>
        slack
          .as(who)
          .modals()
          .findLast((view) => JSON.stringify(view).includes(`${scheme}://`) && !shown.has(view.id)),
      { what: 'the credentials' },
    );
    shown.add(modal.id);
    const text = JSON.stringify(modal);
    return { text, url: new RegExp(`${scheme}://[^\\s"\`\\\\|>]+`).exec(text)?.[0] ?? '' };
  };
};

/** Waits for a fact of a database; for facts of Slack there is `waitFor`. */
export const until = async <T>(
  look: () => Promise<T | false | null | undefined>,
  what: string,
  timeoutMs = 60_000,
): Promise<T> => {
  const endsAt = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > endsAt) throw new Error(`${what} did not come in ${timeoutMs} ms`);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
  }
};

/** A session that stays open; `isCut` tells when the server ended it. */
export const openSession = async (url: string): Promise<{ client: pg.Client; isCut: Promise<void> }> => {
  const client = new pg.Client({ connectionString: url });
  const isCut = new Promise<void>((resolve) => {
    client.on('error', () => resolve());
    client.on('end', () => resolve());
  });
  await client.connect();
  return { client, isCut };
};

/** Until what has ended is removed from its target, too: people are notified once it is closed. */
export const untilRemoved = (world: Pick<World, 'sql'>): Promise<unknown> =>
  until(
    async () => (await world.sql(`select 1 from grants where state in ('ending', 'closed')`)).length === 0,
    'the removal of what has ended',
  );
