/** One SSH connection to a host, kept while it is used, over which its helper is called. */
import { orAborted } from '../../lib/or-aborted.ts';
import type { Client, ClientChannel, ConnectConfig, ServerHostKeyAlgorithm } from 'ssh2';
import { createLanes } from '../../lib/limiter.ts';
import { ProviderError } from '../provider.ts';
import { privateKeyText, type CaKey } from './ca-key.ts';
import type { Host } from './config.ts';
import { toProviderError, WRONG_KEY } from './errors.ts';

/** The account that the script of `doctor --sql` makes. */
const HELPER_USER = 'latchkey-host';

const CONNECT_MS = 10_000;
const IDLE_MS = 20_000;
/** sshd lets ten sessions run over one connection, unless configured. */
const AT_ONCE = 6;
const LONGEST_ANSWER = 4_000_000;

const RSA: ServerHostKeyAlgorithm[] = ['rsa-sha2-512', 'rsa-sha2-256'];
const algorithmsOf = ({ keyType }: Host): ServerHostKeyAlgorithm[] =>
  keyType === 'ssh-rsa' ? RSA : [keyType as ServerHostKeyAlgorithm];

type Opened = { client: Client; ready: Promise<void>; isOver: () => boolean };

const open = (client: Client, host: Host, privateKey: string): Opened => {
  let isOver = false;
  let isWrongKey = false;
  const config: ConnectConfig = {
    host: host.host,
    port: host.port,
    username: HELPER_USER,
    privateKey,
    agent: '',
    authHandler: ['publickey'],
    readyTimeout: CONNECT_MS,
    keepaliveInterval: 5_000,
    keepaliveCountMax: 2,
    algorithms: { serverHostKey: algorithmsOf(host) },
    hostVerifier: (key: Buffer) => {
      isWrongKey = !key.equals(host.keyBlob);
      return !isWrongKey;
    },
  };
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (error: unknown): void => {
      const meaning = isWrongKey ? WRONG_KEY : null;
      reject(toProviderError(error, { where: host.name, isUntouched: true, meaning }));
    };
    client.once('ready', resolve);
    client.on('error', fail);
    client.once('close', () => {
      isOver = true;
      fail(new Error('closed'));
    });
  });
  // Anyone who waits for it hears of it.
  ready.catch(() => undefined);
  client.connect(config);
  return { client, ready, isOver: () => isOver };
};

const channelOf = async (client: Client): Promise<ClientChannel> =>
  await new Promise((resolve, reject) => {
    client.exec('latchkey', (error, channel) => (error ? reject(error) : resolve(channel)));
  });

/** All that the helper says to one question. */
const talk = async (client: Client, question: string): Promise<string> => {
  const channel = await channelOf(client);
  return await new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    channel.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= LONGEST_ANSWER) parts.push(part);
      else channel.destroy();
    });
    channel.stderr.resume();
    channel.once('error', reject);
    channel.once('close', () => resolve(Buffer.concat(parts).toString('utf8')));
    channel.end(question);
  });
};

export type HostConnection = {
  name: string;
  host: Host;
  say: (question: string, signal: AbortSignal) => Promise<string>;
  close: () => void;
};

type Asking = { ask: HostConnection['say']; drop: () => void };

/** Made anew after it was lost. */
const asking = (host: Host, ca: CaKey): Asking => {
  const privateKey = privateKeyText(ca.helper);
  let kept: Opened | null = null;
  const ask = async (question: string, signal: AbortSignal): Promise<string> => {
    // Loaded with the first call: most installations have no such target.
    const ssh = (await import('ssh2')).default;
    if (kept === null || kept.isOver()) kept = open(new ssh.Client(), host, privateKey);
    const mine = kept;
    let isUntouched = true;
    try {
      await orAborted(mine.ready, signal);
      isUntouched = false;
      return await orAborted(talk(mine.client, question), signal);
    } catch (error) {
      if (kept === mine) kept = null;
      mine.client.destroy();
      throw error instanceof ProviderError ? error : toProviderError(error, { where: host.name, isUntouched });
    }
  };
  const drop = (): void => {
    kept?.client.end();
    kept = null;
  };
  return { ask, drop };
};

export const connectionTo = (host: Host, ca: CaKey): HostConnection => {
  const { ask, drop } = asking(host, ca);
  const lanes = createLanes(AT_ONCE);
  let calls = 0;
  let idle: NodeJS.Timeout | undefined;
  const say = async (question: string, signal: AbortSignal): Promise<string> =>
    await lanes(async () => {
      clearTimeout(idle);
      calls += 1;
      try {
        return await ask(question, signal);
      } finally {
        calls -= 1;
        if (calls === 0) idle = setTimeout(drop, IDLE_MS).unref();
      }
    }, signal);
  return {
    name: host.name,
    host,
    say,
    close: () => {
      clearTimeout(idle);
      drop();
    },
  };
};
