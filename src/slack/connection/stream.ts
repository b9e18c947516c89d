/** Says for all processes whether this one hears Slack's events, and when some may have been lost. */
import type { EventStreams } from '../../application/identity/fact-ports.ts';
import { newId } from '../../lib/ids.ts';
import type { Log } from '../../lib/log.ts';
import { startLoop } from '../../lib/loop.ts';
import type { Loop } from '../../lib/loop.ts';

/** A third of the time after which others take this process for dead. */
const ALIVE_EVERY_MS = 5_000;

export type StreamWatch = {
  connected(): void;
  /** Something may be lost, and this process goes on hearing. */
  interrupted(): void;
  lost(): void;
  stop(): Promise<void>;
};

type WatchSettings = {
  teamId: () => string;
  /** A loss that is being noted: what is looked up in this process waits for it. */
  onNoting: (noted: Promise<unknown>) => void;
  log: Log;
};

export const createStreamWatch = (streams: EventStreams, { teamId, onNoting, log }: WatchSettings): StreamWatch => {
  const processId = newId();
  let isConnected = false;
  let isNew = false;
  let loop: Loop | null = null;
  const onError = (error: unknown): void =>
    log.warn({ error: String(error) }, 'the state of the event stream was not noted');
  const sayAlive = async (): Promise<void> => {
    if (!isConnected) return;
    const wasNew = isNew;
    isNew = false;
    try {
      await streams.alive(teamId(), processId, wasNew);
    } catch (error) {
      isNew ||= wasNew;
      throw error;
    }
  };
  const sayLost = async (): Promise<void> => {
    if (!isConnected) return;
    isConnected = false;
    await streams.lost(teamId(), processId);
  };
  return {
    connected: () => {
      isConnected = true;
      isNew = true;
      loop ??= startLoop({ everyMs: ALIVE_EVERY_MS, run: sayAlive, onError });
      loop.poke();
    },
    interrupted: () => {
      if (isConnected) onNoting(streams.alive(teamId(), processId, true));
    },
    lost: () => onNoting(sayLost()),
    stop: async () => {
      await loop?.stop();
      await sayLost().catch(onError);
    },
  };
};
