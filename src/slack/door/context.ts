/** What every command, action, view and event handler is given, in plain values; Bolt itself stays in app.ts. */
import type { WebClient } from '@slack/web-api';
import type { KnownBlock, View } from '@slack/types';
import type { Policy } from '../../domain/policy/types.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from '../../application/deps.ts';
import type { VerbsByUser } from './verbs-by-user.ts';
import type { ChannelWatch } from '../incident-channels/channel-watch.ts';
import type { RequestView } from '../../application/record/request-view.ts';
import type { MessageFacts } from '../../application/messages/facts.ts';
import type { Message } from '../messages/render/text.ts';
import type { Turns } from '../turns.ts';
import type { Limits } from '../connection/client.ts';
import type { Once } from '../connection/once.ts';
import type { ShownView } from './shown-view.ts';

export type Slack = {
  client: WebClient;
  /** Whether a look-up waits for a limit of Slack now. */
  limits: Pick<Limits, 'isWaiting'>;
  useCases: VerbsByUser;
  policy: () => Policy;
  store: { read: Pick<Store['read'], 'view' | 'alertView' | 'incident'> };
  channels: Pick<ChannelWatch, 'heard' | 'read'>;
  /** What the card of a request shows besides the request. */
  cardFacts(view: RequestView): Promise<MessageFacts>;
  /** The organisation that is served; null for one workspace. */
  enterpriseId: string | null;
  /** As Slack shows them; null for who is no member. */
  nameOf(userId: string): Promise<string | null>;
  /** Which refresh of an open view is the newest in this process. */
  turns: Turns;
  /** What came twice from Slack is done once, in whichever process. */
  once: Pick<Once, 'take'>;
  log: Log;
};

/** A private answer to the one who clicked or typed. */
export type Reply = Pick<Message, 'text' | 'attachments'> & { blocks?: KnownBlock[] };

export type CommandCall = {
  slack: Slack;
  userId: string;
  /** null where it was written in the direct message: that opens no view. */
  triggerId: string | null;
  /** By which a second delivery of the same is known. */
  deliveryKey: string | null;
  /** Where it was typed; a direct message is one too. */
  channelId: string;
  /** What stands after the subcommand, or after the command when there is none. */
  text: string;
  reply(message: Reply): Promise<void>;
};

export type ActionCall = {
  slack: Slack;
  userId: string;
  triggerId: string;
  value: string;
  /** The message that holds the button; null in a modal or home tab. */
  message: { channelId: string; ts: string } | null;
  /** The modal or home tab that holds the button; null in a message. */
  view: (ShownView & { type: 'modal' | 'home' }) | null;
  reply(message: Reply): Promise<void>;
};

export type Action = { id: string; run(call: ActionCall): Promise<void> };

export type ViewAnswer =
  | { response_action: 'errors'; errors: Record<string, string> }
  | { response_action: 'update' | 'push'; view: View };

export type SubmitCall = {
  slack: Slack;
  userId: string;
  view: ShownView;
  /** Exactly once, within three seconds of the submit. Without an answer the view closes. */
  ack(answer?: ViewAnswer): Promise<void>;
  reply(message: Reply): Promise<void>;
};

export type ViewHandler = { callbackId: string; run(call: SubmitCall): Promise<void> };

export type Choice = { text: string; value: string; description?: string };
export type Search = {
  actionId: string;
  find(search: { slack: Slack; query: string; blockId: string }): Choice[];
};

export type EventHandler = {
  type: 'app_home_opened';
  run(call: { slack: Slack; userId: string; tab: string }): Promise<void>;
};

/** An account changed; `isDeleted` when it was deactivated. */
export type PersonHandler = {
  type: 'user_change';
  run(call: { slack: Slack; userId: string; personId: string; isDeleted: boolean }): Promise<void>;
};
