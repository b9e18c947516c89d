/** The real use cases on a real database; people and groups are lists in memory, and the target a set of names. */
import type { LoadedPolicy } from '../../../src/config/policy-file.ts';
import { loadPolicy } from '../../../src/config/policy-file.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import type { Policy } from '../../../src/domain/policy/types.ts';
import { boundEmail, isTheOneNamed, namedAddress } from '../../../src/domain/principals/identity.ts';
import { DomainError } from '../../../src/domain/errors.ts';
import type { ErrorCode } from '../../../src/domain/errors.ts';
import type { Grant } from '../../../src/domain/grants/grant.ts';
import type { Incident } from '../../../src/domain/incidents/incident.ts';
import type { Person } from '../../../src/domain/principals/person.ts';
import type { Source } from '../../../src/domain/requests/request.ts';
import { newId } from '../../../src/lib/ids.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createSealing } from '../../../src/lib/sealing.ts';
import { PROVIDERS } from '../../../src/providers/registry.ts';
import { createUseCases } from '../../../src/application/application.ts';
import type { NoteChannelInput } from '../../../src/application/incidents/incident-types.ts';
import type { Directory } from '../../../src/application/identity/directory.ts';
import type { Work } from '../../../src/application/record/outbox.ts';
import type { RequestView } from '../../../src/application/record/request-view.ts';
import type { Access, Deps } from '../../../src/application/deps.ts';
import type { AccessFailure } from '../../../src/application/grants/access-ports.ts';
import { callerFromSlack } from '../../../src/application/identity/caller.ts';
import type { UseCases } from '../../../src/application/verbs.ts';
import { verbsByUser } from '../../../src/slack/door/verbs-by-user.ts';
import type { VerbsByUser } from '../../../src/slack/door/verbs-by-user.ts';
import { openTestStore } from '../../store/fixtures.ts';
import type { TestStore } from '../../store/fixtures.ts';

const GROUPS: Record<string, string[]> = { 'on-call': ['U0OSCAR'], sre: ['U0RITA'], dba: ['U0OLGA', 'U0SAM'] };
/** Everybody else is in no group. */
const NAMES = ['ADA', 'OSCAR', 'RITA', 'OLGA', 'SAM', 'MALLORY'];

const LIMITS = '{ open_requests: 1000, live_grants: 1000 }';

export const policyOf = (incidents = 'channels: ["inc-*"], warning: 1s', rules = RULES, limits = LIMITS): Policy => {
  const loaded: LoadedPolicy = loadPolicy({
    text: `version: 1
groups:
  on-call: { slack_usergroup: on-call }
  sre: { slack_usergroup: sre }
  dba: { slack_usergroup: dba }
targets:
  orders-db:
    title: Orders database
    provider: postgres
    config: { url: "postgres://nobody:x@127.0.0.1:1/none" }
    owners: [dba]
    roles:
      read: { title: Read only, scope: { member_of: [app_read] }, max: 4h, default: 30m }
      write: { title: Read-write, scope: { member_of: [app_write] }, max: 1h, default: 15m, sensitive: true }
  users-db:
    provider: postgres
    config: { url: "postgres://nobody:x@127.0.0.1:1/none" }
    owners: [dba]
    roles: { read: { scope: { member_of: [app_read] }, max: 4h } }
${rules}
limits: ${limits}
break_glass: { who: [on-call], roles: ["*/*"], max: 1h, tell: [dba], review_within: 1d, reviewers: [dba] }
incidents: { ${incidents} }
`,
    path: 'latchkey.yml',
    env: {},
    providers: PROVIDERS,
  });
  if ('problems' in loaded) throw new Error(loaded.problems.map(formatProblem).join('\n'));
  return loaded.policy;
};

const RULES = `rules:
  - name: Nobody writes in a small incident
    match: { roles: ["*/write"] }
    when: incident.open && incident.severity == "sev3"
    deny: Not for a sev3.
  - name: Reads at once in an open incident
    match: { roles: ["*/read"] }
    when: incident.open
    approve: true
  - name: The rest needs an owner
    approvals: [{ from: owners }]`;

