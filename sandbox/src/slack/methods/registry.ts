/** Every Web API method the workspace answers, one line per family. */
import { SlackError } from '../errors.ts';
import type { Json } from '../types.ts';
import { chatMethods } from './chat.ts';
import { conversationMethods } from './conversations.ts';
import { fileMethods } from './files.ts';
import { oauthMethods } from './oauth.ts';
import { bot } from './method.ts';
import type { CallContext, Method } from './method.ts';
import { peopleMethods } from './people.ts';
import { viewMethods } from './views.ts';

const authTest = ({ state }: CallContext): Json => ({
  url: `https://${state.team.domain}.slack.com/`,
  team: state.team.name,
  team_id: state.team.id,
  user: state.app.name,
  user_id: state.app.botUserId,
  bot_id: state.app.botId,
  ...(state.organisation ? { enterprise_id: state.organisation.id } : {}),
  is_enterprise_install: state.installation?.teamId === null,
});

const apiTest = ({ args }: CallContext): Json => {
  if (typeof args.error === 'string') throw new SlackError(args.error, { args });
  return { args };
};

/** Slack: docs.slack.dev/reference/methods/apps.connections.open, app-level token with connections:write. */
const openConnection = ({ openSocket }: CallContext): Json => ({ url: openSocket() });

export const methods: Record<string, Method> = {
  'api.test': { token: 'none', scopes: [], run: apiTest },
  'apps.connections.open': { token: 'app', scopes: [], run: openConnection },
  'auth.test': bot([], authTest),
  ...oauthMethods,
  ...chatMethods,
  ...conversationMethods,
  ...peopleMethods,
  ...viewMethods,
  ...fileMethods,
};
