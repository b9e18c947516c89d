/** Slack, Latchkey's Slack side and its real use cases and database; only the target is a table in memory. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Policy } from '../../src/domain/policy/types.ts';
import { createPool, createStore } from '../../src/store/client.ts';
import { createSlackMemory } from '../../src/store/slack-facts.ts';
import { createHeardFacts } from '../../src/slack/directory/heard.ts';
import { newId } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { createSealing } from '../../src/lib/sealing.ts';
import { createSlackApp } from '../../src/slack/app.ts';
import type { SlackApp } from '../../src/slack/app.ts';
import { createSlackConnection } from '../../src/slack/connection/connection.ts';
import type { SlackConnection } from '../../src/slack/connection/connection.ts';
import { createMessages } from '../../src/application/messages/reconcile.ts';
import type { SyncOutcome } from '../../src/application/messages/scene.ts';
import { createSlackChannel } from '../../src/slack/messages/channel.ts';
import { createDirectory } from '../../src/directory/people.ts';
import { createWorkspace } from '../../src/slack/directory/workspace.ts';
import { createEmailBindings } from '../../src/application/identity/email-bindings.ts';
import { createUnreadableGroups } from '../../src/application/identity/unreadable-groups.ts';
import { createHandleBindings } from '../../src/application/identity/user-group-bindings.ts';
import { createUseCases } from '../../src/application/application.ts';
import type { Store, Access } from '../../src/application/deps.ts';
import type { Directory } from '../../src/application/identity/directory.ts';
import type { OnCallServices } from '../../src/application/identity/on-call-ports.ts';
import { callerFromSlack } from '../../src/application/identity/caller.ts';
import type { UseCases } from '../../src/application/verbs.ts';
import { verbsByUser } from '../../src/slack/door/verbs-by-user.ts';
import type { VerbsByUser } from '../../src/slack/door/verbs-by-user.ts';
import { POLICY, policyOf } from './some-policy.ts';
import { createTestDatabase } from '../support/database.ts';
import { forgetfulFacts, unheardStreams } from '../support/facts.ts';
import { forgetfulReplays } from '../support/replays.ts';
import { startSlack } from '../support/slack.ts';
import type { Slack } from '../support/slack.ts';
import type { ManifestInput, WorkspaceConfig } from '../../sandbox/src/slack/config.ts';

export { POLICY, policyOf };

/** The app as it is installed: with its real scopes and no others. */
const manifest = parse(readFileSync(new URL('../../manifest.yml', import.meta.url), 'utf8')) as ManifestInput;

/** A target that does as it is told; `ending` may be made to fail. */
export type Target = { access: Access; isBroken: boolean };

const createTarget = (): Target => {
  const made = new Set<string>();
  const target: Target = {
    isBroken: false,
    access: {
      grant: (grant) => {
        made.add(grant.id);
        const fields = [
          { name: 'user', label: 'User', env: null, value: `lk_${grant.id}`, secret: false },
          { name: 'password', label: 'Password', env: null, value: 'a&b<c>`d`', secret: true },
        ];
        const credentials = {
          fields,
          text: 'Connect with psql.',
          commands: [{ label: 'psql', command: 'psql "postgres://x"' }],
        };
        return Promise.resolve({ handle: { name: grant.id }, credentials, reportsUsage: false });
      },
      guarantee: () => ({ endsBy: 'both', survives: null }),
      find: async () => null,
      nameIn: () => null,
      isShared: () => false,
      isFoundFirst: () => false,
      activity: () => Promise.resolve([]),
      extend: () => (target.isBroken ? Promise.reject(new Error('down')) : Promise.resolve()),
      revoke: (grant) => {
        if (target.isBroken) return Promise.reject(new Error('down'));
        return Promise.resolve(made.delete(grant.id) ? 'removed' : 'already_absent');
      },
      closeMany: (grants) =>
        Promise.resolve(
          grants.map(({ grant }) =>
            target.isBroken
              ? target.access.failureOf(new Error('down'))
              : made.has(grant.id)
                ? ('closed' as const)
                : ('absent' as const),
          ),
        ),
      revokeMany: (grants) =>
        Promise.all(
          grants.map(({ grant, grantee }) =>
            target.access.revoke(grant, grantee).catch((error: unknown) => target.access.failureOf(error)),
          ),
        ),
      check: (grant) => Promise.resolve(made.has(grant.id) ? 'present' : 'absent'),
      listOurs: () => Promise.resolve(null),
      differences: () => [],
      restore: () => Promise.resolve(),
      byHand: (grant) => ({ name: `lk_${grant.id}`, enforcedBy: null, statements: [`DROP ROLE lk_${grant.id};`] }),
      failureOf: () => ({ kind: 'unavailable', message: 'The target did not answer.', isRetried: true }),
      problems: () => ({}),
      roleProblem: async () => null,
      isIssued: () => false,
      issue: () => ({ fields: [], text: '', commands: [] }),
      mayRemain: () => [],
      terms: () => [],
      isRecorded: () => false,
      recorded: async () => [],
    },
  };
  return target;
};

