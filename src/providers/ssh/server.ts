/** The hosts of a target. */
import type { Settings } from './config.ts';
import { connectionTo, type HostConnection } from './connection.ts';

export type Server = { settings: Settings; hosts: HostConnection[]; close: () => void };

export const openServer = (settings: Settings): Server => {
  const hosts = settings.hosts.map((host) => connectionTo(host, settings.ca));
  return {
    settings,
    hosts,
    close: () => {
      for (const host of hosts) host.close();
    },
  };
};
