/** Looks at Slack before it is needed: token, scopes, and everything that the policy names there. Writes nothing and posts nothing. */
import type { WebClient } from '@slack/web-api';
import { errorFinding, warningFinding } from '../domain/finding.ts';
import type { ClockReading, Examined, Finding } from '../domain/finding.ts';
import type { Policy } from '../domain/policy/types.ts';
import type { Log } from '../lib/log.ts';
import { createExaminingClient } from './connection/client.ts';
import { slackFailureOf } from './connection/failures.ts';
import type { Installation } from './connection/installations.ts';
import type { Organisation } from './connection/organisation.ts';
import { examineChannels } from './examine-channels.ts';
import { examineManagerField } from './examine-profile-field.ts';
import { examinePeople } from './examine-people.ts';
import { BOT_SCOPES, TOOL_SCOPES } from './scopes.ts';
import { startErrorOf } from './connection/start-error.ts';

export type SlackToExamine = {
  /** Null where an organisation is served. */
  botToken: string | null;
  organisation?: Organisation | null;
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
const scopeFindings = (granted: readonly string[], policy: Policy | null, whose = 'The bot token'): Finding[] => {
  const known = [...BOT_SCOPES, ...TOOL_SCOPES];
  const missing = known.filter(({ name }) => !granted.includes(name));
  const isTool = policy !== null && TOOL_SCOPES.some(({ isNeeded }) => isNeeded(policy));
  const more = granted.filter((name) => !known.some((scope) => scope.name === name));
  const unused = isTool ? [] : granted.filter((name) => TOOL_SCOPES.some((scope) => scope.name === name));
  return [
    ...missing
      .filter((scope) => !TOOL_SCOPES.includes(scope) || isTool)
      .map(({ name, without, isNeeded }) => {
        const message = `${whose} lacks the scope ${name}, and ${without}: ${ADD}.`;
        const isError = policy === null ? isNeededByAll(name) : isNeeded(policy);
        return isError ? errorFinding('missing_scope', message) : warningFinding('missing_scope', message);
      }),
    ...[...more, ...unused].map((name) =>
      warningFinding(
        'unused_scope',
        `${whose} has the scope ${name}, which Latchkey does not use: remove it under "OAuth & Permissions" of the Slack app.`,
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

/** Slack's word where it does not take the token of an installation. */
const refusalOf = async (client: WebClient, token: string): Promise<string | null> => {
  try {
    await client.auth.test({ token });
    return null;
  } catch (error) {
    const failure = slackFailureOf(error);
    if (!failure) throw error;
    return failure.code;
  }
};

const installationFindings = (
  { id, name, scopes }: Installation,
  code: string | null,
  policy: Policy | null,
): Finding[] => {
  if (code === null) return scopeFindings(scopes, policy, `The token of ${name} (${id})`);
  const message = `Slack answers ${code} to the token of ${name} (${id}): open /slack/install there again, or remove the app.`;
  return [errorFinding('slack_token', message)];
};

type Clients = {
  /** Without a token of its own. */
  plain: WebClient;
  /** Chooses the token of each call. */
  choosing: WebClient;
};

const examineOrganisation = async (
  { enterpriseId, installations }: Organisation,
  { plain, choosing }: Clients,
  { policy, kept }: { policy: Policy | null; kept: Kept },
): Promise<Named> => {
  const all = await installations.all();
  if (all.length === 0) {
    const message = `The Slack app is installed nowhere in ${enterpriseId}: open /slack/install at LATCHKEY_PUBLIC_URL.`;
    return { about: null, findings: [errorFinding('not_installed', message)] };
  }
  const codes = await Promise.all(all.map(async (one) => refusalOf(plain, await installations.tokenOf(one))));
  const findings = all.flatMap((one, index) => installationFindings(one, codes[index] ?? null, policy));
  const granted = all.map(({ scopes }) => scopes).reduce((some, more) => some.filter((scope) => more.includes(scope)));
  const isWell = codes.every((code) => code === null);
  const named = policy !== null && isWell ? { policy, bot: 'latchkey', granted, kept } : null;
  return {
    about: `organisation ${enterpriseId}, installed in ${all.map(({ name }) => name).join(', ')}`,
    findings: [...findings, ...(named ? await examineNamed(choosing, named) : [])],
  };
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
  const { botToken, organisation = null, appToken, apiUrl, policy, log } = settings;
  const readings: ClockReading[] = [];
  const onClock = (reading: ClockReading): void => void readings.push(reading);
  const plain = createExaminingClient({ botToken, apiUrl, log }, onClock);
  const choosing = createExaminingClient({ botToken, organisation, apiUrl, log }, onClock);
  const kept = (await settings.keptChannels?.()) ?? new Map<string, string>();
  const [token, app] = await Promise.all([
    organisation
      ? examineOrganisation(organisation, { plain, choosing }, { policy, kept })
      : examineToken(plain, policy, kept),
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
