/** Slack, with the tokens of the environment or of an organisation. */
import type { Environment } from '../../config/environment.ts';
import type { Examined } from '../../domain/finding.ts';
import { createLog } from '../../lib/log.ts';
import { createSealing } from '../../lib/sealing.ts';
import { examineSlack } from '../../slack/examine.ts';
import type { SlackToExamine } from '../../slack/examine.ts';
import { createPool, createStore } from '../../store/client.ts';
import { reaching } from '../../store/reaching.ts';
import { openOrganisation } from '../organisation.ts';

const silent = createLog('silent');

/** Where an organisation is served, its tokens are in the database. */
export const lookAtSlack = async (
  environment: Environment,
  look: Omit<SlackToExamine, 'organisation'>,
): Promise<Examined> => {
  if (!environment.slack.organisation) return examineSlack(look);
  const database = { url: environment.databaseUrl, ca: environment.databaseCa };
  const pool = createPool({ ...database, log: silent, max: 1 });
  try {
    const store = createStore({ pool, log: silent, onWork: () => undefined });
    const organisation = openOrganisation(environment.slack, {
      store,
      vault: createSealing(environment.secretKeys),
      log: silent,
    });
    return await reaching(database, () => examineSlack({ ...look, organisation }));
  } finally {
    await pool.end();
  }
};