export type IncidentRig = TestStore & {
  deps: Deps;
  directory: Directory;
  useCases: VerbsByUser;
  /** With callers, as another door would call them. */
  verbs: UseCases;
  /** A second process, on the same database. */
  other: VerbsByUser;
  /** Names of grants that exist in the target now. */
  made: Set<string>;
  /** What the target gives with access; nothing while it is null. */
  secret: { text: string | null };
  /** Ids of groups that cannot be read. */
  failing: Set<string>;
  /** Called before the target makes anything. */
  onGrant: { run: () => Promise<void> };
  /** How the target refuses to make anything; it makes all while that is null. */
  refusal: { is: AccessFailure | null };
  /** By name of a target: what keeps its roles from being granted. */
  problems: Map<string, string>;
  /** By user id: how Slack answers for an account that it does not know as a full member. */
  accounts: Map<string, ErrorCode>;
  /** Called when groups are looked up. */
  onLookUp: { run: () => Promise<void> };
  setPolicy(policy: Policy): void;
  /** As if the warning of every closed incident were over. */
  warningIsOver(): Promise<void>;
  /** Ends what is due, all of it: closed and removed. */
  endIncidents(): Promise<number>;
  incident(id?: string): Promise<Incident>;
  grantOf(view: RequestView): Promise<Grant>;
  /** What Slack says of #inc-checkout, changed as given. */
  note(changes?: Partial<NoteChannelInput>): ReturnType<UseCases['syncIncidentChannel']>;
  ask(changes?: Partial<Parameters<VerbsByUser['createRequest']>[0]>): Promise<RequestView>;
  /** Does what waits in the outbox, messages left out; gives all of it. */
  settle(): Promise<Work[]>;
  events(): Promise<{ type: string; data: Record<string, unknown>; actor: { id: string } }[]>;
  close(): Promise<void>;
};

const personOf = (name: string): Person => ({
  kind: 'person',
  id: `T1:U0${name}`,
  teamId: 'T1',
  userId: `U0${name}`,
  name: name.charAt(0) + name.slice(1).toLowerCase(),
  email: `${name.toLowerCase()}@acme.test`,
  timezone: null,
  isActive: true,
});
const PEOPLE = new Map(NAMES.map((name) => [`U0${name}`, personOf(name)]));

type People = Pick<IncidentRig, 'failing' | 'onLookUp' | 'accounts'>;

const createPeople = ({ failing, onLookUp, accounts }: People): Directory => {
  const find = (userId: string): Person => {
    const code = accounts.get(userId);
    if (code) throw new DomainError(code, { id: userId });
    const person = PEOPLE.get(userId);
    if (!person) throw new DomainError('unknown_person', { id: userId });
    return person;
  };
  const membersOf = async (from: Source[]): Promise<Person[]> =>
    from.flatMap((source) => {
      if (source.kind === 'manager') return [];
      if (source.kind === 'person')
        return [...PEOPLE.values()].filter((person) =>
          isTheOneNamed(source.ref, { ...person, address: namedAddress(person.email ?? '') }),
        );
      if (failing.has(source.name)) throw new DomainError('lookup_failed', { what: source.name });
      return (GROUPS[source.name] ?? []).map(find);
    });
  const read = (person: Person, names: readonly string[]) => ({
    groups: names.filter((name) => !failing.has(name) && GROUPS[name]?.includes(person.userId)),
    unknownGroups: names.filter((name) => failing.has(name)),
    contestedGroups: [],
    email: person.email === null ? null : boundEmail(person.email),
    otherEmails: [],
  });
  const groupsOf = async (person: Person, names: readonly string[] = Object.keys(GROUPS)) => {
    await onLookUp.run();
    return read(person, names);
  };
  return {
    person: async (userId) => find(userId),
    members: membersOf,
    recentMembers: membersOf,
    conflicts: async () => [],
    accountProblem: async () => null,
    lookAtGroup: async () => {},
    whyUnreadable: () => null,
    groupsOf,
    recentGroupsOf: groupsOf,
    recentFace: () => Promise.resolve(null),
  };
};

type Target = Pick<IncidentRig, 'made' | 'onGrant' | 'secret' | 'refusal' | 'problems'>;

const createTarget = ({ made, onGrant, secret, refusal, problems }: Target): Access => ({
  grant: async ({ id }) => {
    await onGrant.run();
    if (refusal.is) throw new Error(refusal.is.message);
    made.add(id);
    const credentials = secret.text === null ? null : { fields: [], text: secret.text, commands: [] };
    return { handle: { name: id }, credentials, reportsUsage: false };
  },
  revoke: async ({ id }) => (made.delete(id) ? 'removed' : 'already_absent'),
  closeMany: async (grants) => grants.map(({ grant }) => (made.has(grant.id) ? 'closed' : 'absent')),
  revokeMany: async (grants) => grants.map(({ grant }) => (made.delete(grant.id) ? 'removed' : 'already_absent')),
  check: async ({ id }) => (made.has(id) ? 'present' : 'absent'),
  extend: async () => {},
  guarantee: () => null,
  find: async () => null,
  nameIn: () => null,
  isShared: () => false,
  isFoundFirst: () => false,
  activity: async () => [],
  byHand: () => null,
  failureOf: () => refusal.is ?? { kind: 'unavailable', message: 'no', isRetried: true },
  listOurs: () => Promise.resolve(null),
  differences: () => [],
  restore: () => Promise.resolve(),
  problems: () => Object.fromEntries(problems),
  roleProblem: async (target) => problems.get(target) ?? null,
  isIssued: () => false,
  issue: () => ({ fields: [], text: '', commands: [] }),
  mayRemain: () => [],
  terms: () => [],
  isRecorded: () => false,
  recorded: async () => [],
});

