/** A workspace as it is configured, before anything happens in it. */
import { randomBytes } from 'node:crypto';
import { everyBotScope, slackTiming } from './config.ts';
import type { ChannelInput, PersonInput, WorkspaceConfig } from './config.ts';
import { restore } from './snapshot.ts';
import { personId } from './state.ts';
import type { AppIdentity, Counters, OAuth, State } from './state.ts';
import type { Channel, Listener, Person, Team } from './types.ts';

const teamOf = (given: WorkspaceConfig['team']): Team => ({
  id: given?.id ?? 'T0LOCAL001',
  name: given?.name ?? 'Acme',
  domain: given?.domain ?? 'acme',
});

const createStream = (): Pick<State, 'emit' | 'subscribe'> => {
  const listeners = new Set<Listener>();
  return {
    emit: (change) => {
      for (const listener of [...listeners]) listener(change);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
};

/** A ts is the identity of a message: unique and increasing even when the clock stands still. */
const createTsClock =
  (now: () => Date, counters: Counters): (() => string) =>
  () => {
    counters.tsMicros = Math.max(now().getTime() * 1_000, counters.tsMicros + 1);
    const seconds = Math.floor(counters.tsMicros / 1_000_000);
    return `${seconds}.${String(counters.tsMicros % 1_000_000).padStart(6, '0')}`;
  };

const createIds =
  (counters: Counters): ((prefix: string) => string) =>
  (prefix) => {
    counters.id += 1;
    return `${prefix}0L${counters.id.toString(36).toUpperCase().padStart(7, '0')}`;
  };

const appOf = (config: WorkspaceConfig, nextId: State['nextId']): AppIdentity => {
  const { manifest } = config;
  const commands = manifest?.features?.slash_commands?.map((one) => ({
    command: one.command,
    description: one.description ?? '',
    usageHint: one.usage_hint ?? '',
    isEscaped: one.should_escape === true,
  }));
  const events = config.botEvents ?? manifest?.settings?.event_subscriptions?.bot_events;
  const secret = (): string => randomBytes(12).toString('hex');
  return {
    appId: config.appId ?? 'A0LOCAL001',
    botId: 'B0LOCAL001',
    botUserId: nextId('U'),
    name: config.botName ?? manifest?.features?.bot_user?.display_name ?? 'latchkey',
    botToken: config.botToken ?? `xoxb-local-${secret()}`,
    appToken: config.appToken ?? `xapp-1-local-${secret()}`,
    signingSecret: config.signingSecret ?? secret(),
    scopes: new Set(config.botScopes ?? manifest?.oauth_config?.scopes?.bot ?? (manifest ? [] : everyBotScope)),
    events: events === undefined ? undefined : new Set(events),
    commands,
    isMessagesTabEnabled: manifest?.features?.app_home?.messages_tab_enabled !== false,
    isMessagesTabReadOnly: manifest?.features?.app_home?.messages_tab_read_only_enabled === true,
    isInteractive: manifest?.settings === undefined || manifest.settings.interactivity?.is_enabled === true,
    isHomeEnabled: manifest === undefined || manifest.features?.app_home?.home_tab_enabled === true,
    isRevoked: false,
  };
};

export const personFrom = (state: Pick<State, 'team' | 'nextId'>, given: PersonInput): Person => ({
  id: given.id ?? state.nextId('U'),
  teamId: given.teamId ?? given.teamIds?.[0] ?? state.team.id,
  teamIds: given.teamIds ?? [given.teamId ?? state.team.id],
  name: given.name,
  displayName: given.displayName ?? given.name,
  realName: given.realName ?? given.name.charAt(0).toUpperCase() + given.name.slice(1),
  email: given.email ?? `${given.name}@${state.team.domain}.test`,
  title: given.title ?? '',
  tz: given.tz ?? 'Europe/Berlin',
  isAdmin: given.isAdmin ?? false,
  isDeleted: given.isDeleted ?? false,
  isBot: given.isBot ?? false,
  isGuest: given.isGuest ?? false,
  fields: Object.fromEntries(Object.entries(given.fields ?? {}).map(([id, value]) => [id, { value, alt: '' }])),
});

const channelFrom = (state: State, given: ChannelInput): Channel => {
  const members = (given.members ?? []).map((who) => personId(state, who));
  return {
    id: given.id ?? state.nextId('C'),
    name: given.name.replace(/^#/, ''),
    kind: given.isPrivate === true ? 'private' : 'public',
    members: new Set(members),
    isArchived: given.isArchived ?? false,
    topic: given.topic ?? '',
    purpose: given.purpose ?? '',
    creator: members[0] ?? state.app.botUserId,
    createdAtS: Math.floor(state.now().getTime() / 1_000),
    connectedTeamIds: given.connectedTeamIds ?? [],
    teamIds: given.teamIds ?? [state.team.id],
    pins: new Set(),
  };
};

const fill = (state: State, config: WorkspaceConfig): void => {
  for (const team of [...(config.organisation?.teams ?? []), ...(config.otherTeams ?? [])])
    state.teams.set(team.id, team);
  const { app } = state;
  const bot = { id: app.botUserId, name: app.name, email: '', isBot: true, tz: 'UTC' };
  // In an organisation there is a bot once the app is installed.
  const bots = state.organisation === null ? [bot] : [];
  for (const given of [...bots, ...(config.users ?? [])]) {
    const person = personFrom(state, given);
    state.people.set(person.id, person);
  }
  for (const given of config.channels ?? []) {
    const channel = channelFrom(state, given);
    state.channels.set(channel.id, channel);
    state.messages.set(channel.id, []);
  }
  for (const given of config.usergroups ?? []) {
    const id = given.id ?? state.nextId('S');
    state.usergroups.set(id, {
      id,
      teamId: given.teamId ?? state.team.id,
      handle: given.handle.replace(/^@/, ''),
      name: given.name ?? given.handle,
      members: given.members.map((who) => personId(state, who)),
      isDisabled: given.isDisabled ?? false,
    });
  }
};

const organisationOf = (
  { organisation }: WorkspaceConfig,
  team: Team,
): Pick<State, 'organisation' | 'organisationTeams'> => {
  if (organisation === undefined) return { organisation: null, organisationTeams: new Set() };
  const { teams, ...own } = organisation;
  return { organisation: own, organisationTeams: new Set([team.id, ...teams.map(({ id }) => id)]) };
};

const oauthOf = ({ redirectUrls = [], tokenTtlS = null }: WorkspaceConfig): OAuth => ({
  clientId: '1000000001.2000000002',
  clientSecret: randomBytes(16).toString('hex'),
  redirectUrls,
  tokenTtlS,
  codes: new Map(),
});

export const createState = (config: WorkspaceConfig): State => {
  const now = config.now ?? ((): Date => new Date());
  const team = teamOf(config.team);
  const counters: Counters = { id: 0, tsMicros: 0 };
  const nextId = createIds(counters);
  const state: State = {
    counters,
    team,
    teams: new Map([[team.id, team]]),
    ...organisationOf(config, team),
    installations: new Map(),
    installation: null,
    oauth: oauthOf(config),
    people: new Map(),
    channels: new Map(),
    messages: new Map(),
    usergroups: new Map(),
    profileFields: [...(config.profileFields ?? [])],
    files: new Map(),
    views: new Map(),
    modalStacks: new Map(),
    homes: new Map(),
    messageInputs: new Map(),
    triggers: new Map(),
    responseUrls: new Map(),
    calls: [],
    deliveries: [],
    app: appOf(config, nextId),
    timing: { ...slackTiming, ...config.timing },
    now,
    nextTs: createTsClock(now, counters),
    nextId,
    ...createStream(),
  };
  fill(state, config);
  if (config.snapshot !== undefined) restore(state, config.snapshot);
  return state;
};
