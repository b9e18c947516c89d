/** The one WebSocket of this window: calls and their answers, news, and connecting again when it was cut. */
import type { Act } from '../../page-server/act.ts';
import { CLOSE_UNKNOWN_PERSON } from '../../page-server/protocol.ts';
import type { Push } from '../../page-server/protocol.ts';

export type LinkState = 'connecting' | 'open' | 'lost' | 'unknown_person';

export type Connection = {
  /** Fails with a sentence fit for the page when the server refuses, or when the connection is cut meanwhile. */
  ask: (act: Act) => Promise<unknown>;
  close: () => void;
};

type Waiting = { resolve: (value: unknown) => void; reject: (error: Error) => void };
type Listeners = { onPush: (push: Push) => void; onLink: (link: LinkState) => void };

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 3_000;

const socketUrl = (as: string | null): string => {
  const query = as === null ? '' : `?as=${encodeURIComponent(as)}`;
  return `ws://${location.host}/page/socket${query}`;
};

/** The asks that wait for their answers. */
const createAsks = () => {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  return {
    send: (socket: WebSocket | undefined, act: Act): Promise<unknown> =>
      new Promise((resolve, reject) => {
        if (socket?.readyState !== WebSocket.OPEN) {
          reject(new Error('Not connected to the workspace. Trying again…'));
          return;
        }
        lastId += 1;
        waiting.set(lastId, { resolve, reject });
        socket.send(JSON.stringify({ id: lastId, ...act }));
      }),
    settle: (answer: Extract<Push, { push: 'answer' }>): void => {
      const asked = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (answer.error === undefined) asked?.resolve(answer.value);
      else asked?.reject(new Error(answer.error));
    },
    failAll: (): void => {
      for (const { reject } of waiting.values()) reject(new Error('The connection was cut. Try again.'));
      waiting.clear();
    },
  };
};

export const connect = (as: string | null, { onPush, onLink }: Listeners): Connection => {
  const asks = createAsks();
  let socket: WebSocket | undefined;
  let retryMs = FIRST_RETRY_MS;
  let isClosed = false;

  const open = (): void => {
    const opened = new WebSocket(socketUrl(as));
    socket = opened;
    opened.addEventListener('message', (event) => {
      if (isClosed) return;
      retryMs = FIRST_RETRY_MS;
      onLink('open');
      const push = JSON.parse(String(event.data)) as Push;
      if (push.push === 'answer') asks.settle(push);
      else onPush(push);
    });
    opened.addEventListener('close', (event) => {
      asks.failAll();
      if (isClosed) return;
      if (event.code === CLOSE_UNKNOWN_PERSON) return onLink('unknown_person');
      onLink('lost');
      window.setTimeout(() => !isClosed && open(), retryMs);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    });
  };

  open();
  return {
    ask: (act) => asks.send(socket, act),
    close: () => {
      isClosed = true;
      socket?.close();
    },
  };
};
