/**
 * A company's quarter through the real verbs: people request, approve, deny, forget, use break-glass, and a target is down now and then.
 * Seeded, so that it is the same each time; on a clock of its own, so that it takes seconds.
 */
import { z } from 'zod';
import { createUseCases } from '../../../src/application/application.ts';
import type { Deps } from '../../../src/application/deps.ts';
import { callerFromSlack } from '../../../src/application/identity/caller.ts';
import { isDomainError } from '../../../src/domain/errors.ts';
import { loadPolicy } from '../../../src/config/policy-file.ts';
import { newId } from '../../../src/lib/ids.ts';
import { createLog } from '../../../src/lib/log.ts';
import { createSealing } from '../../../src/lib/sealing.ts';
import { createAccess } from '../../../src/providers/connections.ts';
import { defineProvider } from '../../../src/providers/define-provider.ts';
import { ProviderError } from '../../../src/providers/provider.ts';
import type { TestStore } from '../../store/fixtures.ts';
import { setClock } from './clock.ts';
import { ENGINEERS, directoryOf, mailOf, personOf } from './people.ts';
import type { Name } from './people.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const role = (title: string, max: string, first: string): string =>
  `{ title: ${title}, scope: { group: g }, max: ${max}, default: ${first} }`;
const target = (title: string, owners: string, roles: string): string =>
  `{ title: ${title}, provider: sim, config: { host: ${title} }, owners: [${owners}], roles: ${roles} }`;

const policyText = (remark: string): string => `version: 1
# ${remark}
timezone: Europe/Berlin
groups:
  dba: { people: [${mailOf('olga')}, ${mailOf('dana')}] }
  platform: { people: [${mailOf('sam')}, ${mailOf('kim')}] }
  on-call: { people: [${mailOf('ada')}, ${mailOf('omar')}, ${mailOf('zoe')}, ${mailOf('giorgos')}] }
  security: { people: [${mailOf('sam')}, ${mailOf('ines')}] }
targets:
  orders-db: ${target('Orders database', 'dba', `{ read: ${role('Read only', '4h', '30m')}, write: ${role('Read-write', '4h', '1h')} }`)}
  billing-db: ${target('Billing database', 'dba', `{ read: ${role('Read only', '4h', '30m')}, admin: ${role('Administrator', '1h', '15m')} }`)}
  cluster: ${target('Production cluster', 'platform', `{ view: ${role('View', '8h', '1h')}, debug: ${role('Debug', '8h', '2h')} }`)}
rules:
  - { name: Anyone may view, match: { roles: ["cluster/view"] }, approve: true }
  - { name: Writes need a ticket and an owner, match: { roles: ["*/write", "*/admin"] }, require: { ticket: "^[A-Z]+-[0-9]+$" }, approvals: [{ from: owners }] }
  - { name: Everything else needs an owner, approvals: [{ from: owners }] }
pending: 4h
break_glass: { who: [on-call], roles: ["*/read", "*/write", "cluster/*"], max: 1h, tell: ["#security"], review_within: 24h, reviewers: [security] }
limits: { open_requests: 100, live_grants: 100 }
admins: [security]
auditors: [${mailOf('ines')}]
audit: { origin: latchkey.acme.test/prod }
reviews:
  - { name: quarterly reach, every: quarter, what: roles, by: owners, within: 14d }
  - { name: durations, every: month, what: durations, by: admins, within: 7d, silence: keep }
  - { name: who decides, every: half-year, what: approvers, by: admins, within: 30d }
  - { name: who administers, every: half-year, what: admins, by: admins, within: 3d }
  - { name: machines, every: year, what: clients, by: admins }
  - { name: taken first, every: year, what: break_glass, by: admins }
`;

