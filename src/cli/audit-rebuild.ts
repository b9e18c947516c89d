/** `latchkey audit rebuild`: the tree anew from what it commits to, where its stored hashes were damaged. */
import type { Command } from 'commander';
import { NotAsSealed, rebuildTree } from '../store/audit/rebuild-tree.ts';
import type { Rebuilt } from '../store/audit/rebuild-tree.ts';
import { createPool } from '../store/client.ts';
import { reaching } from '../store/reaching.ts';
import { createLog } from '../lib/log.ts';
import { pluralize } from '../lib/pluralize.ts';
import { StartError } from '../lib/start-error.ts';
import { demandDatabase } from './database.ts';
import { print, printJson } from './output.ts';

const NOT_OWNER = '42501';

const explained = (error: unknown): unknown => {
  if (error instanceof NotAsSealed) return new StartError(`Nothing was changed. ${error.message}`);
  if (error instanceof Error && 'code' in error && error.code === NOT_OWNER)
    return new StartError(
      'Only the owner of the tables may do this: set DATABASE_URL to the role that runs latchkey migrate.',
    );
  return error;
};

const say = ({ leaves, root, changed }: Rebuilt): string =>
  `${changed === 0 ? 'Nothing had to be changed' : `${pluralize(changed, 'place was', 'places were')} made anew`}: ${pluralize(leaves, 'leaf', 'leaves')}, root ${root}.`;

const rebuild = async ({ json }: { json?: boolean }): Promise<void> => {
  const database = demandDatabase();
  const pool = createPool({ ...database, log: createLog('silent'), max: 1 });
  try {
    const rebuilt = await reaching(database, () => rebuildTree(pool));
    if (json) printJson(rebuilt);
    else print(say(rebuilt));
  } catch (error) {
    throw explained(error);
  } finally {
    await pool.end();
  }
};

export const addRebuildCommand = (audit: Command): void => {
  audit
    .command('rebuild')
    .description('make the hashes of the tree anew from the events, where verify says that they do not fit')
    .option('--json', 'print the facts as JSON')
    .action(rebuild);
};
