/** A whole Slack workspace on one machine: the tests' stand-in and the demo's, one implementation. */
import type { PersonInput, WorkspaceConfig } from './config.ts';
import { createDelivery } from './delivery.ts';
import type { Delivery } from './delivery.ts';
import { createSocketHub } from './delivery-socket.ts';
import type { SocketHub } from './delivery-socket.ts';
import { personAtWork } from './driver/person.ts';
import type { PersonAtWork } from './driver/person.ts';
import { callbacksOf } from './events.ts';
import { createFaults, createFaultState } from './faults.ts';
import type { Faults } from './faults.ts';
import { consent } from './consent.ts';
import type { Consent } from './consent.ts';
import { installationFor, seenBy } from './organisation.ts';
import type { Runtime } from './runtime.ts';
import { createPort } from './server.ts';
import type { Listening, ListenOptions, Port } from './server.ts';
import { snapshot } from './snapshot.ts';
import { postByBot } from './messages.ts';
import type { Content, OtherBot } from './messages.ts';
import { channelId, personId } from './state.ts';
import { createState, personFrom } from './new-state.ts';
import type { AppIdentity, State } from './state.ts';
import type { Call, DeliveryRecord, Listener, Message, Person } from './types.ts';
import { waitFor } from './wait-for.ts';
import type { WaitOptions } from './wait-for.ts';
import { CREATED_S } from './wire.ts';

export type PersonChange = Partial<Omit<Person, 'id' | 'teamId'>>;

export type Workspace = {
  /** Everything there is, live; read it, and let the driver or the app change it. */
  state: State;
  app: AppIdentity;
  listen: (options?: ListenOptions) => Promise<Listening>;
  close: () => Promise<void>;
  subscribe: (listener: Listener) => () => void;
  /** Acts as a person, given by id or name; in an organisation in one of their workspaces, the first one where it is left out. */
  as: (who: string, teamId?: string) => PersonAtWork;
  /** In an organisation: allows the app, or cancels, on Slack's page at this address. Gives the address that the browser is sent to. */
  consent: (address: string, given: Consent) => string;
  /** In an organisation: removes the app from a workspace, or the organisation's installation. */
  uninstall: (teamId: string | null) => void;
  personId: (name: string) => string;
  channelId: (name: string) => string;
  /** A new member of the team (team_join), and changes to people (user_change). */
  addPerson: (given: PersonInput) => Person;
  changePerson: (who: string, change: PersonChange) => void;
  setUsergroup: (handle: string, members: string[]) => void;
  /** The app enters a channel, as by an invitation of a person. */
  addBotTo: (channel: string) => void;
  /** A message of another app or integration. */
  postByBot: (channel: string, bot: OtherBot, content: Content) => Message;
  /** HTTP mode from now on; Socket Mode when undefined. */
  setRequestUrl: (url: string | undefined) => void;
  verifyRequestUrl: () => Promise<boolean>;
  faults: Faults;
  /** What the app called, oldest first; `response_url` for those. */
  calls: (method?: string) => Call[];
  deliveries: (kind?: DeliveryRecord['kind']) => DeliveryRecord[];
  connectionCount: () => number;
  /** For `snapshot` of the next `createWorkspace`. */
  snapshot: () => Buffer;
  waitFor: <T>(predicate: () => T | undefined | null | false, options?: WaitOptions) => Promise<T>;
};

type Parts = { state: State; hub: SocketHub; delivery: Delivery; port: Port };

const directory = (
  state: State,
): Pick<Workspace, 'addPerson' | 'changePerson' | 'setUsergroup' | 'personId' | 'channelId'> => ({
  personId: (name) => personId(state, name),
  channelId: (name) => channelId(state, name),
  addPerson: (given) => {
    const person = personFrom(state, given);
    state.people.set(person.id, person);
    state.emit({ type: 'person_joined', userId: person.id });
    return person;
  },
  changePerson: (who, change) => {
    const person = state.people.get(personId(state, who));
    if (person === undefined) return;
    Object.assign(person, change);
    state.emit({ type: 'person_changed', userId: person.id });
  },
  setUsergroup: (handle, members) => {
    const name = handle.replace(/^@/, '');
    const group = [...state.usergroups.values()].find((one) => one.handle === name);
    if (group === undefined) throw new Error(`There is no user group "${handle}".`);
    const before = new Set(group.members);
    const previousS = group.updatedS ?? CREATED_S;
    group.members = members.map((who) => personId(state, who));
    group.updatedS = Math.max(previousS + 1, Math.floor(state.now().getTime() / 1_000));
    const added = group.members.filter((id) => !before.has(id));
    const removed = [...before].filter((id) => !group.members.includes(id));
    state.emit({ type: 'usergroup_changed', usergroupId: group.id, previousS, added, removed });
  },
});

