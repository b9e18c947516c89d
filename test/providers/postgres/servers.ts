/** The servers that the Postgres tests run on: the embedded one, and one from before 16 where the machine has it. */
import { testServices } from '../../support/services.ts';
import { oldVersion, startOldServer } from './old-server.ts';

export type TestServer = { adminUrl: string; makers: number; stop: () => Promise<void> };
export type ServerOption = { title: string; start: () => Promise<TestServer> };

const embedded =
  (makers = 0) =>
  (): Promise<TestServer> =>
    Promise.resolve({ adminUrl: testServices().adminUrl, makers, stop: () => Promise.resolve() });

const old = oldVersion();

export const SERVERS: ServerOption[] = [
  { title: 'the embedded Postgres', start: embedded() },
  { title: 'one whose logins are made by makers', start: embedded(3) },
  ...(old === null
    ? []
    : [{ title: `Postgres ${old}`, start: async () => ({ ...(await startOldServer(old)), makers: 0 }) }]),
];
