/** Connections over HTTP that are kept. Their library is loaded with the first call: most commands make none. */
import type { Agent, Dispatcher, request } from 'undici';

/** To an API of people and groups: above the calls that any of them lets us make at once. */
export const API_CONNECTIONS = 32;

type Options = Omit<Dispatcher.RequestOptions, 'origin' | 'path'>;

export type HttpAgent = {
  request(url: string, options: Options): Promise<Dispatcher.ResponseData>;
  /** Calls after it are refused. */
  destroy(): Promise<void>;
};

type Opened = { agent: Agent; request: typeof request };

/** `connections`: to each server, at most. What is called beyond them waits, since a thousand ends at once must not be a thousand connections there. */
export const openAgent = ({ connections, ca }: { connections: number; ca?: string | null | undefined }): HttpAgent => {
  let opened: Promise<Opened> | null = null;
  let isDestroyed = false;
  const open = async (): Promise<Opened> => {
    const undici = (await import('undici')).default;
    const agent = new undici.Agent({ connections, connect: typeof ca === 'string' ? { ca } : {} });
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
