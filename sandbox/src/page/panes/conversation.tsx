/** One channel or direct message: its head, its messages, and where one writes. */
import type { JSX } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { ChannelCard, MessageCard } from '../../page-server/protocol.ts';
import { channelTitle, isWithApp, otherIn } from '../state/names.ts';
import { usePage } from '../state/page.tsx';
import { isInChannel } from '../state/unread.ts';
import { Avatar } from './avatar.tsx';
import { ChannelDetails } from './channel-details.tsx';
import { Composer } from './composer.tsx';
import { Home } from './home.tsx';
import { Icon } from './icons.tsx';
import { MessageList } from './message-list.tsx';

/** Seen is what was last in a window one looks at. */
const useReading = (channel: ChannelCard, last: string | undefined): void => {
  const { ask, attempt } = usePage();
  useEffect(() => {
    const read = (): void => {
      if (document.visibilityState !== 'visible' || last === undefined || last <= channel.readTs) return;
      attempt(ask({ act: 'read', channel: channel.id, ts: last }));
    };
    read();
    document.addEventListener('visibilitychange', read);
    return () => document.removeEventListener('visibilitychange', read);
  }, [channel.id, last]);
};

const repliesOf = (messages: MessageCard[]): Map<string, MessageCard[]> => {
  const replies = new Map<string, MessageCard[]>();
  for (const message of messages) {
    if (message.thread_ts === undefined || message.thread_ts === message.ts) continue;
    replies.set(message.thread_ts, [...(replies.get(message.thread_ts) ?? []), message]);
  }
  return replies;
};

const Beginning = ({ channel }: { channel: ChannelCard }): JSX.Element => {
  const { data } = usePage();
  const title = channelTitle(data, channel);
  if (channel.kind === 'im') {
    const other = otherIn(data, channel);
    return (
      <div class="beginning">
        <Avatar person={other} />
        <h2>{title}</h2>
        <p>
          {isWithApp(data, channel)
            ? `Here ${title} writes to you alone.`
            : other?.id === data.me
              ? 'A place for your own notes.'
              : `Only you and ${title} can read this.`}
        </p>
      </div>
    );
  }
  return (
    <div class="beginning">
      <h2>
        <Icon name={channel.kind === 'public' ? 'hash' : 'lock'} size={22} />
        {title}
      </h2>
      <p>{channel.topic === '' ? `This is the very beginning of #${title}.` : channel.topic}</p>
    </div>
  );
};

const Tabs = (): JSX.Element => {
  const { address, go } = usePage();
  const tab = (name: 'home' | 'messages', label: string): JSX.Element => (
    <button
      type="button"
      role="tab"
      id={`tab-${name}`}
      aria-selected={address.tab === name}
      aria-controls="conversation-panel"
      onClick={() => go({ tab: name })}
    >
      {label}
    </button>
  );
  return (
    <div class="tabs" role="tablist" aria-label="Parts of the app">
      {tab('home', 'Home')}
      {tab('messages', 'Messages')}
    </div>
  );
};

const Head = ({ channel, onMenu }: { channel: ChannelCard; onMenu: () => void }): JSX.Element => {
  const { data } = usePage();
  const [isOpen, setOpen] = useState(false);
  const title = channelTitle(data, channel);
  const other = otherIn(data, channel);
  const isDirect = channel.kind === 'im' || channel.kind === 'mpim';
  return (
    <header class="conversation-head">
      <button type="button" class="icon-button menu-button" aria-label="Show channels" onClick={onMenu}>
        <Icon name="menu" size={18} />
      </button>
      {isDirect ? (
        <h1>
          <Avatar person={other} size="medium" />
          <span class="title">{title}</span>
          {isWithApp(data, channel) && <span class="badge">APP</span>}
          {other?.title !== '' && <span class="topic">{other?.title}</span>}
        </h1>
      ) : (
        <h1>
          <Icon name={channel.kind === 'public' ? 'hash' : 'lock'} size={17} />
          <span class="title">{title}</span>
          {channel.isArchived && <span class="badge">ARCHIVED</span>}
          {channel.topic !== '' && <span class="topic">{channel.topic}</span>}
        </h1>
      )}
      {!isDirect && (
        <button
          type="button"
          class="members"
          aria-label={`${channel.memberIds.length} members, channel details`}
          onClick={() => setOpen(true)}
        >
          <Icon name="people" /> {channel.memberIds.length}
        </button>
      )}
      {isOpen && <ChannelDetails channel={channel} onClose={() => setOpen(false)} />}
    </header>
  );
};

