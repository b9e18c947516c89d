/** How Slack is reached: with the bot token of one workspace, or by OAuth in those of an organisation; over a WebSocket or HTTP. */
import type { ConfigProblem } from './problem.ts';

type Reader = {
  problems: readonly ConfigProblem[];
  read(name: string): string | null;
  required(name: string, remedy: string): string;
  refuse(code: string, name: string, message: string): void;
};

/** An organisation of several workspaces, in which the app is installed by OAuth. */
type SlackOrganisation = { enterpriseId: string; clientId: string; clientSecret: string };

export type SlackEnvironment = {
  /** Null where an organisation is served. */
  botToken: string | null;
  organisation: SlackOrganisation | null;
  /** Another Slack API address, with its trailing slash; null for Slack itself. */
  apiUrl: string | null;
} & ({ mode: 'socket'; appToken: string } | { mode: 'http'; signingSecret: string });

const checkPrefix = (reader: Reader, name: 'SLACK_BOT_TOKEN' | 'SLACK_APP_TOKEN', value: string | null): void => {
  const prefix = name === 'SLACK_BOT_TOKEN' ? 'xoxb-' : 'xapp-';
  if (!value || value.startsWith(prefix)) return;
  const message = `${name} does not start with ${prefix}; copy the token of that kind from the Slack app's settings.`;
  reader.refuse('bad_token', name, message);
};

const readBotToken = (reader: Reader): string => {
  const botToken = reader.required(
    'SLACK_BOT_TOKEN',
    "give the bot token (xoxb-…) from the app's OAuth page; for several workspaces of an organisation give SLACK_CLIENT_ID, SLACK_CLIENT_SECRET and SLACK_ENTERPRISE_ID in its place",
  );
  checkPrefix(reader, 'SLACK_BOT_TOKEN', botToken);
  return botToken;
};

const ORGANISATION = {
  SLACK_CLIENT_ID: 'it is under "Basic Information", "App Credentials", of the Slack app',
  SLACK_CLIENT_SECRET: 'it is under "Basic Information", "App Credentials", of the Slack app',
  SLACK_ENTERPRISE_ID: 'it begins with E, in the address of the organisation: https://app.slack.com/manage/E…',
} as const;

/** null where none of its variables is set. */
const readOrganisation = (reader: Reader): SlackOrganisation | null => {
  const given = Object.keys(ORGANISATION).filter((name) => reader.read(name));
  if (given.length === 0) return null;
  if (reader.read('SLACK_BOT_TOKEN'))
    reader.refuse(
      'two_ways_into_slack',
      'SLACK_BOT_TOKEN',
      `SLACK_BOT_TOKEN and ${given.join(', ')} are set; keep the bot token for one workspace, or ${Object.keys(ORGANISATION).join(', ')} for the workspaces of an organisation.`,
    );
  const [clientId, clientSecret, enterpriseId] = (Object.keys(ORGANISATION) as (keyof typeof ORGANISATION)[]).map(
    (name) => reader.required(name, `${ORGANISATION[name]}; ${given.join(' and ')} needs it`),
  ) as [string, string, string];
  if (enterpriseId && !/^E[A-Z0-9]{2,}$/.test(enterpriseId))
    reader.refuse(
      'bad_enterprise_id',
      'SLACK_ENTERPRISE_ID',
      `SLACK_ENTERPRISE_ID is no id of an organisation; ${ORGANISATION.SLACK_ENTERPRISE_ID}.`,
    );
  if (!reader.read('LATCHKEY_PUBLIC_URL'))
    reader.refuse(
      'missing_variable',
      'LATCHKEY_PUBLIC_URL',
      'LATCHKEY_PUBLIC_URL is not set; Slack sends the browser there once the app is installed in a workspace.',
    );
  return { enterpriseId, clientId, clientSecret };
};

/** `given`: the address of another Slack API, checked. */
export const readSlack = (reader: Reader, given: string | null): SlackEnvironment => {
  const organisation = readOrganisation(reader);
  const bot = organisation === null ? readBotToken(reader) : null;
  const who = { botToken: bot, organisation };
  const appToken = reader.read('SLACK_APP_TOKEN');
  const signingSecret = reader.read('SLACK_SIGNING_SECRET');
  checkPrefix(reader, 'SLACK_APP_TOKEN', appToken);
  const apiUrl = given && `${given.replace(/\/+$/, '')}/`;
  if (appToken) return { mode: 'socket', appToken, ...who, apiUrl };
  const isUnread = reader.problems.some(({ path }) => path === 'SLACK_APP_TOKEN' || path === 'SLACK_SIGNING_SECRET');
  if (!signingSecret && !isUnread) {
    reader.refuse(
      'missing_variable',
      'SLACK_APP_TOKEN',
      'Neither SLACK_APP_TOKEN (Socket Mode) nor SLACK_SIGNING_SECRET (HTTP) is set; give one of them.',
    );
  }
  return { mode: 'http', signingSecret: signingSecret ?? '', ...who, apiUrl };
};
