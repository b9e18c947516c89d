/** The audit log: appends inside a state's own transaction, sealing, and verification. */
import { startChild } from '../child.ts';
import { median } from '../measure.ts';
import { ms, perSecond, rowOf, shown } from '../rows.ts';
import type { Row } from '../rows.ts';
import type { Child } from '../child.ts';
import type { Sizes } from '../setup/options.ts';
import { createStoreDatabase } from '../setup/servers.ts';
import type { Appended, AppendInput, AppendKind, Chained } from './audit-program.ts';
import type { Sealing, SealingInput } from './sealing.ts';
import type { Bench, Measured } from './world.ts';

type Kind = AppendKind;
const KINDS: readonly Kind[] = ['insert', 'event', 'state', 'state and event', 'state and row'];
type Round = Record<Kind, Appended>;

const MILLION_GOAL_S = 10;

const PROOF_GOAL_MS = 5;

const measureSealing = (url: string, { auditEvents, rounds }: Sizes, program: Child): Promise<Sealing> => {
  const batches = [10, 1_000];
  const input: SealingInput = { url, events: Math.min(auditEvents, 20_000), batches, rounds };
  return program.call<Sealing>('sealing', input);
};

const sealingRows = (sealing: Sealing): Row[] =>
  sealing.map(({ batch, tree, chain, ratio, cpuRatio }) =>
    rowOf('audit', {
      what: `sealing one event into the tree / into the chain alone, by ${batch.toLocaleString('en-US')}`,
      unit: 'ratio',
      value: ratio,
      goal: null,
      ours: `${ms(tree.ms)} each; processor time ${shown(cpuRatio)} times`,
      limit: `${ms(chain.ms)} each`,
    }),
  );

export const measureAudit = async ({ servers, sizes }: Bench): Promise<Measured> => {
  const url = await createStoreDatabase(servers);
  const program = startChild('audit-program');
  const run = (kind: Kind, durationMs: number): Promise<Appended> =>
    program.call<Appended>('append', { url, durationMs, kind } satisfies AppendInput);
  for (const kind of KINDS) await run(kind, sizes.warmUpMs);
  const rounds: Round[] = [];
  for (let round = 0; round < sizes.rounds; round += 1) {
    rounds.push({
      insert: await run('insert', sizes.roundMs),
      event: await run('event', sizes.roundMs),
      state: await run('state', sizes.roundMs),
      'state and event': await run('state and event', sizes.roundMs),
      'state and row': await run('state and row', sizes.roundMs),
    });
  }
  const chainUrl = await createStoreDatabase(servers);
  const chained = await program.call<Chained>('chain', { url: chainUrl, events: sizes.auditEvents });
  const sealing = await measureSealing(await createStoreDatabase(servers), sizes, program);
  await program.stop();
  const rate = (kind: Kind): number => median(rounds.map((round) => round[kind].perSecond));
  const ratio = (kind: Kind, to: Kind): number =>
    median(rounds.map((round) => round[kind].perSecond / round[to].perSecond));
  const p99 = (kind: Kind): string => ms(median(rounds.map((round) => round[kind].times.p99)));
  const cpu = (kind: Kind): number => median(rounds.map((round) => round[kind].cpuMs));
  const millionSeconds = 1e6 / chained.verifyPerSecond;
  const rows = [
    rowOf('audit', {
      what: 'events in their own transaction, 32 callers',
      unit: 'ratio',
      value: ratio('event', 'insert'),
      goal: { is: 'at least', value: 0.5 },
      ours: `${perSecond(rate('event'))}, p99 ${p99('event')}`,
      limit: `${perSecond(rate('insert'))} single-row inserts, p99 ${p99('insert')}`,
    }),
    rowOf('audit', {
      what: 'a change with its event / without, 32 callers',
      unit: 'ratio',
      value: ratio('state and event', 'state'),
      goal: null,
      ours: perSecond(rate('state and event')),
      limit: `${perSecond(rate('state'))} without`,
    }),
    rowOf('audit', {
      what: 'the same / with a plain row, by hand',
      unit: 'ratio',
      value: ratio('state and event', 'state and row'),
      goal: null,
      ours: `${perSecond(rate('state and event'))}, ${ms(cpu('state and event'))} of processor each`,
      limit: `${perSecond(rate('state and row'))}, ${ms(cpu('state and row'))} of processor each`,
    }),
    rowOf('audit', {
      what: 'sealing / events appended',
      unit: 'ratio',
      value: chained.sealPerSecond / rate('event'),
      goal: null,
      ours: `${perSecond(chained.sealPerSecond)} sealed`,
      limit: `${perSecond(rate('event'))} appended while sealing`,
    }),
    ...sealingRows(sealing),
    rowOf('audit', {
      what: 'an inclusion proof',
      unit: 'ms',
      value: chained.proofMs,
      goal: { is: 'at most', value: PROOF_GOAL_MS },
      ours: `${ms(chained.proofMs)} in a log of ${chained.events.toLocaleString('en-US')} events`,
      limit: '',
    }),
    rowOf('audit', {
      what: `verification of ${chained.events.toLocaleString('en-US')} events`,
      unit: 'ratio',
      value: chained.verifyPerSecond / chained.hashPerSecond,
      goal: { is: 'at least', value: 0.4 },
      ours: `${perSecond(chained.verifyPerSecond)}, memory grew by ${shown(chained.grownMb)} MB`,
      limit: `${perSecond(chained.hashPerSecond)} hashing alone`,
    }),
    rowOf('audit', {
      what: chained.events >= 1e6 ? 'verification of 1M events' : 'verification of 1M events, by this speed',
      unit: 's',
      value: millionSeconds,
      goal: { is: 'at most', value: MILLION_GOAL_S },
      ours: `${shown(millionSeconds)} s`,
      limit: '',
    }),
  ];
  return { rows, details: { rounds, chained, sealing } };
};
