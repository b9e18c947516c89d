/** What one operation costs among few and among many: audit events, live grants, targets, logins in one target. */
import { startChild } from '../child.ts';
import { assertThat } from '../measure.ts';
import { ms, rowOf, shown } from '../rows.ts';
import type { Row } from '../rows.ts';
import { createStoreDatabase, createTarget, loginsIn, withClient } from '../setup/servers.ts';
import type { Target } from '../setup/servers.ts';
import { byCreatorOf, insertGrants, loginOf, makeLogins } from './ending.ts';
import type { Wave } from './ending.ts';
import type { AuditGrowth, GrantGrowth, GrowthInput } from './growth-program.ts';
import type { PolicyFigures, PolicyInput } from './policy-program.ts';
import type { Bench, Measured } from './world.ts';

const GOAL = { is: 'at most', value: 1.1 } as const;
const RULES = 10;

type At<T> = T & { size: number };
export type Growth = {
  audit: At<AuditGrowth>[];
  grants: At<GrantGrowth>[];
  targets: At<{ decisionMs: number; loadMs: number; memoryMb: number }>[];
  logins: At<LoginGrowth>[];
  /** Where no creator roles share them out. */
  loginsOfOne: At<LoginGrowth>[];
};
type LoginGrowth = { makeMs: number; dropMs: number };

const measureAudit = async ({ servers, sizes }: Bench): Promise<Growth['audit']> => {
  const url = await createStoreDatabase(servers);
  const program = startChild('growth-program');
  const made: Growth['audit'] = [];
  for (const size of sizes.growth.auditEvents) {
    const input: GrowthInput = { url, events: size, calls: sizes.growth.calls };
    made.push({ size, ...(await program.call<AuditGrowth>('audit', input)) });
  }
  await program.stop();
  return made;
};

const measureGrants = async ({ servers, sizes }: Bench): Promise<Growth['grants']> => {
  const [storeUrl, target] = await Promise.all([createStoreDatabase(servers), createTarget(servers)]);
  const program = startChild('growth-program');
  const made: Growth['grants'] = [];
  let there = 0;
  for (const [at, size] of sizes.growth.live.entries()) {
    const prefix = 'abcdefgh'[at] ?? 'z';
    await insertGrants({ storeUrl, target }, { prefix, count: size - there }, null);
    there = size;
    const input = { url: storeUrl, requestId: `${prefix}0000000001`, calls: sizes.growth.calls };
    made.push({ size, ...(await program.call<GrantGrowth>('grants', input)) });
  }
  await program.stop();
  return made;
};

const measureTargets = async ({ sizes }: Bench): Promise<Growth['targets']> => {
  const made: Growth['targets'] = [];
  for (const size of sizes.growth.targets) {
    const program = startChild('policy-program');
    const input: PolicyInput = { rules: RULES, targets: size, decisions: sizes.growth.calls * 20 };
    const { warmMs, loadMs, memoryMb } = await program.call<PolicyFigures>('measurePolicy', input);
    made.push({ size, decisionMs: warmMs, loadMs, memoryMb });
    await program.stop();
  }
  return made;
};

const LOGINS_TIMED = 100;

/** Postgres' own share: the statements that Latchkey sends, by the login that it works as. */
const measureLogins = async ({ servers, sizes }: Bench, creators?: number): Promise<Growth['logins']> => {
  const target = await createTarget(servers, creators);
  const made: Growth['logins'] = [];
  let there = 0;
  for (const [at, size] of sizes.growth.logins.entries()) {
    // Roles belong to the whole server, and what was measured before is still there.
    const letter = `${creators === 0 ? 'o' : 'm'}${'abcdefgh'[at] ?? 'z'}`;
    await makeLogins(target, { prefix: `g${letter}`, count: size - there });
    there = size;
    const timed = { prefix: `t${letter}`, count: LOGINS_TIMED };
    const startedAt = performance.now();
    await makeLogins(target, timed);
    const madeAt = performance.now();
    await withClient(target.managerUrl, (client) => client.query(dropSql(target, timed)));
    const droppedAt = performance.now();
    assertThat((await loginsIn(target)) === size, 'the timed logins were not made and dropped.');
    made.push({
      size,
      makeMs: (madeAt - startedAt) / timed.count,
      dropMs: (droppedAt - madeAt) / timed.count,
    });
  }
  return made;
};