/** Numbers that are the same for the same seed: mulberry32. */
const randomOf = (seed: number) => {
  let state = seed;
  return (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const REASONS = [
  'look why order 1183 has no invoice',
  'checkout is slow since the release',
  'count refunds of last week for finance',
  'verify the migration of addresses',
  'restart a stuck import',
  'customer cannot pay, ticket from support',
  '=HYPERLINK("http://evil.test","click")',
  'перевірити баланс рахунку',
  'έλεγχος πληρωμών',
  'fix <b>totals</b> & rounding',
];

/** `eachDay`: what is done to the log before midnight. */
export type Quarter = {
  from: Date;
  days: number;
  perDay: number;
  seed: number;
  eachDay?: (store: TestStore) => Promise<void>;
};
export type Simulated = { deps: Deps; requests: number };

/** Cannot be reached between these moments: one host, or all of them. */
type Outage = { host: string | null; fromMs: number; toMs: number };

/** In working hours, when access is requested and expires. */
const dayOf = (from: Date, day: number, hours: number): number => {
  const atMs = from.getTime() + Math.floor(day) * DAY_MS;
  const weekday = new Date(atMs).getUTCDay();
  return atMs - (weekday === 6 ? DAY_MS : weekday === 0 ? 2 * DAY_MS : 0) + hours * HOUR_MS;
};

/** The network is down twice, and the database of the orders goes down on the last working day and is not back when the quarter is over. */
const outagesOf = (from: Date, days: number): Outage[] => [
  ...[1, 2].map((part) => {
    const fromMs = dayOf(from, (part * days) / 3, 11);
    return { host: null, fromMs, toMs: fromMs + 3 * HOUR_MS };
  }),
  { host: 'Orders database', fromMs: dayOf(from, days - 1, 14), toMs: Number.POSITIVE_INFINITY },
];

const providerOf = (now: () => number, outages: readonly Outage[]) => {
  const demandUp = (host: string): void => {
    if (outages.some((one) => now() >= one.fromMs && now() < one.toMs && (one.host ?? host) === host))
      throw new ProviderError('unavailable', 'connect ECONNREFUSED 10.0.3.7:5432');
  };
  const used = new Map<string, number>();
  return {
    use: (grantId: string): void => void used.set(grantId, now()),
    provider: defineProvider({
      id: 'sim',
      title: 'Simulated target',
      config: z.object({ host: z.string() }),
      scope: z.object({ group: z.string() }),
      handle: z.object({ login: z.string() }),
      connect: ({ host }) => ({
        grant: (_scope, ctx) => {
          demandUp(host);
          return Promise.resolve({ handle: { login: `lk_${ctx.grantId}` } });
        },
        close: (_scope, _handle, ctx) => {
          demandUp(host);
          used.delete(ctx.grantId);
          return Promise.resolve('closed' as const);
        },
        revoke: (_scope, _handle, ctx) => {
          demandUp(host);
          used.delete(ctx.grantId);
          return Promise.resolve('removed' as const);
        },
        check: () => Promise.resolve('present' as const),
        activity: () => Promise.resolve([...used.keys()].map((grantId) => ({ grantId, forMs: 0 }))),
        extend: () => Promise.resolve(),
        guarantee: () => ({ endsBy: 'revoke' as const, survives: null }),
        disconnect: () => Promise.resolve(),
      }),
    }),
  };
};

/** Break-glass is refused to a person whose last one has an overdue follow-up, and in a long quarter some do. */
const unlessBlocked = (error: unknown): null => {
  if (isDomainError(error) && error.code === 'break_glass_blocked') return null;
  throw error;
};

type Deciding = { requestId: string; approver: Name; name: Name; ms: number };
type Step = { atMs: number; run: () => Promise<void> };

export const simulate = async (
  opened: TestStore,
  { from, days, perDay, seed, eachDay }: Quarter,
): Promise<Simulated> => {
  const { store, pool } = opened;
  const random = randomOf(seed);
  const pick = <T>(list: readonly T[]): T => {
    const found = list[Math.floor(random() * list.length)];
    if (found === undefined) throw new Error('nothing to pick from');
    return found;
  };
  let nowMs = from.getTime();
  const outages = days > 0 ? outagesOf(from, days) : [];
  const { provider, use } = providerOf(() => nowMs, outages);
  const load = (remark: string) => {
    const source = policyText(remark);
    const loaded = loadPolicy({ text: source, env: {}, providers: [provider], path: 'latchkey.yml' });
    if ('problems' in loaded) throw new Error(loaded.problems.map(({ message }) => message).join('\n'));
    return { policy: loaded.policy, source };
  };
  let current = load('first');
  const policy = () => current.policy;
  const log = createLog('silent');
  const access = createAccess({ findProvider: () => provider, policy, log });
  const vault = createSealing([Buffer.alloc(32, 7)]);
  const deps: Deps = { store, directory: directoryOf(policy), access, vault, ids: { next: newId }, policy, log };
  const verbs = createUseCases(deps);
  const steps: Step[] = [];
  const later = (inMs: number, run: () => Promise<void>): void => void steps.push({ atMs: nowMs + inMs, run });
  const callerOf = (name: Name) => callerFromSlack(deps, personOf(name).userId);

  const adopt = async (remark: string, differences: string[]): Promise<void> => {
    current = load(remark);
    const author = { by: 'Sam Okafor', revision: newId(), subject: remark, isEdited: false };
    await verbs.adoptPolicy({
      source: current.source,
      author,
      misfits: [],
      warnings: [],
      changesFrom: () => ({ differences, lists: [], isListsOnly: false }),
    });
  };
  const expire = async (): Promise<void> => {
    await (
      await verbs.expireDue()
    ).work;
    const { ending } = await verbs.sweep();
    if (ending.length > 0) await verbs.completeRevocation({ grantIds: ending });
    await (
      await verbs.removeClosed()
    ).work;
  };
  const isIn = async (grantId: string, state: string): Promise<boolean> =>
    (await store.read.grant(grantId))?.state === state;
  const give = async (grantId: string, ms: number): Promise<void> => {
    await verbs.activate({ grantId });
    if (await isIn(grantId, 'activating')) later(5 * MINUTE_MS, () => give(grantId, ms));
    else later(ms + 1_000, expire);
  };
  const live = async (grantId: string, name: Name, ms: number): Promise<void> => {
    await give(grantId, ms);
    if (random() < 0.85)
      later(2 * MINUTE_MS, async () => {
        if (!(await isIn(grantId, 'active'))) return;
        use(grantId);
        await (
          await verbs.recordUsage()
        ).work;
      });
    if (random() < 0.6)
      later(ms * (0.2 + random() * 0.6), async () => {
        if (!(await isIn(grantId, 'active'))) return;
        await verbs.end({ caller: await callerOf(name), id: grantId, cause: 'done', reason: null });
        await verbs.completeRevocation({ grantIds: [grantId] });
      });
    for (const hours of [1, 3, 4]) later(ms + hours * HOUR_MS, expire);
  };
  const decide = async ({ requestId, approver, name, ms }: Deciding): Promise<void> => {
    const kind = random() < 0.93 ? 'approve' : 'deny';
    const reason = kind === 'deny' ? 'please use the replica' : null;
    const { view } = await verbs.vote({ caller: await callerOf(approver), requestId, kind, reason });
    if (view.grant) await live(view.grant.id, name, ms);
  };
  const ask = async (): Promise<void> => {
    const name = pick(ENGINEERS);
    const of = pick([
      'orders-db/read',
      'orders-db/read',
      'orders-db/write',
      'billing-db/read',
      'cluster/view',
      'cluster/debug',
    ]);
    const [targetName = '', roleName = ''] = of.split('/');
    const durationMs = pick([15, 30, 30, 60, 120]) * MINUTE_MS;
    const ticket = roleName === 'write' ? `OPS-${1000 + Math.floor(random() * 900)}` : null;
    const input = {
      target: targetName,
      role: roleName,
      durationMs,
      reason: pick(REASONS),
      ticket,
      idempotencyKey: null,
    };
    const caller = await callerOf(name);
    if (['ada', 'omar', 'zoe'].includes(name) && random() < 0.15 && of !== 'cluster/view') {
      const broke = await verbs.breakGlass({ ...input, caller, durationMs: 30 * MINUTE_MS }).catch(unlessBlocked);
      if (broke?.outcome !== 'sent' || !broke.view.grant) return;
      const { id } = broke.view.grant;
      await live(id, name, 30 * MINUTE_MS);
      const close = random();
      const note = close < 0.2 ? 'An owner was at hand; ask first.' : 'Checkout was down.';
      const outcome = close < 0.2 ? ('not_justified' as const) : ('justified' as const);
      if (close < 0.85)
        later((close < 0.5 ? 3 : 30) * HOUR_MS, async () => {
          await verbs.closeReview({ caller: await callerOf('ines'), grantId: id, outcome, note });
        });
      return;
    }
    const result = await verbs.createRequest({ ...input, caller });
    if (result.outcome !== 'sent') return;
    const { request, grant } = result.view;
    if (grant) return live(grant.id, name, durationMs);
    if (random() < 0.06) return later(4 * HOUR_MS + MINUTE_MS, expire);
    const approvers = (targetName === 'cluster' ? ['sam', 'kim'] : ['olga', 'olga', 'olga', 'dana']) as Name[];
    const approver = pick(approvers.filter((one) => one !== name));
    later(pick([20_000, 45_000, 5 * MINUTE_MS, 25 * MINUTE_MS]), () =>
      decide({ requestId: request.id, approver, name, ms: durationMs }),
    );
  };

  /** Each of them leaves the last line. */
  const review = async (): Promise<void> => {
    for (const name of ['olga', 'kim', 'ines'] as const) {
      const caller = await callerOf(name);
      for (const { lines } of await verbs.waitingLines({ caller }))
        for (const [index, { id: lineId }] of lines.slice(0, -1).entries()) {
          const decision = index === 1 ? 'change' : 'keep';
          const note = index === 1 ? 'An hour is enough for this.' : null;
          await verbs.decideLine({ caller, lineId, decision, note });
        }
    }
  };

  /** Of the first person who has access just now, if anybody has. */
  const stolen = async (): Promise<void> => {
    const { rows } = await pool.query<{ id: string }>(
      `select grantee_id as id from grants where state = 'active' order by created_at limit 1`,
    );
    const name = ENGINEERS.find((one) => personOf(one).id === rows[0]?.id);
    if (!name) return;
    const what = { kind: 'person', userId: personOf(name).userId } as const;
    const { id } = await verbs.revokeAll({ caller: await callerOf('sam'), what, reason: 'The laptop was stolen.' });
    await verbs.runRevocation({ id });
    await expire();
    later(2 * MINUTE_MS, () => verbs.runRevocations());
  };

  await setClock(pool, from);
  await adopt('first', []);
  for (let day = 0; day < days; day += 1) {
    const isWeekend = [0, 6].includes(new Date(from.getTime() + day * DAY_MS).getUTCDay());
    const count = isWeekend ? 1 : Math.round(perDay * (0.6 + random() * 0.8));
    for (let index = 0; index < count; index += 1)
      steps.push({ atMs: from.getTime() + day * DAY_MS + (7 + random() * 10) * HOUR_MS, run: ask });
    steps.push({ atMs: from.getTime() + day * DAY_MS + 23 * HOUR_MS, run: expire });
    if (eachDay) steps.push({ atMs: from.getTime() + (day + 1) * DAY_MS - MINUTE_MS, run: () => eachDay(opened) });
  }
  if (days > 0) steps.push({ atMs: from.getTime() + 1.4 * DAY_MS, run: review });
  for (const { toMs } of outages) if (Number.isFinite(toMs)) steps.push({ atMs: toMs + 20_000, run: expire });
  // A laptop is stolen.
  if (days > 1) steps.push({ atMs: dayOf(from, days / 4, 13), run: stolen });
  steps.push({
    atMs: from.getTime() + (days / 2) * DAY_MS,
    run: () => adopt('debug for two hours by default', ['Target "cluster" was changed']),
  });
  let requests = 0;
  while (steps.length > 0) {
    steps.sort((a, b) => b.atMs - a.atMs);
    const step = steps.pop();
    if (!step) break;
    nowMs = Math.max(nowMs, step.atMs);
    if (step.run === ask) requests += 1;
    await setClock(pool, new Date(nowMs));
    await step.run();
  }
  await access.close();
  return { deps, requests };
};