const INC: NoteChannelInput = {
  channelId: 'C0INC',
  name: 'inc-checkout',
  topic: '',
  purpose: '',
  isPrivate: false,
  isArchived: false,
  how: 'created',
  userId: 'U0OSCAR',
};

export const startIncidentRig = async (connections?: number): Promise<IncidentRig> => {
  const opened = await openTestStore(connections);
  const { store, pool } = opened;
  const log = createLog('silent');
  let policy = policyOf();
  const [made, failing] = [new Set<string>(), new Set<string>()];
  const [problems, accounts] = [new Map<string, string>(), new Map<string, ErrorCode>()];
  const refusal = { is: null };
  const onGrant = { run: async () => {} };
  const secret = { text: null };
  const onLookUp = { run: async () => {} };
  const vault = createSealing([Buffer.alloc(32, 7)]);
  const deps = {
    store,
    directory: createPeople({ failing, onLookUp, accounts }),
    access: createTarget({ made, onGrant, secret, refusal, problems }),
    vault,
    ids: { next: newId },
    policy: () => policy,
    log,
  };
  const callerOf = (userId: string) => callerFromSlack(deps, userId);
  const verbs = createUseCases(deps);
  const useCases = verbsByUser(verbs, callerOf);
  return {
    ...opened,
    deps,
    directory: deps.directory,
    useCases,
    verbs,
    other: verbsByUser(createUseCases(deps), callerOf),
    made,
    secret,
    failing,
    refusal,
    problems,
    accounts,
    onGrant,
    onLookUp,
    warningIsOver: async () =>
      void (await pool.query('update incidents set ends_at = clock_timestamp() where ends_at is not null')),
    endIncidents: async () => {
      const { count, work } = await useCases.endIncidents();
      await work;
      for (let left = await useCases.removeClosed(); left.count > 0; left = await useCases.removeClosed())
        await left.work;
      return count;
    },
    incident: async (id) => {
      const found = await (id ? store.read.incident(id) : store.read.incidentOfChannel('C0INC'));
      if (!found) throw new Error('no incident');
      return found;
    },
    grantOf: async ({ request }) => {
      const grant = (await store.read.view(request.id))?.grant;
      if (!grant) throw new Error('no grant');
      return grant;
    },
    setPolicy: (next) => {
      policy = next;
    },
    note: (changes = {}) => useCases.syncIncidentChannel({ ...INC, ...changes }),
    ask: async (changes = {}) => {
      const asked = {
        userId: 'U0ADA',
        target: 'orders-db',
        role: 'read',
        durationMs: null,
        reason: 'checkout errors since two',
        ticket: null,
        idempotencyKey: null,
        incidentChannelId: 'C0INC',
      };
      const result = await useCases.createRequest({ ...asked, ...changes });
      if (result.outcome !== 'sent') throw new Error(JSON.stringify(result));
      return result.view;
    },
    settle: () => settle(opened, useCases),
    events: async () => {
      const { rows } = await pool.query<{ type: string; data: string; actor: string }>(
        'select type, data, actor from audit_events order by id',
      );
      return rows.map(({ type, data, actor }) => ({
        type,
        data: JSON.parse(data) as Record<string, unknown>,
        actor: JSON.parse(actor) as { id: string },
      }));
    },
  };
};

const settle = async ({ store }: TestStore, useCases: VerbsByUser): Promise<Work[]> => {
  const done: Work[] = [];
  for (let work = await store.outbox.take(100); work.length > 0; work = await store.outbox.take(100)) {
    for (const one of work) {
      if (one.kind === 'activate') await useCases.activate({ grantId: one.subjectId });
      if (one.kind === 'end' && one.delayMs === 0) await useCases.completeRevocation({ grantIds: [one.subjectId] });
      await store.outbox.done(one);
      done.push(one);
    }
  }
  return done;
};
