/** Connections over HTTP that are kept. Their library is loaded with the first call: most commands make none. */
import type { Agent, Dispatcher, request } from 'undici';

type Options = Omit<Dispatcher.RequestOptions, 'origin' | 'path'>;

export type HttpAgent = {
  request(url: string, options: Options): Promise<Dispatcher.ResponseData>;
  /** Calls after it are refused. */
  destroy(): Promise<void>;
};

type Opened = { agent: Agent; request: typeof request };

export const openAgent = (options: Agent.Options): HttpAgent => {
  let opened: Promise<Opened> | null = null;
  let isDestroyed = false;
  const open = async (): Promise<Opened> => {
    const undici = (await import('undici')).default;
    const agent = new undici.Agent(options);
    if (isDestroyed) await agent.destroy();
    return { agent, request: undici.request };
  };
  return {
    request: async (url, call) => {
      const { agent, request: send } = await (opened ??= open());
      return await send(url, { ...call, dispatcher: agent });
    },
    destroy: async () => {
      isDestroyed = true;
      await (await opened)?.agent.destroy();
    },
  };
};
