/** Names, initials and colours of people and channels, as this window shows them. */
import type { ChannelCard, MessageCard, PersonCard } from '../../page-server/protocol.ts';
import type { Inline } from '../text/mrkdwn.ts';
import type { Data } from './data.ts';

export const personOf = (data: Data, id: string | undefined): PersonCard | undefined =>
  data.people.find((person) => person.id === id);

/** By id, or as the app's own records call somebody: name or nothing we know. */
export const personNamed = (data: Data, who: string): PersonCard | undefined =>
  personOf(data, who) ?? data.people.find((person) => person.name === who || person.realName === who);

export const channelOf = (data: Data, id: string | undefined): ChannelCard | undefined =>
  data.channels.find((channel) => channel.id === id);

/** Whom a direct message is with; oneself when nobody else is in it. */
export const otherIn = (data: Data, channel: ChannelCard): PersonCard | undefined =>
  personOf(data, channel.memberIds.find((id) => id !== data.me) ?? data.me);

export const isWithApp = (data: Data, channel: ChannelCard): boolean =>
  channel.kind === 'im' && channel.memberIds.includes(data.app.id);

export const channelTitle = (data: Data, channel: ChannelCard): string => {
  if (channel.kind === 'im') return otherIn(data, channel)?.realName ?? 'Direct message';
  if (channel.kind !== 'mpim') return channel.name;
  return channel.memberIds
    .filter((id) => id !== data.me)
    .map((id) => personOf(data, id)?.realName ?? id)
    .join(', ');
};

/** How the address names a channel: `prod-access`, `@latchkey`. */
export const channelSlug = (data: Data, channel: ChannelCard): string =>
  channel.kind === 'im' ? `@${otherIn(data, channel)?.name ?? ''}` : channel.name;

export const authorName = (data: Data, message: MessageCard): string =>
  message.username ?? personOf(data, message.user)?.realName ?? 'Somebody';

export const initialsOf = (name: string): string => {
  const words = name.split(/[\s._-]+/).filter((word) => word !== '');
  const [first = '?', second = ''] = words;
  return `${first.charAt(0)}${second.charAt(0)}`.toUpperCase();
};

const AVATAR_COLOURS = 8;

/** A class, so that each theme can choose its own colours; neighbours in the list of people differ. */
export const avatarColour = (data: Data, person: PersonCard | undefined): string =>
  `avatar-${(person === undefined ? 0 : data.people.indexOf(person)) % AVATAR_COLOURS}`;

/** The words for what is not plain text. */
export const nameOfInline =
  (data: Data) =>
  (node: Inline): string => {
    switch (node.is) {
      case 'person':
        return `@${personOf(data, node.id)?.realName ?? node.label ?? node.id}`;
      case 'channel':
        return `#${channelOf(data, node.id)?.name ?? node.label ?? 'a private channel'}`;
      case 'group':
        return `@${data.usergroups.find((one) => one.id === node.id)?.handle ?? node.label?.replace(/^@/, '') ?? node.id}`;
      case 'link':
      case 'everyone':
        return node.label;
      case 'date':
        return node.fallback;
      case 'emoji':
        return '';
      default:
        return '';
    }
  };
