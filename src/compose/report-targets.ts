/** Says which targets cannot grant what the policy says: in the log after "ready", and to the admins after a start and with a new policy. */
import { misfitLine } from '../application/policy/misfits.ts';
import type { Misfit } from '../application/policy/misfits.ts';
import type { UseCases } from '../application/verbs.ts';
import type { Policy } from '../domain/policy/types.ts';
import type { Log } from '../lib/log.ts';
import { pluralize } from '../lib/pluralize.ts';
import { withinMs } from '../lib/timeout.ts';
import type { CheckedTarget } from '../providers/check-targets.ts';
import type { OpenAccess } from '../providers/connections.ts';

/** So many targets have a line each; of more, so many problems have one, and the rest is counted. */
const LINES_MAX = 20;
/** Where the checks take longer, the admins are notified of what is known. */
const KNOWN_AFTER_MS = 30_000;
/** The message about a new policy waits no longer for the checks. */
const ADOPTED_WITHIN_MS = 5_000;

export type Reporting = {
  access: Pick<OpenAccess, 'checkNow'>;
  policy: () => Policy;
  useCases: Pick<UseCases, 'reportMisfits'>;
  log: Log;
};

type Counted = { isFew: boolean; lines: number; checked: number; unfit: number };

const logOne = (log: Log, counted: Counted, { target, roles, misfits }: CheckedTarget): void => {
  counted.checked += 1;
  if (misfits.length > 0) counted.unfit += 1;
  else if (counted.isFew)
    log.info({ target }, `${target}: no problem found, ${pluralize(roles, 'role')} can be granted`);
  for (const misfit of misfits) {
    counted.lines += 1;
    if (counted.isFew || counted.lines <= LINES_MAX) log.warn({ target }, misfitLine(misfit));
  }
};

const logCount = (log: Log, { checked, unfit }: Counted, all: number): void => {
  const facts = { targets: all, checked, withProblems: unfit };
  const sentence = `${checked} of ${pluralize(all, 'target')} checked: ${unfit === 0 ? 'no problem found' : `${pluralize(unfit, 'has', 'have')} a problem; \`latchkey doctor\` lists them all`}`;
  if (unfit > 0) log.warn(facts, sentence);
  else log.info(facts, sentence);
};

/** After "ready". Resolves when all were checked. */
export const reportTargets = async ({ access, policy, useCases, log }: Reporting): Promise<void> => {
  const all = Object.keys(policy().targets).length;
  const counted: Counted = { isFew: all <= LINES_MAX, lines: 0, checked: 0, unfit: 0 };
  const misfits: Misfit[] = [];
  const checking = access.checkNow((checked) => {
    logOne(log, counted, checked);
    misfits.push(...checked.misfits);
  });
  if (!(await withinMs(checking, KNOWN_AFTER_MS)).isThere) {
    if (!counted.isFew) logCount(log, counted, all);
    await useCases.reportMisfits({ misfits: [...misfits] });
    await checking;
  }
  if (!counted.isFew) logCount(log, counted, all);
  await useCases.reportMisfits({ misfits });
};

/** What is known within a few seconds is for the message about the new policy; `rest` resolves when all were checked and reported. */
export const checkAdopted = async ({
  access,
  useCases,
  log,
  only,
}: Omit<Reporting, 'policy'> & { only?: ReadonlySet<string> }): Promise<{
  misfits: Misfit[];
  reportRest: () => void;
}> => {
  const found: Misfit[] = [];
  const checking = access.checkNow(({ misfits }) => found.push(...misfits), only);
  await withinMs(checking, ADOPTED_WITHIN_MS);
  const rest = async (): Promise<void> => {
    await checking;
    await useCases.reportMisfits({ misfits: found });
  };
  const reportRest = (): void =>
    void rest().catch((error: unknown) => log.warn({ err: error }, 'the admins could not be notified of targets'));
  return { misfits: [...found], reportRest };
};