const dropSql = (target: Target, wave: Wave): string => {
  const names = Array.from({ length: wave.count }, (_, index) => loginOf(wave, index));
  const one = `drop role ${names.join(', ')}`;
  const shares = target.creators.map((_, creator) =>
    names.filter((_name, index) => index % target.creators.length === creator),
  );
  return shares.length === 0
    ? one
    : shares.map((own, creator) => byCreatorOf(target, creator, `drop role ${own.join(', ')}`)).join('; ');
};

type Figure<T> = { what: string; noun: string; of: (at: At<T>) => number };

const rowFor = <T>(sizes: readonly At<T>[], { what, noun, of }: Figure<T>): Row[] => {
  const [least, most] = [sizes[0], sizes.at(-1)];
  if (!least || !most || least === most) return [];
  const among = (at: At<T>): string => `${ms(of(at))} among ${at.size.toLocaleString('en-US')} ${noun}`;
  const value = of(most) / of(least);
  return [rowOf('growth', { what, unit: 'ratio', value, goal: GOAL, ours: among(most), limit: among(least) })];
};

export const measureGrowth = async (bench: Bench): Promise<Measured> => {
  const growth: Growth = {
    audit: await measureAudit(bench),
    grants: await measureGrants(bench),
    targets: await measureTargets(bench),
    logins: await measureLogins(bench),
    loginsOfOne: await measureLogins(bench, 0),
  };
  const [audit, grants] = ['audit events', 'live grants'];
  const largest = growth.targets.at(-1);
  const rows = [
    ...rowFor(growth.audit, { what: 'an event appended', noun: audit, of: ({ appendMs }) => appendMs }),
    ...rowFor(growth.audit, { what: 'an event sealed', noun: audit, of: ({ sealMsPerEvent }) => sealMsPerEvent }),
    ...rowFor(growth.grants, { what: 'the next deadline found', noun: grants, of: ({ deadlineMs }) => deadlineMs }),
    ...rowFor(growth.grants, { what: 'due grants looked for', noun: grants, of: ({ dueMs }) => dueMs }),
    ...rowFor(growth.grants, { what: 'stalled grants looked for', noun: grants, of: ({ stalledMs }) => stalledMs }),
    ...rowFor(growth.grants, { what: 'one request read', noun: grants, of: ({ viewMs }) => viewMs }),
    ...rowFor(growth.grants, { what: "a request's messages opened", noun: grants, of: ({ openMs }) => openMs }),
    ...rowFor(growth.targets, { what: 'one decision', noun: 'targets', of: ({ decisionMs }) => decisionMs }),
    ...rowFor(growth.logins, { what: 'a login made in the target', noun: 'logins', of: ({ makeMs }) => makeMs }),
    ...rowFor(growth.logins, { what: 'a login dropped, of 100', noun: 'logins', of: ({ dropMs }) => dropMs }),
    ...rowFor(growth.loginsOfOne, {
      what: 'the same without creator roles',
      noun: 'logins',
      of: ({ makeMs }) => makeMs,
    }),
    ...rowFor(growth.loginsOfOne, {
      what: 'one dropped without creator roles',
      noun: 'logins',
      of: ({ dropMs }) => dropMs,
    }),
    ...(largest
      ? [
          rowOf('growth', {
            what: `policy of ${largest.size.toLocaleString('en-US')} targets`,
            unit: 'MB',
            value: largest.memoryMb,
            goal: null,
            ours: `${shown(largest.memoryMb)} MB, loaded in ${shown(largest.loadMs / 1_000)} s`,
            limit: '',
          }),
        ]
      : []),
  ];
  return { rows, details: growth };
};
