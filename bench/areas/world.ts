/** What an area is given, and Latchkey in a world of its own: its database, a target, and people who ask. */
import { startChild } from '../child.ts';
import type { Child } from '../child.ts';
import type { Row } from '../rows.ts';
import { startApp } from '../setup/app.ts';
import type { RunningApp } from '../setup/app.ts';
import type { Extent, Sizes } from '../setup/options.ts';
import { createStoreDatabase, createTarget } from '../setup/servers.ts';
import type { Servers, Target } from '../setup/servers.ts';

export type Bench = { servers: Servers; sizes: Sizes; extent: Extent; say(text: string): void };

/** `details` are the figures behind the rows, for the JSON. */
export type Measured = { rows: Row[]; details: Record<string, unknown> };

export type World = {
  storeUrl: string;
  target: Target;
  load: Child;
  slackApiUrl: string;
  start(): Promise<RunningApp>;
  stop(): Promise<void>;
};

export const createWorld = async ({ servers }: Bench, morePolicy = ''): Promise<World> => {
  const [storeUrl, target] = await Promise.all([createStoreDatabase(servers), createTarget(servers)]);
  const load = startChild('load-program');
  const slackApiUrl = await load.call<string>('startSlack');
  let app: RunningApp | null = null;
  return {
    storeUrl,
    target,
    load,
    slackApiUrl,
    start: async () => {
      app = await startApp({ servers, target, storeUrl, slackApiUrl, morePolicy });
      return app;
    },
    stop: async () => {
      await app?.stop();
      await load.stop();
    },
  };
};
