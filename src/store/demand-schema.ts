/** What reads or writes the database wants its schema to be of this version. */
import { StartError } from '../lib/start-error.ts';
import type { DatabaseAddress } from './address.ts';
import { SCHEMA_SENTENCES, schemaState } from './migrate.ts';
import { reaching } from './reaching.ts';

export const demandSchema = async (address: DatabaseAddress): Promise<void> => {
  const { state } = await reaching(address, () => schemaState(address));
  if (state !== 'current') throw new StartError(SCHEMA_SENTENCES[state]);
};
