/** The app in an organisation of several workspaces, with its installations in the store. */
import { createInstallationBook } from '../application/identity/installations.ts';
import type { Store } from '../application/deps.ts';
import type { SlackEnvironment } from '../config/environment-slack.ts';
import { newId } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Sealing } from '../lib/sealing.ts';
import { createOrganisation } from '../slack/connection/organisation.ts';
import type { Organisation } from '../slack/connection/organisation.ts';

type Parts = { store: Store; vault: Sealing; log: Log };

/** null where one workspace is served. */
export const openOrganisation = (
  { organisation, apiUrl }: Pick<SlackEnvironment, 'organisation' | 'apiUrl'>,
  { store, vault, log }: Parts,
): Organisation | null =>
  organisation &&
  createOrganisation({
    ...organisation,
    ...{ book: createInstallationBook({ store, ids: { next: newId } }), vault, apiUrl, log },
  });
