/** A message and its replies, beside the channel. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { ChannelCard } from '../../page-server/protocol.ts';
import { channelTitle } from '../state/names.ts';
import { usePage } from '../state/page.tsx';
import { Composer } from './composer.tsx';
import { Icon } from './icons.tsx';
import { MessageList } from './message-list.tsx';

type Props = { channel: ChannelCard; ts: string; onClose: () => void };

export const Thread = ({ channel, ts, onClose }: Props): JSX.Element => {
  const { data } = usePage();
  const pane = useRef<HTMLElement>(null);
  const messages = (data.messages[channel.id] ?? []).filter((one) => one.ts === ts || one.thread_ts === ts);
  useLayoutEffect(() => {
    pane.current?.querySelector<HTMLElement>('#thread-composer')?.focus();
  }, [ts]);
  const title = channelTitle(data, channel);
  return (
    <aside
      class="thread"
      aria-label="Thread"
      ref={pane}
      onKeyDown={(event) => {
        if (event.key === 'Escape' && !event.defaultPrevented) onClose();
      }}
    >
      <header class="pane-head">
        <h2>
          Thread <span class="topic">{channel.kind === 'im' ? title : `#${title}`}</span>
        </h2>
        <button type="button" class="icon-button" aria-label="Close thread" onClick={onClose}>
          <Icon name="close" />
        </button>
      </header>
      <MessageList label="Replies" messages={messages} replies={new Map()} firstNewTs={null} />
      {channel.isMember && !channel.isArchived && <Composer channel={channel} threadTs={ts} placeholder="Reply…" />}
    </aside>
  );
};