export type Rig = {
  slack: Slack;
  store: Store;
  /** By Slack user id, as Slack's door calls them. */
  useCases: VerbsByUser;
  /** With callers, as another door would call them. */
  verbs: UseCases;
  directory: Directory;
  connection: SlackConnection;
  /** Brings the messages of one request up to date. */
  notifier: { sync(requestId: string): Promise<SyncOutcome> };
  target: Target;
  app: SlackApp;
  databaseUrl: string;
  setPolicy(text: string): void;
  /** Does all outgoing work until none is left; messages that Slack does not take stay in the outbox. */
  settle(): Promise<SyncOutcome[]>;
  /** Types of the audit entries of a request, in their order. */
  auditTypes(requestId: string): Promise<string[]>;
  stop(): Promise<void>;
};

export type RigOptions = {
  policy?: string;
  slack?: WorkspaceConfig;
  onCall?: Partial<OnCallServices>;
  /** Look-ups are kept as by the app. */
  isKept?: boolean;
  wrap?: (useCases: UseCases) => UseCases;
};

export const startRig = async (options: RigOptions = {}): Promise<Rig> => {
  const [slack, database] = await Promise.all([startSlack({ manifest, ...options.slack }), createTestDatabase()]);
  const log = createLog(process.env['LATCHKEY_LOG_LEVEL'] ?? 'silent');
  const pool = createPool({ url: database.url, log, max: 5 });
  const store = createStore({ pool, log, onWork: () => undefined });
  let policyNow = policyOf(options.policy ?? POLICY);
  const policy = (): Policy => policyNow;
  const target = createTarget();
  const connection = createSlackConnection({ botToken: slack.botToken, apiUrl: slack.apiUrl, log });
  const onCall = { pagerduty: null, opsgenie: null, ...options.onCall };
  const teamId = (): string => connection.team().teamId;
  const book = createEmailBindings({ store, ids: { next: newId } });
  const handles = createHandleBindings({ store, ids: { next: newId } });
  const unreadable = createUnreadableGroups({ store, ids: { next: newId }, policy });
  const facts = options.isKept ? createHeardFacts(createSlackMemory(pool).facts, { teamId, log }) : forgetfulFacts;
  const identity = { book, handles, unreadable, onCall, facts };
  const directory = createDirectory({
    workspace: createWorkspace(connection.client, connection.limits),
    teamId,
    policy,
    ...identity,
    log,
  });
  const vault = createSealing([Buffer.alloc(32, 7)]);
  const real = createUseCases({ store, directory, access: target.access, vault, ids: { next: newId }, policy, log });
  const verbs = options.wrap?.(real) ?? real;
  const callerOf = (userId: string) => callerFromSlack({ directory }, userId);
  const { access } = target;
  const clients = { client: connection.notifierClient, patientClient: connection.patientClient };
  const messages = createMessages({
    ...{ store, policy, directory, access, log, ids: { next: newId } },
    channel: createSlackChannel({ ...clients, store, log }),
    makeAdvice: () => Promise.reject(new Error('no campaign is in this rig')),
    onPosted: () => undefined,
  });
  const notifier: Rig['notifier'] = { sync: (id) => messages.sync({ kind: 'request', id }) };
  const environment = { appToken: slack.appToken, signingSecret: null, apiUrl: slack.apiUrl };
  const settings = { environment, connection, useCases: verbs, callerOf, policy, directory, access, store, log };
  const heard = { facts, streams: unheardStreams, replays: forgetfulReplays };
  const app = createSlackApp({ ...settings, ...heard });
  await app.start();
  await slack.waitFor(() => slack.connectionCount() > 0);
  return {
    slack,
    store,
    useCases: verbsByUser(verbs, callerOf),
    verbs,
    directory,
    connection,
    notifier,
    target,
    app,
    databaseUrl: database.url,
    setPolicy: (text) => {
      policyNow = policyOf(text);
    },
    auditTypes: async (requestId) => {
      const found = await pool.query<{ type: string }>(
        'select type from audit_events where request_id = $1 order by id',
        [requestId],
      );
      return found.rows.map(({ type }) => type);
    },
    settle: () => settle({ store, verbs, notifier }),
    stop: async () => {
      await app.stop();
      await slack.close();
      await store.close();
      await database.drop();
    },
  };
};

const settle = async ({
  store,
  verbs,
  notifier,
}: Pick<Rig, 'store' | 'verbs' | 'notifier'>): Promise<SyncOutcome[]> => {
  const results: SyncOutcome[] = [];
  for (let work = await store.outbox.take(50); work.length > 0; work = await store.outbox.take(50)) {
    for (const one of work) {
      const { kind, subjectId } = one;
      if (kind === 'activate') await verbs.activate({ grantId: subjectId });
      if (kind === 'end') await verbs.completeRevocation({ grantIds: [subjectId] });
      if (kind === 'extend') await verbs.finishExtension({ requestId: subjectId });
      const synced = kind === 'notify' ? await notifier.sync(subjectId) : null;
      if (synced) results.push(synced);
      if (synced && synced.outcome !== 'done') await store.outbox.postpone(one, synced.error, 60_000);
      else await store.outbox.done(one);
    }
  }
  return results;
};

export { buttonsOf, seen } from '../support/card.ts';

/** A deadline for handlers that answer after they have acknowledged. */
export const until = <T>(rig: Rig, predicate: () => T | undefined | null | false): Promise<T> =>
  rig.slack.waitFor(predicate);
