/** A connection whose every byte the test writes itself. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export type RawSocket = {
  socket: Socket;
  write(text: string): void;
  received(): string;
  /** Resolves when what came so far holds this. */
  until(text: string): Promise<void>;
  /** Resolves with all that was received, when the other side has closed. */
  closed(): Promise<string>;
  isOpen(): boolean;
};

const WAIT_MS = 60_000;

const within = <T>(what: string, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`It took too long: ${what}`)), WAIT_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

export const openSocket = async (port: number, host = '127.0.0.1'): Promise<RawSocket> => {
  const socket = connect(port, host);
  let text = '';
  let isOpen = true;
  const listeners = new Set<() => void>();
  const tell = (): void => {
    for (const listener of listeners) listener();
  };
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    text += chunk;
    tell();
  });
  // A reset is an end like any other here.
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isOpen = false;
    tell();
  });
  const when = (is: () => boolean, what: string): Promise<void> =>
    within(
      `${what}; received: ${text}`,
      new Promise((resolve) => {
        const look = (): void => {
          if (!is()) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
      }),
    );
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('close', () => reject(new Error('It could not connect.')));
  });
  await within('to connect', connected);
  return {
    socket,
    write: (part) => void socket.write(part),
    received: () => text,
    until: (wanted) => when(() => text.includes(wanted), `to receive ${wanted}`),
    closed: async () => {
      await when(() => !isOpen, 'to be closed');
      return text;
    },
    isOpen: () => isOpen,
  };
};

/** One request on a connection of its own; gives all that came back. */
export const exchange = async (port: number, text: string): Promise<string> => {
  const raw = await openSocket(port);
  raw.write(text);
  return raw.closed();
};
