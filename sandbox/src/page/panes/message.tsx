/** One message: who, when, what, and what hangs on it. */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import type { Json, MessageCard } from '../../page-server/protocol.ts';
import { Attachment } from '../blocks/attachment.tsx';
import { Blocks } from '../blocks/blocks.tsx';
import { PlaceProvider } from '../blocks/place.tsx';
import type { PlaceContext } from '../blocks/place.tsx';
import { authorName, personOf } from '../state/names.ts';
import { usePage } from '../state/page.tsx';
import { fullMoment, timeOf, tsDate } from '../text/dates.ts';
import { emojiOf } from '../text/emoji.ts';
import { Mrkdwn } from '../text/inline-view.tsx';
import { Avatar } from './avatar.tsx';
import { Icon } from './icons.tsx';

const Time = ({ ts }: { ts: string }): JSX.Element => {
  const at = tsDate(ts);
  const reader = { now: new Date() };
  return (
    <time class="time" dateTime={at.toISOString()} title={fullMoment(at, reader)}>
      {timeOf(at, reader)}
    </time>
  );
};

const Files = ({ files }: { files: Json[] }): JSX.Element => {
  const { data } = usePage();
  const me = personOf(data, data.me)?.name ?? '';
  return (
    <div class="files">
      {files.map((file) => (
        <a
          class="file"
          key={String(file.id)}
          href={`/page/files/${String(file.id)}?as=${encodeURIComponent(me)}`}
          download={String(file.name)}
        >
          <Icon name="file" size={20} />
          <span>
            <span class="file-name">{String(file.title ?? file.name)}</span>
            <span class="file-size">{Number(file.size ?? 0).toLocaleString('en-GB')} bytes</span>
          </span>
        </a>
      ))}
    </div>
  );
};

const Reactions = ({ reactions }: { reactions: MessageCard['reactions'] }): JSX.Element => (
  <div class="reactions">
    {reactions.map(({ name, users }) => (
      <span class="reaction" key={name} title={`:${name}:`}>
        {emojiOf(name)} <span>{users.length}</span>
      </span>
    ))}
  </div>
);

const Body = ({ message }: { message: MessageCard }): JSX.Element => {
  const place: PlaceContext = {
    place: { is: 'message', channel: message.channel, ts: message.ts },
    values: message.values,
    errors: {},
    isBusy: false,
  };
  const hasBlocks = message.blocks !== undefined && message.blocks.length > 0;
  return (
    <PlaceProvider value={place}>
      {hasBlocks ? <Blocks blocks={message.blocks ?? []} /> : message.text !== '' && <Mrkdwn text={message.text} />}
      {message.edited !== undefined && <span class="edited">(edited)</span>}
      {message.attachments?.map((attachment, index) => (
        <Attachment key={index} attachment={attachment} />
      ))}
      {message.files !== undefined && message.files.length > 0 && <Files files={message.files} />}
      {message.reactions.length > 0 && <Reactions reactions={message.reactions} />}
    </PlaceProvider>
  );
};

type Props = {
  message: MessageCard;
  /** Follows another of the same author, so that face and name are not said again. */
  isFollowUp: boolean;
  replies: MessageCard[];
  onThread?: (ts: string) => void;
};

const ThreadLine = ({ message, replies, onThread }: Required<Omit<Props, 'isFollowUp'>>): JSX.Element => {
  const { data } = usePage();
  const people = [...new Set(replies.map((reply) => reply.user))].slice(0, 4);
  const last = replies.at(-1);
  return (
    <button type="button" class="thread-line" onClick={() => onThread(message.ts)}>
      {people.map((id) => (
        <Avatar key={id} person={personOf(data, id)} size="small" />
      ))}
      <span class="thread-count">
        {replies.length} {replies.length === 1 ? 'reply' : 'replies'}
      </span>
      {last !== undefined && (
        <span class="thread-last">
          last at <Time ts={last.ts} />
        </span>
      )}
    </button>
  );
};

export const Message = ({ message, isFollowUp, replies, onThread }: Props): JSX.Element => {
  const { data } = usePage();
  const person = personOf(data, message.user);
  const name = authorName(data, message);
  const body = useMemo(() => <Body message={message} />, [message]);
  return (
    <article
      class={`message${isFollowUp ? ' is-follow-up' : ''}${message.isEphemeral ? ' is-ephemeral' : ''}`}
      data-ts={message.ts}
    >
      <div class="message-gutter">{isFollowUp ? <Time ts={message.ts} /> : <Avatar person={person} />}</div>
      <div class="message-main">
        {message.isEphemeral && (
          <div class="only-you">
            <Icon name="eye" size={13} /> Only visible to you
          </div>
        )}
        <div class={isFollowUp ? 'visually-hidden' : 'message-head'}>
          <span class="author">{name}</span>
          {message.isFromApp && <span class="badge">APP</span>}
          {!isFollowUp && <Time ts={message.ts} />}
        </div>
        {body}
        {onThread !== undefined && replies.length > 0 && (
          <ThreadLine message={message} replies={replies} onThread={onThread} />
        )}
      </div>
      {onThread !== undefined && !message.isEphemeral && (
        <div class="message-tools">
          <button
            type="button"
            class="icon-button"
            aria-label={`Reply in thread to ${name}`}
            title="Reply in thread"
            onClick={() => onThread(message.ts)}
          >
            <Icon name="reply" />
          </button>
        </div>
      )}
    </article>
  );
};
