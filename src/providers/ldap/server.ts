/** One connection to an LDAP server, encrypted and bound before it is used; a new one where it broke. */
import { isIP } from 'node:net';
import { Client } from 'ldapts';
import { orAborted } from '../../lib/or-aborted.ts';
import { ProviderError } from '../provider.ts';
import { usesStartTls, type Config } from './config.ts';
import { toProviderError } from './errors.ts';

const CONNECT_MS = 8_000;
const ANSWER_MS = 10_000;

export type Server = {
  name: string;
  /** `doing` ends the sentence "… could not …". Errors are as the library throws them where `isRaw`. */
  ask<T>(doing: string, work: (client: Client) => Promise<T>, signal: AbortSignal): Promise<T>;
  close(): Promise<void>;
};

const opened = async (config: Config): Promise<Client> => {
  const host = new URL(config.url).hostname.replace(/^\[|\]$/g, '');
  const tlsOptions = {
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ...(config.ca !== undefined && { ca: config.ca }),
    minVersion: 'TLSv1.2',
  } as const;
  const client = new Client({
    url: config.url,
    timeout: ANSWER_MS,
    connectTimeout: CONNECT_MS,
    strictDN: false,
    ...(config.url.startsWith('ldaps:') && { tlsOptions }),
  });
  try {
    if (usesStartTls(config)) await client.startTLS(tlsOptions);
    await client.bind(config.bind_dn, config.bind_password);
    return client;
  } catch (error) {
    await client.unbind();
    throw error;
  }
};

type Kept = { current: Promise<Client> | null };

const drop = async (kept: Kept, used: Promise<Client>): Promise<void> => {
  if (kept.current === used) kept.current = null;
  const [settled] = await Promise.allSettled([used]);
  if (settled.status === 'fulfilled') await settled.value.unbind();
};

const connected = async (kept: Kept, config: Config): Promise<Promise<Client>> => {
  const known = kept.current;
  if (known) {
    const [settled] = await Promise.allSettled([known]);
    if (settled.status !== 'fulfilled' || !settled.value.isBound) await drop(kept, known);
  }
  kept.current ??= opened(config);
  return kept.current;
};

export const openServer = (config: Config): Server => {
  const name = `The LDAP server at ${new URL(config.url).host}`;
  const kept: Kept = { current: null };
  return {
    name,
    ask: async (doing, work, signal) => {
      let used: Promise<Client> | null = null;
      const run = async () => {
        const client = await connected(kept, config);
        used = kept.current;
        const answer = await work(client);
        // The library makes a broken connection again, without a login. What is answered there is an answer to anybody.
        if (!client.isBound) throw new ProviderError('unavailable', `${name} broke the connection.`);
        return answer;
      };
      try {
        return await orAborted(run(), signal);
      } catch (error) {
        const failure = toProviderError(error, { server: name, doing });
        if (used && failure instanceof ProviderError && failure.kind === 'unavailable') await drop(kept, used);
        throw failure;
      }
    },
    close: async () => {
      if (kept.current) await drop(kept, kept.current);
    },
  };
};
