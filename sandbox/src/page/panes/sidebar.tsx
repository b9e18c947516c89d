/** Everywhere one can go: channels, the app, people. */
import type { JSX } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChannelCard, PersonCard } from '../../page-server/protocol.ts';
import { channelSlug, channelTitle, otherIn } from '../state/names.ts';
import { usePage } from '../state/page.tsx';
import { unreadOf } from '../state/unread.ts';
import { Avatar } from './avatar.tsx';
import { Icon } from './icons.tsx';
import { NewChannel } from './new-channel.tsx';

type Props = { here: ChannelCard | undefined; isOpen: boolean; onGone: () => void };

const Unread = ({ count, label }: { count: number; label: string }): JSX.Element | null =>
  count === 0 ? null : (
    <span class="unread" aria-label={label}>
      {count}
    </span>
  );

const ChannelLine = ({
  channel,
  isHere,
  onGo,
}: {
  channel: ChannelCard;
  isHere: boolean;
  onGo: () => void;
}): JSX.Element => {
  const { data } = usePage();
  const { count, forMe } = isHere ? { count: 0, forMe: 0 } : unreadOf(data, channel);
  const isQuiet = !channel.isMember || channel.isArchived;
  return (
    <li>
      <button
        type="button"
        class={`line${count > 0 ? ' is-unread' : ''}${isQuiet ? ' is-quiet' : ''}`}
        aria-current={isHere ? 'page' : undefined}
        onClick={onGo}
      >
        <Icon name={channel.isArchived ? 'archive' : channel.kind === 'public' ? 'hash' : 'lock'} />
        <span class="line-name">{channelTitle(data, channel)}</span>
        <Unread count={forMe} label={`${forMe} for you`} />
        {count > 0 && <span class="visually-hidden">, unread</span>}
      </button>
    </li>
  );
};

const PersonLine = ({
  person,
  channel,
  isHere,
  onGo,
}: {
  person: PersonCard;
  channel: ChannelCard | undefined;
  isHere: boolean;
  onGo: () => void;
}): JSX.Element => {
  const { data } = usePage();
  const { count } = channel === undefined || isHere ? { count: 0 } : unreadOf(data, channel);
  return (
    <li>
      <button
        type="button"
        class={`line${count > 0 ? ' is-unread' : ''}`}
        aria-current={isHere ? 'page' : undefined}
        onClick={onGo}
      >
        <Avatar person={person} size="small" />
        <span class="line-name">
          {person.realName}
          {person.id === data.me && <span class="line-note"> you</span>}
        </span>
        <Unread count={count} label={`${count} unread`} />
      </button>
    </li>
  );
};

const sorted = (channels: ChannelCard[]): ChannelCard[] =>
  channels.toSorted((a, b) => Number(a.isArchived) - Number(b.isArchived) || a.name.localeCompare(b.name));

export const Sidebar = ({ here, isOpen, onGone }: Props): JSX.Element => {
  const { ask, attempt, data, go, address } = usePage();
  const [isNew, setNew] = useState(false);
  const channels = data.channels.filter((one) => one.kind === 'public' || one.kind === 'private');
  const directs = data.channels.filter((one) => one.kind === 'im');
  const mine = sorted(channels.filter((one) => one.isMember));
  const others = sorted(channels.filter((one) => !one.isMember && !one.isArchived));
  const app = data.people.find((person) => person.isApp);
  const people = data.people.filter((person) => !person.isBot && !person.isDeleted);
  const directWith = (person: PersonCard): ChannelCard | undefined =>
    directs.find((channel) =>
      person.id === data.me ? channel.memberIds.length === 1 : otherIn(data, channel)?.id === person.id,
    );
  const toChannel = (channel: ChannelCard): void => {
    go({ at: channelSlug(data, channel), tab: 'messages' });
    onGone();
  };
  const toPerson = async (person: PersonCard): Promise<void> => {
    if (directWith(person) === undefined) await ask({ act: 'open_direct', userId: person.id });
    go({ at: `@${person.name}`, tab: person.isApp ? address.tab : 'messages' });
    onGone();
  };
  const line = (channel: ChannelCard): JSX.Element => (
    <ChannelLine key={channel.id} channel={channel} isHere={here?.id === channel.id} onGo={() => toChannel(channel)} />
  );
  const personLine = (person: PersonCard): JSX.Element => {
    const channel = directWith(person);
    const isHere = channel !== undefined && here?.id === channel.id;
    return (
      <PersonLine
        key={person.id}
        person={person}
        channel={channel}
        isHere={isHere}
        onGo={() => attempt(toPerson(person))}
      />
    );
  };
  const drawer = useRef<HTMLElement>(null);
  useLayoutEffect(() => {
    if (isOpen) drawer.current?.querySelector<HTMLElement>('[aria-current], .line')?.focus();
  }, [isOpen]);
  return (
    <nav
      ref={drawer}
      class={`sidebar${isOpen ? ' is-open' : ''}`}
      aria-label="Channels and people"
      onKeyDown={(event) => {
        if (event.key === 'Escape' && isOpen) onGone();
      }}
    >
      <section>
        <h2>
          Channels
          <button
            type="button"
            class="icon-button"
            aria-label="New channel"
            title="New channel"
            onClick={() => setNew(true)}
          >
            <Icon name="plus" size={14} />
          </button>
        </h2>
        <ul>{mine.map(line)}</ul>
      </section>
      {others.length > 0 && (
        <section>
          <h2>Open to join</h2>
          <ul>{others.map(line)}</ul>
        </section>
      )}
      <section>
        <h2>Apps</h2>
        <ul>{app !== undefined && personLine(app)}</ul>
      </section>
      <section>
        <h2>Direct messages</h2>
        <ul>{people.map(personLine)}</ul>
      </section>
      {isNew && <NewChannel onClose={() => setNew(false)} />}
    </nav>
  );
};
