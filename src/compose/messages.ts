/** Messages: what they say comes from the application, how they look and where they go from Slack. */
import { createMessages } from '../application/messages/reconcile.ts';
import type { Messages, MessagesDeps } from '../application/messages/reconcile.ts';
import { createSlackChannel } from '../slack/messages/channel.ts';
import type { SlackChannelSettings } from '../slack/messages/channel.ts';
import type { Metrics } from '../http/ops/metrics.ts';

type Settings = SlackChannelSettings & Omit<MessagesDeps, 'channel' | 'onPosted'> & { metrics: Metrics };

export const createMessenger = (settings: Settings): Messages =>
  createMessages({
    ...settings,
    channel: createSlackChannel(settings),
    onPosted: (content) => {
      if (content.subject !== 'alert') return;
      settings.metrics.onAlert({ source: content.view.alert.source, outcome: 'asked', count: 1 });
    },
  });
