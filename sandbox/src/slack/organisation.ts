/**
 * An organisation (Slack Enterprise) with several workspaces, and the installations of the app in it: one for each workspace, or one for all.
 * Slack: docs.slack.dev/enterprise/developing-for-enterprise-orgs and docs.slack.dev/reference/methods/oauth.v2.access
 */
import { randomBytes } from 'node:crypto';
import type { State } from './state.ts';
import type { Channel, Person, Team } from './types.ts';

export type Organisation = { id: string; name: string; domain: string };

export type IssuedToken = { text: string; expiresAtMs: number | null };

export type Installation = {
  id: string;
  /** Null where it is the whole organisation's. */
  teamId: string | null;
  installedBy: string;
  botUserId: string;
  botId: string;
  scopes: Set<string>;
  tokens: IssuedToken[];
  refreshToken: string | null;
  isRevoked: boolean;
};

/** `redirectUri` as the address of the consent had it. */
export type Code = {
  teamId: string | null;
  installedBy: string;
  scopes: string[];
  redirectUri: string | undefined;
  expiresAtMs: number;
  isUsed: boolean;
};

const secret = (): string => randomBytes(12).toString('hex');

export const issueToken = (state: State, installation: Installation): IssuedToken => {
  const ttlS = state.oauth.tokenTtlS;
  const token: IssuedToken =
    ttlS === null
      ? { text: `xoxb-local-${secret()}`, expiresAtMs: null }
      : { text: `xoxe.xoxb-1-local-${secret()}`, expiresAtMs: state.now().getTime() + ttlS * 1_000 };
  installation.tokens.push(token);
  if (ttlS !== null) installation.refreshToken = `xoxe-1-local-${secret()}`;
  return token;
};

const teamsOf = (state: State, teamId: string | null): string[] =>
  teamId === null ? [...state.teams.keys()].filter((id) => isOfOrganisation(state, id)) : [teamId];

/** An app that is installed again gets new tokens, and keeps its bot. */
export const install = (
  state: State,
  { teamId, installedBy, scopes }: Pick<Code, 'teamId' | 'installedBy' | 'scopes'>,
): Installation => {
  const known = [...state.installations.values()].find((one) => one.teamId === teamId);
  const installation = known ?? newInstallation(state, teamId, installedBy);
  Object.assign(installation, { installedBy, scopes: new Set(scopes), isRevoked: false });
  state.installations.set(installation.id, installation);
  return installation;
};

const newInstallation = (state: State, teamId: string | null, installedBy: string): Installation => {
  const botUserId = state.nextId('U');
  const [home = state.team.id, ...others] = teamsOf(state, teamId);
  const { name } = state.app;
  const bot: Person = {
    ...{ id: botUserId, teamId: home, teamIds: [home, ...others], name, displayName: name, realName: name },
    ...{ email: '', title: '', tz: 'UTC', isAdmin: false, isDeleted: false, isBot: true, isGuest: false, fields: {} },
  };
  state.people.set(botUserId, bot);
  return {
    ...{ id: state.nextId('I'), teamId, installedBy, botUserId, botId: state.nextId('B') },
    ...{ scopes: new Set<string>(), tokens: [], refreshToken: null, isRevoked: false },
  };
};

export const isOfOrganisation = (state: Pick<State, 'organisation' | 'organisationTeams'>, teamId: string): boolean =>
  state.organisation !== null && state.organisationTeams.has(teamId);

const views = new WeakMap<Installation, Map<string, State>>();

/** All there is, seen from one installation: its team, its bot, its scopes. What is changed through it is changed for all. */
export const seenBy = (state: State, installation: Installation, team?: Team): State => {
  const own = installation.teamId === null ? undefined : state.teams.get(installation.teamId);
  const shown = team ?? own ?? state.organisation ?? state.team;
  const known = views.get(installation) ?? new Map<string, State>();
  views.set(installation, known);
  const view = known.get(shown.id) ?? viewOf(state, installation, shown);
  known.set(shown.id, view);
  return view;
};

const viewOf = (state: State, installation: Installation, team: Team): State =>
  Object.defineProperties(Object.create(state) as State, {
    installation: { value: installation },
    team: { value: team },
    app: {
      get: () => {
        const { botUserId, botId, scopes } = installation;
        return { ...state.app, botUserId, botId, scopes };
      },
    },
  });

/** The installation that serves a workspace: its own, else the organisation's. */
export const installationFor = (state: State, teamId: string): Installation | undefined => {
  const live = [...state.installations.values()].filter((one) => !one.isRevoked);
  return live.find((one) => one.teamId === teamId) ?? live.find((one) => one.teamId === null);
};

/** With a token of the organisation, and no workspace said. */
const seesAll = (state: State): boolean => state.organisation !== null && state.team.id === state.organisation.id;

export const isMember = (state: State, person: Person): boolean => {
  if (state.organisation === null) return person.teamId === state.team.id;
  if (seesAll(state)) return person.teamIds.some((id) => isOfOrganisation(state, id));
  return person.teamIds.includes(state.team.id);
};

/** Direct messages belong to who is in them. */
export const isChannelHere = (state: State, channel: Channel): boolean => {
  if (state.organisation === null || channel.kind === 'im' || channel.kind === 'mpim' || seesAll(state)) return true;
  return channel.teamIds.includes(state.team.id);
};

/** The home tab is that of one bot. */
export const homeKey = (state: State, userId: string): string =>
  state.organisation === null ? userId : `${userId}/${state.app.botUserId}`;