/** In an organisation a person acts in a workspace, and sees the app that serves it. */
const sightOf = (state: State, who: string, teamId: string | undefined): State => {
  if (state.organisation === null) return state;
  const where = teamId ?? state.people.get(personId(state, who))?.teamIds[0] ?? state.team.id;
  const installation = installationFor(state, where);
  return installation ? seenBy(state, installation, state.teams.get(where)) : state;
};

const uninstall = (state: State, teamId: string | null): void => {
  const found = [...state.installations.values()].find((one) => one.teamId === teamId && !one.isRevoked);
  if (found === undefined) throw new Error(`The app is not installed in ${teamId ?? 'the organisation'}.`);
  found.isRevoked = true;
  state.emit({ type: 'token_revoked', installationId: found.id });
};

const assemble = (config: WorkspaceConfig): Parts & { faults: Faults } => {
  const state = createState(config);
  const hub = createSocketHub(state);
  const faultState = createFaultState();
  const delivery = createDelivery(state, { hub, faults: faultState, requestUrl: config.requestUrl });
  const api = {
    state,
    faults: faultState,
    baseUrl: (): string => port.baseUrl(),
    openSocket: (): string => hub.openUrl(port.baseUrl()),
  };
  const port: Port = createPort({ api, hub });
  const faults = createFaults({
    state,
    faults: faultState,
    pauseServer: port.pause,
    resumeServer: port.resume,
    dropSockets: hub.drop,
    disconnectSockets: hub.disconnect,
  });
  state.subscribe((change) => {
    for (const payload of callbacksOf(state, change)) delivery.event(payload);
  });
  return { state, hub, delivery, port, faults };
};

export const createWorkspace = (config: WorkspaceConfig = {}): Workspace => {
  const { state, hub, delivery, port, faults } = assemble(config);
  const runtime: Runtime = { state, delivery, baseUrl: port.baseUrl };
  const close = async (): Promise<void> => {
    delivery.close();
    await hub.close();
    await port.close();
  };
  return {
    state,
    app: state.app,
    faults,
    close,
    listen: async (options) => ({ ...(await port.listen(options)), close }),
    subscribe: state.subscribe,
    as: (who, teamId) => personAtWork({ ...runtime, state: sightOf(state, who, teamId) }, who),
    consent: (address, given) => consent(state, address, { ...given, as: personId(state, given.as) }),
    uninstall: (teamId) => uninstall(state, teamId),
    ...directory(state),
    addBotTo: (which) => {
      const [inviter] = [...state.people.values()].filter((person) => !person.isBot);
      const [teamId] = state.channels.get(channelId(state, which))?.teamIds ?? [];
      const seen = sightOf(state, inviter?.id ?? state.app.botUserId, teamId);
      const doer = { ...runtime, state: seen };
      personAtWork(doer, inviter?.id ?? seen.app.botUserId).invite(which, seen.app.botUserId);
    },
    postByBot: (which, bot, content) => {
      const channel = state.channels.get(channelId(state, which));
      if (channel === undefined) throw new Error(`There is no channel "${which}" in this workspace.`);
      return postByBot(state, channel, { bot, content });
    },
    setRequestUrl: delivery.setRequestUrl,
    verifyRequestUrl: delivery.verifyRequestUrl,
    calls: (method) => state.calls.filter((call) => method === undefined || call.method === method),
    deliveries: (kind) => state.deliveries.filter((one) => kind === undefined || one.kind === kind),
    connectionCount: hub.count,
    snapshot: () => snapshot(state),
    waitFor: (predicate, options) => waitFor(state, predicate, options),
  };
};
