/** The whole window. */
import type { JSX } from 'preact';
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ChannelCard, Push } from '../page-server/protocol.ts';
import { Conversation } from './panes/conversation.tsx';
import { Icon } from './panes/icons.tsx';
import { Modal } from './panes/modal.tsx';
import { Sidebar } from './panes/sidebar.tsx';
import { Thread } from './panes/thread.tsx';
import { TopBar } from './panes/top-bar.tsx';
import type { Theme } from './panes/top-bar.tsx';
import type { Data } from './state/data.ts';
import { authorName, channelOf, channelSlug, channelTitle, nameOfInline } from './state/names.ts';
import { PageProvider, useAddress, useLink } from './state/page.tsx';
import type { PageContext } from './state/page.tsx';
import { useRemembered } from './state/remembered.ts';
import { unreadOf } from './state/unread.ts';
import { parseInline, plainWords } from './text/mrkdwn.ts';
import { credentialsIn } from './world/credentials.ts';
import type { Credentials } from './world/credentials.ts';
import { WorldPanel } from './world/panel.tsx';
import { TourBar } from './world/tour.tsx';

const NOTICE_MS = 6_000;
const ROOMY_PX = 1_180;

const hasChannel = (data: Data, at: string | null): boolean =>
  data.channels.some((channel) => channelSlug(data, channel) === at);

/** The channel of the address; else the first one the app is in, for that is where something happens. */
const hereOf = (data: Data, at: string | null): ChannelCard | undefined => {
  const named = data.channels.find((channel) => channelSlug(data, channel) === at || channel.id === at);
  if (named !== undefined) return named;
  const mine = data.channels.filter((channel) => channel.isMember && channel.kind === 'public' && !channel.isArchived);
  return mine.find((channel) => channel.memberIds.includes(data.app.id)) ?? mine[0] ?? data.channels[0];
};

/** A direct message named in the address may not have been opened yet. */
const useDirect = (data: Data | null, at: string | null, open: (userId: string) => void): void => {
  const person = data === null || hasChannel(data, at) ? undefined : data.people.find((one) => `@${one.name}` === at);
  useEffect(() => {
    if (person !== undefined) open(person.id);
  }, [person?.id, data?.me]);
};

const themes: Theme[] = ['system', 'light', 'dark'];

const useTheme = (): [Theme, () => void] => {
  const [theme, setTheme] = useRemembered<Theme>('theme', 'system');
  // Before the paint: a window must not show the other colours first.
  useLayoutEffect(() => {
    document.documentElement.dataset.theme = theme;
  }, [theme]);
  return [theme, () => setTheme(themes[(themes.indexOf(theme) + 1) % themes.length] ?? 'system')];
};

const useNotice = (): [string | null, (error: unknown) => void] => {
  const [notice, setNotice] = useState<string | null>(null);
  useEffect(() => {
    if (notice === null) return undefined;
    const timer = window.setTimeout(() => setNotice(null), NOTICE_MS);
    return () => window.clearTimeout(timer);
  }, [notice]);
  const complain = useCallback((error: unknown): void => {
    setNotice(error instanceof Error ? error.message : String(error));
  }, []);
  return [notice, complain];
};

/** What a screen reader says when a message comes. */
const spokenOf = (data: Data | null, push: Push): string | null => {
  if (data === null || push.push !== 'message' || !push.isNew || push.message.user === data.me) return null;
  const channel = channelOf(data, push.message.channel);
  const words = plainWords(parseInline(push.message.text), nameOfInline(data));
  const where = channel === undefined || channel.kind === 'im' ? '' : ` in ${channelTitle(data, channel)}`;
  return `${authorName(data, push.message)}${where}: ${words}`;
};

/** Credentials the app showed this person in this window; kept in memory only. */
const useSeenCredentials = (data: Data | null): Credentials | undefined => {
  const seen = useRef(new Map<string, Credentials>());
  if (data === null) return undefined;
  for (const modal of data.modals) {
    const found = credentialsIn(modal);
    if (found !== undefined) seen.current.set(data.me, found);
  }
  return seen.current.get(data.me);
};

const Foot = ({ data, link }: { data: Data; link: string }): JSX.Element => (
  <footer class="status-bar">
    <span class="warning">
      <Icon name="alert" size={13} /> {data.warning}
    </span>
    <span class="status" role="status">
      {link === 'open' ? (
        <>
          <span class={`dot${data.isAppHere ? ' is-on' : ''}`} aria-hidden="true" />
          <span class={data.isAppHere ? 'status-words' : ''}>
            {data.app.name} {data.isAppHere ? 'is connected' : 'is not connected'}
          </span>
        </>
      ) : (
        <>
          <span class="dot is-waiting" aria-hidden="true" />
          Connection lost. Connecting again…
        </>
      )}
    </span>
  </footer>
);

