/** The servers that the Postgres tests run on: the embedded one, and one from before 16 where the machine has it. */
import { testServices } from '../../support/services.ts';
import { oldVersion, startOldServer } from './old-server.ts';
import { createTarget, type Target } from './target.ts';

export type ServerOption = { title: string; open: () => Promise<{ target: Target; close: () => Promise<void> }> };

const onEmbedded = async (): Promise<{ target: Target; close: () => Promise<void> }> => {
  const target = await createTarget(testServices().adminUrl);
  return { target, close: target.drop };
};

const onOld = async (version: string): Promise<{ target: Target; close: () => Promise<void> }> => {
  const server = await startOldServer(version);
  const target = await createTarget(server.adminUrl);
  return {
    target,
    close: async () => {
      await target.drop();
      await server.stop();
    },
  };
};

const old = oldVersion();

export const SERVERS: ServerOption[] = [
  { title: 'the embedded Postgres', open: onEmbedded },
  ...(old === null ? [] : [{ title: `Postgres ${old}`, open: async () => await onOld(old) }]),
];
