/** Which channels the names of the policy were kept for, for `latchkey doctor`. Changes nothing. */
import type { Log } from '../lib/log.ts';
import type { DatabaseAddress } from './address.ts';
import { createPool } from './client.ts';

/** Name, in small letters and without `#`, to the id of its channel; empty where the database cannot say: that is a finding of its own. */
export const readKeptChannels = async (address: DatabaseAddress, log: Log): Promise<Map<string, string>> => {
  const pool = createPool({ ...address, log, max: 1 });
  try {
    const { rows } = await pool.query<{ name: string; id: string }>('select name, channel_id as id from channel_names');
    return new Map(rows.map(({ name, id }) => [name, id]));
  } catch (error) {
    log.debug({ err: error }, 'the kept channels cannot be read');
    return new Map();
  } finally {
    await pool.end();
  }
};
