/** Starts the way to and from Slack. A wrong token ends the start; a Slack that is down does not: access must end on time without it. */
import { setTimeout as delay } from 'node:timers/promises';
import { createSlackApp } from '../app.ts';
import type { SlackApp, SlackAppSettings } from '../app.ts';
import type { RequestHandler } from './receiver-http.ts';
import { StartError } from './start-error.ts';

const RETRY_MS = 5_000;

export type StartSettings = SlackAppSettings & {
  /** False for a worker: it posts messages and hears nothing. */
  hasReceiver: boolean;
};

export type RunningSlack = {
  handle: RequestHandler | null;
  /** Null when well, else a sentence. */
  problem(): string | null;
  stop(): Promise<void>;
};

/** Rejects only when a token or a setting is wrong. */
export const startSlack = async (settings: StartSettings): Promise<RunningSlack> => {
  const app: SlackApp | null = settings.hasReceiver ? createSlackApp(settings) : null;
  const start = app ? app.start : settings.connection.identify;
  const stopping = new AbortController();
  let problem: string | null = null;
  const attempt = async (): Promise<boolean> => {
    try {
      await start();
      problem = null;
    } catch (error) {
      if (!(error instanceof StartError) || !error.isPassing) throw error;
      problem = error.message;
    }
    return problem === null;
  };
  const keepTrying = async (): Promise<void> => {
    settings.log.warn({ problem }, 'started without Slack; trying again until it answers');
    while (!stopping.signal.aborted && !(await attempt()))
      await delay(RETRY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
  };
  const fail = (error: unknown): void => {
    problem = error instanceof Error ? error.message : String(error);
    settings.log.error({ err: error }, 'Slack refuses us; nothing can be asked until its token is fixed');
  };
  const trying = (await attempt()) ? Promise.resolve() : keepTrying().catch(fail);
  return {
    handle: app?.handle ?? null,
    problem: () =>
      problem ?? (app && !app.isConnected() ? 'The connection to Slack is down; it is being opened again.' : null),
    stop: async () => {
      stopping.abort();
      await app?.stop();
      await trying;
    },
  };
};
