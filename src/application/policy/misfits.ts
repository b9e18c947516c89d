/** Targets that the policy does not fit: found when Latchkey starts or a policy is adopted, and admins are notified. */
import { createHash } from 'node:crypto';
import { notifyAdmins } from '../record/notify-admins.ts';
import type { Deps } from '../deps.ts';

/** These roles of a target cannot be granted. `problem` says why, and what to run. */
export type Misfit = { target: string; roles: string[]; problem: string };

/** A restart, or a target that comes and goes, is not notified again for so long. */
const SAME_MISFIT_MS = 24 * 60 * 60_000;
const LINES_MAX = 50;
const ROLES_MAX = 10;

export const misfitLine = ({ target, roles, problem }: Misfit): string => {
  const more = roles.length > ROLES_MAX ? ` and ${roles.length - ROLES_MAX} more` : '';
  return `${target}: cannot grant ${roles.slice(0, ROLES_MAX).join(', ')}${more}: ${problem}`;
};

/** Each misfit is reported once, in whichever message comes first. */
export const reportMisfits = async (deps: Deps, { misfits }: { misfits: readonly Misfit[] }): Promise<void> => {
  if (misfits.length === 0) return;
  const all = misfits.map(misfitLine).toSorted();
  const byLine = new Map(misfits.map((one) => [misfitLine(one), one]));
  await deps.store.transaction(async (tx) => {
    const lines = await tx.announcements.untold(all, { kind: 'targets_unfit', withinMs: SAME_MISFIT_MS });
    if (lines.length === 0) return;
    const isMany = lines.length > LINES_MAX;
    const about = isMany ? 'many' : createHash('sha256').update(JSON.stringify(lines)).digest('hex');
    await notifyAdmins(tx, deps.ids, {
      kind: 'targets_unfit',
      about,
      lines: isMany
        ? [...lines.slice(0, LINES_MAX - 1), `${lines.length - LINES_MAX + 1} more; the log has them`]
        : lines,
      // In the order of the lines; where not all are shown, none is looked at again.
      ...(!isMany && {
        facts: {
          kind: 'targets',
          misfits: lines.flatMap((line, at) => {
            const misfit = byLine.get(line);
            return misfit ? [{ at, ...misfit }] : [];
          }),
        },
      }),
      withinMs: SAME_MISFIT_MS,
    });
  });
};
