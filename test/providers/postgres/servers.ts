/** The servers that the Postgres tests run on: the embedded one, and one from before 16 where the machine has it. */
import { testServices } from '../../support/services.ts';
import { oldVersion, startOldServer } from './old-server.ts';

export type TestServer = { adminUrl: string; stop: () => Promise<void> };
export type ServerOption = { title: string; start: () => Promise<TestServer> };

const embedded = async (): Promise<TestServer> => ({ adminUrl: testServices().adminUrl, stop: async () => undefined });

const old = oldVersion();

export const SERVERS: ServerOption[] = [
  { title: 'the embedded Postgres', start: embedded },
  ...(old === null ? [] : [{ title: `Postgres ${old}`, start: async () => await startOldServer(old) }]),
];
