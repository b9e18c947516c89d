/** Notes which periods are over of which the policy wants a report. Each is one row, whichever process finds it, and work in the outbox. */
import { SYSTEM } from '../../domain/audit/events.ts';
import { periodsDue } from '../../domain/reports/plans.ts';
import type { ReportPlan } from '../../domain/reports/plans.ts';
import type { Deps } from '../deps.ts';

export const NOWHERE = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;

type StartDeps = Pick<Deps, 'store' | 'policy' | 'ids'>;

const start = ({ store, ids }: StartDeps, { name }: ReportPlan, period: string): Promise<boolean> =>
  store.transaction(async (tx) => {
    const id = ids.next();
    if (!(await tx.reportRuns.add({ id, name, period }))) return false;
    await tx.audit.append({ ...NOWHERE, type: 'report.due', data: { report: id, period, name } });
    await tx.outbox.add('report', id);
    return true;
  });

/** The first report of a plan is of the period in which it came into the policy. */
export const startDueReports = async (deps: StartDeps): Promise<number> => {
  const plans = deps.policy().audit?.reports ?? [];
  if (plans.length === 0) return 0;
  const { now, since, runs } = await deps.store.read.reportSchedule();
  const sinceOf = ({ name, every }: ReportPlan): Date | undefined =>
    since.find((known) => known.name === name && known.every === every)?.since;
  const unseen = plans.filter((plan) => sinceOf(plan) === undefined).map(({ name, every }) => ({ name, every }));
  if (unseen.length > 0) await deps.store.transaction((tx) => tx.reportRuns.note(unseen));
  let started = 0;
  for (const plan of plans)
    for (const { label } of periodsDue(plan.every, { since: sinceOf(plan) ?? now, now }))
      if (!runs.some((run) => run.name === plan.name && run.period === label))
        started += (await start(deps, plan, label)) ? 1 : 0;
  return started;
};