const Foot = ({ channel }: { channel: ChannelCard }): JSX.Element => {
  const { ask, attempt, data } = usePage();
  const title = channelTitle(data, channel);
  if (channel.isArchived) {
    return (
      <div class="foot-note">
        <span>#{title} is archived. It can be read, and nothing more.</span>
        <button
          type="button"
          class="button button-default"
          onClick={() => attempt(ask({ act: 'archive', channel: channel.id, isArchived: false }))}
        >
          Bring it back
        </button>
      </div>
    );
  }
  if (!channel.isMember) {
    return (
      <div class="foot-note">
        <span>You are looking at #{title}.</span>
        <button
          type="button"
          class="button button-primary-solid"
          onClick={() => attempt(ask({ act: 'join', channel: channel.id }))}
        >
          Join channel
        </button>
      </div>
    );
  }
  if (isWithApp(data, channel) && !data.app.isWritable) {
    return (
      <div class="foot-note">Sending messages to this app has been turned off. Its commands work in every channel.</div>
    );
  }
  const to = channel.kind === 'im' || channel.kind === 'mpim' ? title : `#${title}`;
  return <Composer key={channel.id} channel={channel} placeholder={`Message ${to}`} />;
};

type Props = { channel: ChannelCard; onThread: (ts: string) => void; onMenu: () => void };

const Messages = ({ channel, onThread }: Omit<Props, 'onMenu'>): JSX.Element => {
  const { ask, attempt, data } = usePage();
  const all = data.messages[channel.id];
  const messages = useMemo(() => (all ?? []).filter(isInChannel), [all]);
  // What comes while one looks is not marked as new.
  const [firstNewTs] = useState(
    () => messages.find((one) => one.ts > channel.readTs && one.user !== data.me)?.ts ?? null,
  );
  const replies = useMemo(() => repliesOf(all ?? []), [all]);
  const isApp = isWithApp(data, channel);
  useReading(channel, messages.at(-1)?.ts);
  useEffect(() => {
    if (isApp) attempt(ask({ act: 'open_app', tab: 'messages' }));
  }, [isApp]);
  return (
    <>
      <MessageList
        label={`Messages in ${channelTitle(data, channel)}`}
        messages={messages}
        replies={replies}
        firstNewTs={firstNewTs}
        onThread={onThread}
      >
        <Beginning channel={channel} />
      </MessageList>
      <Foot channel={channel} />
    </>
  );
};

export const Conversation = ({ channel, onThread, onMenu }: Props): JSX.Element => {
  const { address, data } = usePage();
  const hasHome = isWithApp(data, channel) && data.app.isHomeEnabled;
  const isHome = hasHome && address.tab === 'home';
  return (
    <main class="conversation" aria-label={channelTitle(data, channel)}>
      <Head channel={channel} onMenu={onMenu} />
      {hasHome && <Tabs />}
      <div
        class="conversation-panel"
        id="conversation-panel"
        {...(hasHome ? { role: 'tabpanel', 'aria-labelledby': `tab-${address.tab}` } : {})}
      >
        {isHome ? <Home /> : <Messages key={`${data.me}-${channel.id}`} channel={channel} onThread={onThread} />}
      </div>
    </main>
  );
};
