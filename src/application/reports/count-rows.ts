/** Counts what goes by, so that the register is never held in memory. */
import { EXCEPTION_KINDS } from '../../domain/reports/exceptions.ts';
import type { Exception, ExceptionKind } from '../../domain/reports/exceptions.ts';
import { createLateness, createOverTime } from '../../domain/reports/over-time.ts';
import type { RegisterRow } from '../../domain/reports/register.ts';
import type { Period } from '../../domain/reports/period.ts';
import type { GrantFlow } from './report-facts.ts';
import type { Control, Exercised, Tally, Totals } from './report-types.ts';

const bump = (counts: Map<string, number>, key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1);

const tallies = () => {
  const found = new Map<string, Tally>();
  return {
    see: (name: string, row: RegisterRow): void => {
      const tally = found.get(name) ?? { name, requests: 0, grants: 0 };
      tally.requests += 1;
      tally.grants += row.activeAt === null ? 0 : 1;
      found.set(name, tally);
    },
    all: (): Tally[] => [...found.values()].sort((a, b) => b.requests - a.requests || (a.name < b.name ? -1 : 1)),
  };
};

const exerciseBook = () => {
  const people = new Map<string, Exercised>();
  const of = (id: string, name: string): Exercised => {
    const known = people.get(id) ?? { id, name, approved: 0, denied: 0, other: 0 };
    people.set(id, known);
    return known;
  };
  return {
    row: ({ approvers, deniers }: RegisterRow): void => {
      for (const { id, name } of approvers) of(id, name).approved += 1;
      for (const { id, name } of deniers) of(id, name).denied += 1;
    },
    other: (id: string, name: string): void => void (of(id, name).other += 1),
    all: (): Exercised[] =>
      [...people.values()].sort((a, b) => b.approved + b.denied + b.other - (a.approved + a.denied + a.other)),
  };
};

/** An approval that came to no access ended, too: its removal was read back. */
const stateOf = ({ state, activeAt, kind }: RegisterRow): string =>
  state === 'ended' && activeAt === null && kind !== 'more time' ? 'ended without access' : state;

const isIn = (at: string | null, { from, to }: Pick<Period, 'from' | 'to'>): boolean =>
  at !== null && Date.parse(at) >= from.getTime() && Date.parse(at) < to.getTime();

const summaryOf = (exceptions: readonly Exception[]): Totals['exceptions'] =>
  (Object.keys(EXCEPTION_KINDS) as ExceptionKind[]).map((kind) => {
    const of = exceptions.filter((exception) => exception.kind === kind);
    const unanswered = of.filter(({ answer }) => answer === null).length;
    return { kind, title: EXCEPTION_KINDS[kind], count: of.length, unanswered };
  });

type Counted = { rows: number; erased: number; activated: number; ended: number };

const controlsOf = (
  counts: Record<string, number>,
  flow: GrantFlow,
  { rows, activated, ended }: Counted,
): Control[] => {
  const control = (what: string, log: number, register: number): Control => ({
    what,
    log,
    register,
    agrees: log === register,
  });
  return [
    control(
      'Requests: events request.created in the period, and rows of the register',
      counts['request.created'] ?? 0,
      rows,
    ),
    control(
      'Grants that became active in the period: in the log, and in the rows (with carried-over ones)',
      flow.activated,
      activated,
    ),
    control(
      'Grants that were removed in the period: in the log, and in the rows (with carried-over ones)',
      flow.ended,
      ended,
    ),
    control(
      'Open at the start + became active − removed = open at the end',
      flow.openAtStart + flow.activated - flow.ended,
      flow.openAtEnd,
    ),
  ];
};

/** Grants count where they became active and where they ended, also those whose request was made before the period. */
const grantBook = (period: Pick<Period, 'from' | 'to'>) => {
  const counted: Counted = { rows: 0, erased: 0, activated: 0, ended: 0 };
  const [overTime, lateness] = [createOverTime(period), createLateness()];
  const seeGrant = (row: RegisterRow): void => {
    if (row.kind === 'more time' || row.activeAt === null) return;
    if (isIn(row.activeAt, period)) counted.activated += 1;
    overTime.grant(row.activeAt);
    if (isIn(row.closedAt, period) && row.lateMs !== null) lateness.see(row.lateMs);
    if (isIn(row.endedAt, period) && row.state === 'ended') counted.ended += 1;
  };
  return { counted, overTime, lateness, seeGrant };
};

export const createCount = (period: Pick<Period, 'from' | 'to'>) => {
  const [byState, byDecision] = [new Map<string, number>(), new Map<string, number>()];
  const [byTarget, byRuleAlone] = [tallies(), tallies()];
  const exercised = exerciseBook();
  const { counted, overTime, lateness, seeGrant } = grantBook(period);
  return {
    row: (row: RegisterRow): void => {
      counted.rows += 1;
      counted.erased += row.isErased ? 1 : 0;
      bump(byState, stateOf(row));
      bump(byDecision, row.decidedBy ?? 'none');
      byTarget.see(`${row.target}/${row.role}`, row);
      if (row.decidedBy === 'rule' && row.state !== 'denied') byRuleAlone.see(row.rule ?? 'none', row);
      exercised.row(row);
      overTime.request(row.requestedAt);
      seeGrant(row);
    },
    carried: seeGrant,
    administered: exercised.other,
    exercised: exercised.all,
    totals: (counts: Record<string, number>, flow: GrantFlow, exceptions: readonly Exception[]): Totals => ({
      rows: counted.rows,
      erased: counted.erased,
      byState: Object.fromEntries(byState),
      byDecision: Object.fromEntries(byDecision),
      byTarget: byTarget.all(),
      byRuleAlone: byRuleAlone.all(),
      flow,
      overTime: overTime.all(),
      lateness: lateness.all(),
      controls: controlsOf(counts, flow, counted),
      exceptions: summaryOf(exceptions),
    }),
  };
};
