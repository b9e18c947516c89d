/** Takes the port, or says in one sentence why not and what to set. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StartError } from '../lib/start-error.ts';

export type Place = {
  /** 0 takes any free one. */
  port: number;
  /** All addresses of the machine when null. */
  host: string | null;
  /** The variable that the port came from. */
  variable: 'PORT' | 'LATCHKEY_METRICS_PORT';
};

const sentenceOf = ({ port, host, variable }: Place, code: string | undefined): string => {
  const at = host === null ? '' : ` on ${host}`;
  const isAddress = `LATCHKEY_HOST is ${host}, which`;
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port}${at} is taken by another process; free it, or set ${variable} to another.`,
    EACCES: `Port ${port}${at} may not be used by this user; set ${variable} to a port above 1023.`,
    EADDRNOTAVAIL: `${isAddress} is no address of this machine; set it to one that is, or leave it out for all of them.`,
    ENOTFOUND: `${isAddress} is no name that this machine can resolve; set it to an address, or leave it out for all of them.`,
    EAFNOSUPPORT: `${isAddress} is of a kind that this machine does not speak; set it to another, or leave it out.`,
  };
  sentences['EAI_AGAIN'] = sentences['ENOTFOUND'] ?? '';
  const other = `Port ${port}${at} cannot be listened on (${code ?? 'unknown'}); check ${variable} and LATCHKEY_HOST.`;
  return sentences[code ?? ''] ?? other;
};

export const listen = (server: Server, place: Place): Promise<number> =>
  new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void =>
      reject(new StartError(sentenceOf(place, error.code), { cause: error }));
    server.once('error', onError);
    server.listen({ port: place.port, ...(place.host !== null && { host: place.host }) }, () => {
      server.off('error', onError);
      resolve((server.address() as AddressInfo).port);
    });
  });