const useTitle = (data: Data | null, here: ChannelCard | undefined): void => {
  const waiting =
    data?.channels.some((channel) => channel.id !== here?.id && unreadOf(data, channel).forMe > 0) === true;
  const title =
    data === null
      ? 'Local workspace'
      : `${waiting ? '• ' : ''}${here === undefined ? '' : `${channelTitle(data, here)} · `}${data.title}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
};

const Waiting = ({ isUnknown, onFirst }: { isUnknown: boolean; onFirst: () => void }): JSX.Element => (
  <div class="waiting">
    {isUnknown ? (
      <>
        <p>There is nobody of that name in this workspace.</p>
        <button type="button" class="button button-primary-solid" onClick={onFirst}>
          Be somebody who is
        </button>
      </>
    ) : (
      <span class="spinner spinner-muted" role="status" aria-label="Connecting" />
    )}
  </div>
);

const overheard = (): void => undefined;

export const App = (): JSX.Element => {
  const [address, go] = useAddress();
  const [notice, showNotice] = useNotice();
  const [spoken, setSpoken] = useState('');
  const [theme, nextTheme] = useTheme();
  const [worldChoice, setWorldChoice] = useRemembered<'open' | 'closed' | ''>('world', '');
  const [isDrawerOpen, setDrawerOpen] = useState(false);
  const [thread, setThread] = useState<string | null>(null);
  const known = useRef<Data | null>(null);
  const onPush = (push: Push): void => {
    const words = spokenOf(known.current, push);
    if (words !== null) setSpoken(words);
  };
  // The tour turns to the next person in the middle of what this window was sending.
  const isTour = known.current?.world?.tour?.state === 'playing';
  const complain = isTour ? overheard : showNotice;
  const { link, data, ask, queue } = useLink(address.as, { onPush, onTrouble: complain });
  known.current = data;
  const seen = useSeenCredentials(data);
  const here = data === null ? undefined : hereOf(data, address.at);
  useTitle(data, here);
  useLayoutEffect(() => setThread(null), [here?.id, address.as]);
  const attempt = useCallback((work: Promise<unknown>): void => void work.catch(complain), [complain]);
  useDirect(data, address.at, (userId) => attempt(ask({ act: 'open_direct', userId })));
  const page = useMemo<PageContext | null>(
    () => (data === null ? null : { data, address, go, ask, queue, complain, attempt }),
    [data, address, go, ask, queue, complain, attempt],
  );
  if (page === null || data === null || link === 'unknown_person') {
    return <Waiting isUnknown={link === 'unknown_person'} onFirst={() => go({ as: null })} />;
  }
  const isWorldOpen =
    data.world !== null && (worldChoice === '' ? window.innerWidth >= ROOMY_PX : worldChoice === 'open');
  const modal = data.modals.at(-1);
  return (
    <PageProvider value={page}>
      <div
        class={`page${isWorldOpen ? ' has-world' : ''}${thread === null ? '' : ' has-thread'}${isTour ? ' has-tour' : ''}`}
      >
        <TopBar
          theme={theme}
          onTheme={nextTheme}
          isWorldOpen={isWorldOpen}
          onWorld={data.world === null ? null : () => setWorldChoice(isWorldOpen ? 'closed' : 'open')}
        />
        <Sidebar here={here} isOpen={isDrawerOpen} onGone={() => setDrawerOpen(false)} />
        {isDrawerOpen && (
          <button type="button" class="drawer-shade" aria-label="Hide channels" onClick={() => setDrawerOpen(false)} />
        )}
        {here !== undefined && (
          <Conversation channel={here} onThread={setThread} onMenu={() => setDrawerOpen(!isDrawerOpen)} />
        )}
        {here !== undefined && thread !== null && <Thread channel={here} ts={thread} onClose={() => setThread(null)} />}
        {isWorldOpen && data.world !== null && (
          <WorldPanel world={data.world} seen={seen} onClose={() => setWorldChoice('closed')} />
        )}
        <Foot data={data} link={link} />
      </div>
      {data.world !== null && data.world.tour !== null && <TourBar tour={data.world.tour} />}
      {modal !== undefined && <Modal key={modal.id} view={modal} />}
      <div class="notice-box" role="alert">
        {notice !== null && (
          <div class="notice">
            <Icon name="alert" /> {notice}
          </div>
        )}
      </div>
      <div class="visually-hidden" role="log" aria-live="polite">
        {spoken}
      </div>
    </PageProvider>
  );
};
