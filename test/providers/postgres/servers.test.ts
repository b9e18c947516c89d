/** Every supported version is tested; on a machine without its binaries the version is skipped, and named here. */
import pg from 'pg';
import { expect, test } from 'vitest';
import { isForThisMachine, OLDER_VERSIONS } from '../../support/older-postgres.ts';
import { startVersion } from './servers.ts';

test.for([...OLDER_VERSIONS, 18])('Postgres %i runs, and is that version', async (version, { skip }) => {
  skip(version !== 18 && !isForThisMachine(version), `there are no binaries of Postgres ${version} for this machine`);
  const client = new pg.Client(await startVersion(version));
  await client.connect();
  const { rows } = await client.query<{ version: number }>(
    `select current_setting('server_version_num')::int / 10000 as version`,
  );
  await client.end();
  expect(rows).toEqual([{ version }]);
});
