/** How it is looked at whether what the policy names is there. */
import type { Directory } from '../application/identity/directory.ts';
import type { PlaceLooks } from '../application/messages/review-places.ts';
import { isDomainError } from '../domain/errors.ts';
import type { SlackConnection } from '../slack/connection/connection.ts';
import { toolProblem } from '../slack/directory/tools.ts';
import { createChannels } from '../slack/messages/channels.ts';
import type { ChannelSettings } from '../slack/messages/channels.ts';

type Looking = ChannelSettings & {
  connection: Pick<SlackConnection, 'team'>;
  directory: Pick<Directory, 'accountProblem' | 'lookAtGroup'>;
};

const isKnown = ({ team }: Pick<SlackConnection, 'team'>): boolean => {
  try {
    return team().teamId !== '';
  } catch (error) {
    if (isDomainError(error)) return false;
    throw error;
  }
};

export const placeLooks = ({ directory, connection, ...settings }: Looking): PlaceLooks => {
  const channels = createChannels(settings);
  return {
    isReady: () => isKnown(connection),
    channelId: (name) => channels.idOf(`#${name}`),
    channel: channels.problem,
    account: directory.accountProblem,
    tool: (id) => toolProblem(settings.client, id),
    group: directory.lookAtGroup,
  };
};
