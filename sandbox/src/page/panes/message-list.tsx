/** Messages in order of time, grouped by author and day; stays at the end while one reads the end. */
import { Fragment } from 'preact';
import type { ComponentChildren, JSX } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { MessageCard } from '../../page-server/protocol.ts';
import { dayHeading, tsDate } from '../text/dates.ts';
import { Message } from './message.tsx';

const GROUP_MS = 5 * 60_000;

const isFollowUp = (before: MessageCard | undefined, message: MessageCard): boolean =>
  before !== undefined &&
  before.user === message.user &&
  before.username === message.username &&
  before.isEphemeral === message.isEphemeral &&
  tsDate(message.ts).getTime() - tsDate(before.ts).getTime() < GROUP_MS;

type Props = {
  label: string;
  messages: MessageCard[];
  /** Replies to a message, by its ts. */
  replies: Map<string, MessageCard[]>;
  /** The first message that had not been read when the channel was opened. */
  firstNewTs: string | null;
  onThread?: (ts: string) => void;
  children?: ComponentChildren;
};

const END_PX = 60;

/** Keeps the end in view when something is added or grows, unless the reader has scrolled up. */
const useStickToEnd = (): { current: HTMLDivElement | null } => {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const node = box.current;
    if (node === null) return undefined;
    let isAtEnd = true;
    const toEnd = (): void => {
      if (isAtEnd) node.scrollTop = node.scrollHeight;
    };
    let lastTop = node.scrollTop;
    // Only who scrolls up leaves the end; what grows below before this is heard is no reason to stay behind.
    const onScroll = (): void => {
      const isNearEnd = node.scrollHeight - node.scrollTop - node.clientHeight < END_PX;
      if (isNearEnd) isAtEnd = true;
      else if (node.scrollTop < lastTop) isAtEnd = false;
      lastTop = node.scrollTop;
    };
    const sizes = new ResizeObserver(toEnd);
    sizes.observe(node);
    if (node.firstElementChild !== null) sizes.observe(node.firstElementChild);
    node.addEventListener('scroll', onScroll, { passive: true });
    toEnd();
    return () => {
      sizes.disconnect();
      node.removeEventListener('scroll', onScroll);
    };
  }, []);
  return box;
};

export const MessageList = ({ label, messages, replies, firstNewTs, onThread, children }: Props): JSX.Element => {
  const box = useStickToEnd();
  const now = new Date();
  const dayOf = (message: MessageCard): string => dayHeading(tsDate(message.ts), { now });
  return (
    <div class="scroll" ref={box} tabIndex={0} role="region" aria-label={label}>
      <div class="scroll-inner">
        {children}
        {messages.map((message, index) => {
          const before = messages[index - 1];
          const startsDay = before === undefined || dayOf(before) !== dayOf(message);
          const isNew = message.ts === firstNewTs;
          return (
            <Fragment key={message.ts}>
              {startsDay && (
                <div class="day">
                  <span>{dayOf(message)}</span>
                </div>
              )}
              {isNew && (
                <div class="new-line">
                  <span>New</span>
                </div>
              )}
              <Message
                message={message}
                isFollowUp={!startsDay && !isNew && isFollowUp(before, message)}
                replies={replies.get(message.ts) ?? []}
                {...(onThread === undefined ? {} : { onThread })}
              />
            </Fragment>
          );
        })}
      </div>
    </div>
  );
};
