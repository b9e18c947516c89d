/** Hangs the registries onto Bolt: acknowledge first, then work, and every failure becomes a private sentence. */
import { setImmediate } from 'node:timers/promises';
import type { App } from '@slack/bolt';
import { actions } from './actions/registry.ts';
import { runCommand } from './commands/registry.ts';
import { COMMAND } from './commands/command.ts';
import { accountChanged } from '../connection/account-changed.ts';
import type { Action, EventHandler, PersonHandler, Reply, Search, Slack, ViewAnswer, ViewHandler } from './context.ts';
import { explainError } from '../errors.ts';
import { stepsAfter } from '../next-steps.ts';
import { homeOpened } from './home/home.ts';
import { channelEvents } from '../incident-channels/channel-events.ts';
import type { ChannelEvent } from '../incident-channels/channel-events.ts';
import { readMessage } from '../incident-channels/channel-messages.ts';
import {
  actionPayload,
  commandPayload,
  homePayload,
  searchPayload,
  shownView,
  submitPayload,
  userChangePayload,
} from './payloads.ts';
import { answerWith } from './answer.ts';
import { answerDirectMessage, readDirectMessage } from './direct-message.ts';
import { deliveryKey } from './delivered-once.ts';
import { createReply } from './reply.ts';
import { readTyped } from './typed-text.ts';
import { whileSayingSo } from './waiting.ts';
import { searches, views } from './views/registry.ts';
import { toOption } from './views/request-form.ts';

export const events: readonly EventHandler[] = [homeOpened];
export const personEvents: readonly PersonHandler[] = [accountChanged];

type Answer = (message: Reply) => Promise<void>;

/** The one who caused the work is notified of a failure; when not even that works, the log has both. */
const attempt = async (slack: Slack, reply: Answer, work: () => Promise<void>): Promise<void> => {
  try {
    await whileSayingSo({ ...slack, reply }, work);
  } catch (error) {
    try {
      await reply(answerWith(explainError(error, slack.log), stepsAfter(error)));
    } catch (unsent) {
      slack.log.error({ err: unsent, cause: error }, 'failed to notify the person of a failure');
    }
  }
};

/** Yields once it is given, so that it leaves before the work begins. */
const acknowledge = async (ack: () => Promise<void>): Promise<void> => {
  await ack();
  await setImmediate();
};

export const listen = (app: App, slack: Slack): void => {
  listenToCommand(app, slack);
  for (const action of actions) listenToAction(app, slack, action);
  for (const view of views) listenToView(app, slack, view);
  for (const search of searches) listenToSearch(app, slack, search);
  for (const event of events) listenToEvent(app, slack, event);
  for (const event of personEvents) listenToPeople(app, slack, event);
  for (const event of channelEvents) listenToChannels(app, slack, event);
  listenToMessages(app, slack);
};

const listenToCommand = (app: App, slack: Slack): void => {
  app.command(COMMAND, async ({ ack, body }) => {
    await acknowledge(ack);
    const payload = commandPayload.parse(body);
    const { user_id: userId, channel_id: channelId, trigger_id: triggerId, response_url: responseUrl } = payload;
    const text = readTyped(payload.text);
    const reply = createReply(slack, { userId, responseUrl });
    const key = deliveryKey('trigger', triggerId);
    const call = { slack, userId, channelId, triggerId, deliveryKey: key, text, reply };
    await attempt(slack, reply, () => runCommand(call));
  });
};

const listenToAction = (app: App, slack: Slack, action: Action): void => {
  app.action(action.id, async ({ ack, body }) => {
    await acknowledge(ack);
    const payload = actionPayload.parse(body);
    const { user, trigger_id: triggerId, response_url: responseUrl, view } = payload;
    const reply = createReply(slack, { userId: user.id, responseUrl });
    const value = payload.actions.find(({ action_id: id }) => id === action.id)?.value ?? '';
    const shown = view ? { ...shownView(view), type: view.type } : null;
    const { channel_id: channelId, message_ts: ts } = payload.container ?? {};
    const message = channelId && ts ? { channelId, ts } : null;
    const call = { slack, userId: user.id, triggerId, value, message, view: shown, reply };
    await attempt(slack, reply, () => action.run(call));
  });
};

const listenToView = (app: App, slack: Slack, { callbackId, run }: ViewHandler): void => {
  app.view(callbackId, async ({ ack, body }) => {
    const { user, view } = submitPayload.parse(body);
    const reply = createReply(slack, { userId: user.id, responseUrl: undefined });
    const give = ack as (response?: ViewAnswer) => Promise<void>;
    let isAcked = false;
    const answer = async (response?: ViewAnswer): Promise<void> => {
      isAcked = true;
      await give(response);
    };
    await attempt(slack, reply, () => run({ slack, userId: user.id, view: shownView(view), ack: answer, reply }));
    if (!isAcked) await give();
  });
};

const listenToSearch = (app: App, slack: Slack, { actionId, find }: Search): void => {
  app.options(actionId, async ({ ack, body }) => {
    const { value: query, block_id: blockId } = searchPayload.parse(body);
    await ack({ options: find({ slack, query, blockId }).map(toOption) });
  });
};

const listenToEvent = (app: App, slack: Slack, { type, run }: EventHandler): void => {
  app.event(type, async ({ event }) => {
    const { user: userId, tab } = homePayload.parse(event);
    const reply = createReply(slack, { userId, responseUrl: undefined });
    await attempt(slack, reply, () => run({ slack, userId, tab }));
  });
};

/** No person is there to be notified of a failure: Slack sends the event again when it is not taken. */
const listenToPeople = (app: App, slack: Slack, { type, run }: PersonHandler): void => {
  app.event(type, async ({ event }) => {
    const { user } = userChangePayload.parse(event);
    const isOrganisations = slack.enterpriseId !== null && user.enterprise_user?.enterprise_id === slack.enterpriseId;
    const home = isOrganisations ? slack.enterpriseId : user.team_id;
    await run({ slack, userId: user.id, personId: `${home}:${user.id}`, isDeleted: user.deleted });
  });
};

/** Slack was answered already: what cannot be looked at now is looked at again by the watch. */
const listenToChannels = (app: App, slack: Slack, { type, read }: ChannelEvent): void => {
  app.event(type, async ({ event, context }) => {
    const heard = read(event, context.botUserId ?? '');
    if (heard) await slack.channels.heard(heard);
  });
};

/** Those of channels come only where an admin wants it; see `channel-messages.ts`. */
const listenToMessages = (app: App, slack: Slack): void => {
  app.event('message', async ({ event, context }) => {
    const said = readDirectMessage(event, context.botUserId ?? '');
    if (said) {
      const reply = createReply(slack, { userId: said.userId, responseUrl: undefined, threadTs: said.threadTs });
      return attempt(slack, reply, () => answerDirectMessage({ slack, message: said, reply }));
    }
    const message = readMessage(event);
    const isOwn = message?.authorIds.some((id) => id === context.botUserId || id === context.botId);
    if (message && !(isOwn && message.change === null)) await slack.channels.read(message);
  });
};
