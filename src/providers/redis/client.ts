/** What the rest of the provider has of a target: its nodes, and a connection to each. */
import type { Catalog } from './catalog.ts';
import type { Settings } from './config.ts';
import type { RedisAddress } from './url.ts';

export type Client = {
  node: RedisAddress;
  version: string;
  call: (...words: [string, ...string[]]) => Promise<unknown>;
  /** In one journey; fails where any does. */
  all: (commands: readonly string[][]) => Promise<unknown[]>;
  /** In one journey; an error in place of an answer. */
  each: (commands: readonly string[][]) => Promise<unknown[]>;
  /** As this server reported them at the start of the connection. */
  catalog: () => Promise<Catalog>;
};

export type Server = {
  settings: Settings;
  /** Of the first node, once it was read. */
  seen: () => Catalog | null;
  run: <T>(signal: AbortSignal, work: (client: Client) => Promise<T>) => Promise<T>;
  /** On each node at once; fails when any did, once all were tried. */
  runOnEach: <T>(signal: AbortSignal, work: (client: Client) => Promise<T>) => Promise<T[]>;
  close: () => void;
};
