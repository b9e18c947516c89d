/** Looks at Slack before it is needed: token, scopes, and everything that the policy names there. Writes nothing and posts nothing. */
import type { WebClient } from '@slack/web-api';
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { ClockReading, Examined, Finding } from '../domain/finding.ts';
import type { Policy } from '../domain/policy/types.ts';
import type { Log } from '../lib/log.ts';
import { createExaminingClient, slackFailureOf } from './connection/client.ts';
import { examineChannels } from './examine-channels.ts';
import { examineManagerField } from './examine-profile-field.ts';
import { examinePeople } from './examine-people.ts';
import { BOT_SCOPES, TOOL_SCOPES } from './scopes.ts';
import { startErrorOf } from './connection/start-error.ts';

export type SlackToExamine = {
  botToken: string;
  apiUrl: string | null;
  /** null in HTTP mode. */
  appToken: string | null;
  /** null where the policy could not be read: then only the token is looked at. */
  policy: Policy | null;
  /** Channels that names of the policy were kept for; null where no database is configured. */
  keptChannels: (() => Promise<ReadonlyMap<string, string>>) | null;
  log: Log;
};

const ADD =
  'add it under "OAuth & Permissions" of the Slack app, or paste manifest.yml again, and install the app again';

/** A policy that cannot be read needs what every policy needs. */
const scopeFindings = (granted: readonly string[], policy: Policy | null): Finding[] => {
  const known = [...BOT_SCOPES, ...TOOL_SCOPES];
  const missing = known.filter(({ name }) => !granted.includes(name));
  const isTool = policy !== null && TOOL_SCOPES.some(({ isNeeded }) => isNeeded(policy));
  const more = granted.filter((name) => !known.some((scope) => scope.name === name));
  const unused = isTool ? [] : granted.filter((name) => TOOL_SCOPES.some((scope) => scope.name === name));
  return [
    ...missing
      .filter((scope) => !TOOL_SCOPES.includes(scope) || isTool)
      .map(({ name, without, isNeeded }) => {
        const message = `The bot token lacks the scope ${name}, and ${without}: ${ADD}.`;
        const isError = policy === null ? isNeededByAll(name) : isNeeded(policy);
        return isError ? errorFinding('missing_scope', message) : warningFinding('missing_scope', message);
      }),
    ...[...more, ...unused].map((name) =>
      warningFinding(
        'unused_scope',
        `The bot token has the scope ${name}, which Latchkey does not use: remove it under "OAuth & Permissions" of the Slack app.`,
      ),
    ),
  ];
};

const isNeededByAll = (name: string): boolean => ['commands', 'chat:write', 'users:read'].includes(name);

const appTokenFindings = async (client: WebClient): Promise<Finding[]> => {
  try {
    await client.apps.connections.open({});
    return [];
  } catch (error) {
    return [errorFinding('slack_app_token', startErrorOf('SLACK_APP_TOKEN', error).message)];
  }
};

type Named = { findings: Finding[]; about: string | null };

const examineToken = async (client: WebClient, policy: Policy | null, kept: Kept): Promise<Named> => {
  try {
    const {
      team = 'a workspace',
      user = 'its bot',
      bot_id: botId,
      response_metadata: metadata,
    } = await client.auth.test();
    if (!botId) {
      const message = 'SLACK_BOT_TOKEN is not the token of a bot: copy the one that begins with xoxb-.';
      return { about: null, findings: [errorFinding('slack_token', message)] };
    }
    const granted = metadata?.scopes ?? [];
    const named = policy === null ? [] : await examineNamed(client, { policy, bot: user, granted, kept });
    return { about: `workspace ${team}, bot @${user}`, findings: [...scopeFindings(granted, policy), ...named] };
  } catch (error) {
    return { about: null, findings: [errorFinding('slack_token', startErrorOf('SLACK_BOT_TOKEN', error).message)] };
  }
};

type Kept = ReadonlyMap<string, string>;

/** What a missing scope hides is not looked for: the scope is the finding. */
const examineNamed = async (
  client: WebClient,
  { policy, bot, granted, kept }: { policy: Policy; bot: string; granted: readonly string[]; kept: Kept },
): Promise<Finding[]> => {
  const may = (...names: string[]): boolean => names.every((name) => granted.includes(name));
  const found = await Promise.all([
    may('channels:read')
      ? looking('channels', () => examineChannels(client, { policy, bot, kept, isPrivateToo: may('groups:read') }))
      : [],
    may('users:read', 'users:read.email')
      ? looking('people', () => examinePeople(client, { policy, hasUserGroups: may('usergroups:read') }))
      : [],
    may('users.profile:read') ? looking('manager field', () => examineManagerField(client, policy)) : [],
  ]);
  return found.flat();
};

/** One look that fails leaves the others as they are. */
const looking = async (what: string, look: () => Promise<Finding[]>): Promise<Finding[]> => {
  try {
    return await look();
  } catch (error) {
    const failure = slackFailureOf(error);
    if (failure === null) throw error;
    return [
      errorFinding(
        'slack_lookup',
        `The ${what} of the policy could not be looked up: Slack answered ${failure.code}. Try again.`,
      ),
    ];
  }
};

export const examineSlack = async (settings: SlackToExamine): Promise<Examined> => {
  const { botToken, appToken, apiUrl, policy, log } = settings;
  const readings: ClockReading[] = [];
  const client = createExaminingClient({ botToken, apiUrl, log }, (reading) => void readings.push(reading));
  const [token, app] = await Promise.all([
    examineToken(client, policy, (await settings.keptChannels?.()) ?? new Map()),
    appToken === null
      ? []
      : appTokenFindings(createExaminingClient({ botToken: appToken, apiUrl, log }, () => undefined)),
  ]);
  const mode = appToken === null ? 'HTTP' : 'Socket Mode';
  return {
    about: token.about && `${token.about}, ${mode}`,
    findings: [...token.findings, ...app],
    clock: readings[0] ?? null,
  };
};
