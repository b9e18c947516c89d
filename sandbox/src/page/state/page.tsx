/** What every part of the page can see and do: the data, where we are, and the acts. */
import { createContext } from 'preact';
import { useContext, useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Act } from '../../page-server/act.ts';
import type { Push } from '../../page-server/protocol.ts';
import { readAddress, writeAddress } from './address.ts';
import type { Address } from './address.ts';
import { connect } from './connection.ts';
import type { Connection, LinkState } from './connection.ts';
import { apply } from './data.ts';
import type { Data } from './data.ts';
import { createQueue } from './queue.ts';
import type { Queue } from './queue.ts';

export type PageContext = {
  data: Data;
  address: Address;
  go: (change: Partial<Address>) => void;
  ask: (act: Act) => Promise<unknown>;
  queue: Queue;
  /** A short sentence that something went wrong. */
  complain: (error: unknown) => void;
  /** Runs what may fail; a failure is shown. */
  attempt: (work: Promise<unknown>) => void;
};

const Context = createContext<PageContext | null>(null);
export const PageProvider = Context.Provider;

export const usePage = (): PageContext => {
  const page = useContext(Context);
  if (page === null) throw new Error('This part is drawn outside of the page.');
  return page;
};

/** Where we are, kept in the address bar. */
export const useAddress = (): [Address, PageContext['go']] => {
  const [address, setAddress] = useState(() => readAddress(location.search));
  useEffect(() => {
    const onBack = (): void => setAddress(readAddress(location.search));
    window.addEventListener('popstate', onBack);
    return () => window.removeEventListener('popstate', onBack);
  }, []);
  const go = useMemo(
    () =>
      (change: Partial<Address>): void => {
        const next = { ...readAddress(location.search), ...change };
        const url = writeAddress(next);
        if (url !== `${location.pathname}${location.search}`) history.pushState(null, '', url);
        setAddress(next);
      },
    [],
  );
  return [address, go];
};

export type Linked = {
  link: LinkState;
  data: Data | null;
  ask: Connection['ask'];
  queue: Queue;
};

/** One connection for each person; news goes to the data, and to its listeners. */
export const useLink = (
  as: string | null,
  listeners: { onPush: (push: Push) => void; onTrouble: (error: unknown) => void },
): Linked => {
  const [link, setLink] = useState<LinkState>('connecting');
  const [data, setData] = useState<Data | null>(null);
  const connection = useRef<Connection | null>(null);
  const heard = useRef(listeners);
  heard.current = listeners;
  useEffect(() => {
    setLink('connecting');
    const opened = connect(as, {
      onLink: setLink,
      onPush: (push) => {
        setData((before) => apply(before, push));
        heard.current.onPush(push);
      },
    });
    connection.current = opened;
    return () => {
      opened.close();
    };
  }, [as]);
  const { ask, queue } = useMemo(() => {
    const ask: Connection['ask'] = (act) =>
      connection.current?.ask(act) ?? Promise.reject(new Error('Not connected to the workspace.'));
    return { ask, queue: createQueue(ask, (error) => heard.current.onTrouble(error)) };
  }, []);
  return { link, data, ask, queue };
};
