/** Use cases on a real store and a real target, without Slack and without a clock of their own: each step is made by the test. */
import { loadPolicy } from '../../src/config/policy-file.ts';
import { newId } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { createSealing } from '../../src/lib/sealing.ts';
import type { Grant } from '../../src/domain/grants/grant.ts';
import type { Json } from '../../src/domain/json.ts';
import type { IdentityRule } from '../../src/domain/policy/types.ts';
import type { Person } from '../../src/domain/principals/person.ts';
import { createAccess } from '../../src/providers/connections.ts';
import { findProvider } from '../../src/providers/registry.ts';
import type { OpenAccess } from '../../src/providers/connections.ts';
import type { AnyProvider } from '../../src/providers/any-provider.ts';
import { SYSTEM } from '../../src/domain/audit/events.ts';
import { approveRequest } from '../../src/application/requests/approve-request.ts';
import { createUseCases } from '../../src/application/application.ts';
import type { Deps, Access } from '../../src/application/deps.ts';
import type { UseCases } from '../../src/application/verbs.ts';
import { insertGrant, openTestStore, someRequest } from '../store/fixtures.ts';
import type { TestStore } from '../store/fixtures.ts';
import { createTargetDatabase } from '../support/database.ts';
import type { TargetDatabase } from '../support/database.ts';
import { withClient } from '../support/world.ts';

export type Bench = TestStore & {
  target: TargetDatabase<'app_read'>;
  access: OpenAccess;
  /** With an `Access` that fails where the test says so. */
  useCasesWith(access: Partial<Access>): UseCases;
  useCases: UseCases;
  deps: Deps;
  /** Approved, and activating: nothing is in the target yet. */
  approved(person: Person, changes?: Partial<Grant>): Promise<Grant>;
  /** As `approved`, and made. */
  active(person: Person, changes?: Partial<Grant>): Promise<Grant>;
  /** More time for an active grant, agreed to: its end is to be moved. Gives the id of the request that asked for it. */
  agreedToMore(grant: Grant, byMs: number): Promise<string>;
  grant(id: string): Promise<Grant>;
  sql<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Another `identity` from now on. */
  nameBy(rule: IdentityRule): void;
  /** The deadline has come. */
  expire(id: string): Promise<void>;
};

const TARGET = 'orders-db';

const policyOf = (provider: AnyProvider, config: string, { scope, identity }: { scope: string; identity: string }) => {
  const text = `version: 1
timezone: UTC
groups: { dba: { people: [olga@acme.test] } }
targets:
  ${TARGET}:
    provider: ${provider.id}
    config: ${config}
${identity}    owners: [dba]
    roles: { read: { scope: ${scope}, max: 4h, default: 30m } }
rules: [{ name: One owner, approvals: [{ from: owners }] }]
admins: [dba]
`;
  const loaded = loadPolicy({ text, env: {}, providers: [provider], path: 'latchkey.yml' });
  if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
  return loaded.policy;
};

const nobodyToAsk = (): never => {
  throw new Error('nobody is looked up here');
};
const directory: Deps['directory'] = {
  person: nobodyToAsk,
  members: nobodyToAsk,
  groupsOf: nobodyToAsk,
  recentMembers: nobodyToAsk,
  recentGroupsOf: nobodyToAsk,
  recentFace: nobodyToAsk,
  conflicts: nobodyToAsk,
  accountProblem: nobodyToAsk,
  lookAtGroup: nobodyToAsk,
  whyUnreadable: () => null,
};

/** `adminUrl`: of a server that is nobody else's. `directory`: where people are looked up after all. */
type BenchOptions = { adminUrl?: string; directory?: Partial<Deps['directory']> };

export type BenchTarget = BenchOptions & {
  provider: AnyProvider;
  config(target: TargetDatabase<'app_read'>): Json;
  scope(group: string): Json;
  identity?: IdentityRule;
};

export const openBench = async (made: BenchTarget): Promise<Bench> => {
  const where = made.adminUrl === undefined ? {} : { adminUrl: made.adminUrl };
  const [store, target] = await Promise.all([
    openTestStore(),
    createTargetDatabase({ groups: ['app_read'], ...where }),
  ]);
  const log = createLog('silent');
  const scope = made.scope(target.groups.app_read);
  const load = (rule: IdentityRule | undefined) =>
    policyOf(made.provider, JSON.stringify(made.config(target)), {
      scope: JSON.stringify(scope),
      identity: rule ? `    identity: ${JSON.stringify(rule)}\n` : '',
    });
  let policyNow = load(made.identity);
  const policy = () => policyNow;
  const access = createAccess({ findProvider: () => made.provider, policy, log });
  const deps: Deps = {
    store: store.store,
    directory: { ...directory, ...made.directory },
    access,
    vault: createSealing([Buffer.alloc(32, 7)]),
    ids: { next: newId },
    policy,
    log,
  };
  const useCasesWith = (changes: Partial<Access>): UseCases =>
    createUseCases({ ...deps, access: { ...access, ...changes } });
  const useCases = useCasesWith({});
  const grant = async (id: string): Promise<Grant> => {
    const found = await store.store.read.grant(id);
    if (!found) throw new Error(`There is no grant ${id}.`);
    return found;
  };
  const approved: Bench['approved'] = async (person, changes = {}) => {
    const id = await store.store.transaction(async (tx) => {
      await tx.principals.upsert(person);
      const { request } = await tx.requests.insert(someRequest(person, { target: TARGET, durationMs: 600_000 }));
      return insertGrant(tx, request, { provider: made.provider.id, scope, ...changes });
    });
    return grant(id);
  };
  const sql = async <Row>(text: string, values: unknown[] = []): Promise<Row[]> =>
    (await store.pool.query(text, values)).rows as Row[];
  const agreedToMore: Bench['agreedToMore'] = ({ id, granteeId, durationMs }, byMs) =>
    store.store.transaction(async (tx) => {
      const { request } = await tx.requests.insert({
        ...someRequest({ id: granteeId }, { target: TARGET, durationMs: durationMs + byMs }),
        extendsGrantId: id,
        extendsByMs: byMs,
      });
      const approval = { request, policy: policyNow, rule: 'One owner', actor: SYSTEM, byPersonId: null, voterIds: [] };
      await approveRequest(tx, { next: newId }, approval);
      return request.id;
    });
  return {
    ...store,
    agreedToMore,
    nameBy: (rule) => {
      policyNow = load(rule);
    },
    target,
    access,
    useCases,
    deps,
    useCasesWith,
    approved,
    active: async (person, changes) => {
      const { id } = await approved(person, changes);
      await useCases.activate({ grantId: id });
      return grant(id);
    },
    grant,
    sql,
    expire: async (id) => void (await sql('update grants set expires_at = clock_timestamp() where id = $1', [id])),
    close: async () => {
      await access.close();
      await store.close();
      await target.drop();
    },
  };
};

/** With the provider of Postgres as it is. */
export const openPostgresBench = async (options: BenchOptions = {}): Promise<Bench> => {
  const provider = findProvider('postgres');
  if (!provider) throw new Error('there is no postgres');
  return openBench({
    ...options,
    provider,
    config: ({ managerUrl }) => ({ url: managerUrl }),
    scope: (group) => ({ member_of: [group] }),
  });
};

/** Rows of the target, as its superuser. */
export const targetSql = async <Row>({ target }: Bench, text: string, values: unknown[] = []): Promise<Row[]> =>
  withClient(target.url, async (client) => (await client.query(text, values)).rows as Row[]);
