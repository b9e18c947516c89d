/** The pages by which an organisation installs the Slack app in its workspaces. */
import type { Environment } from '../config/environment.ts';
import type { Routes } from '../http/routes.ts';
import type { Log } from '../lib/log.ts';
import { INSTALL_PATHS, createInstallPages } from '../slack/connection/install.ts';
import { scopesFor } from '../slack/scopes.ts';
import type { Core } from './parts.ts';

type Settings = Pick<Core, 'connection' | 'deps' | 'replays'> & {
  environment: Pick<Environment, 'slack' | 'publicUrl'>;
  log: Log;
};

/** None where one workspace is served by a bot token. */
export const installRoutes = ({ connection, deps, replays, environment, log }: Settings): Routes => {
  const { slack, publicUrl } = environment;
  if (!slack.organisation || !connection.organisation || publicUrl === null) return {};
  const pages = createInstallPages({
    ...slack.organisation,
    ...{ publicUrl, apiUrl: slack.apiUrl, installations: connection.organisation.installations },
    ...{ vault: deps.vault, replays, log: log.child({ part: 'slack' }) },
    scopes: () => scopesFor(deps.policy()),
  });
  log.info({}, `Install the Slack app in a workspace, or in the organisation: ${publicUrl}${INSTALL_PATHS.start}`);
  return { [`GET ${INSTALL_PATHS.start}`]: pages.start, [`GET ${INSTALL_PATHS.finish}`]: pages.finish };
};
