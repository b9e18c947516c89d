/** Records which policy is in force: each change is an audit event that admins are notified of, and so is each file that was refused. */
import { createHash } from 'node:crypto';
import { SYSTEM } from '../../domain/audit/events.ts';
import { closeKind, notifyAdmins } from '../record/notify-admins.ts';
import type { Deps } from '../deps.ts';
import { adoptCalendars } from './adopt-calendars.ts';
import { misfitLine } from './misfits.ts';
import type { Misfit } from './misfits.ts';

const entry = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;

const LINES_MAX = 50;
const MISFITS_MAX = 8;

export const adoptPolicy = async (deps: Deps, input: AdoptInput): Promise<void> => {
  const { sha256, rules, targets } = deps.policy();
  await deps.store.transaction(async (tx) => {
    const adopted = await tx.policies.adopt({ sha256, source: input.source });
    await adoptCalendars(deps, tx);
    // The file is good, be it a new one or the one before.
    await closeKind(tx, 'policy_rejected', 'The policy file was corrected, and is in force.');
    if (!adopted) return;
    const { before } = adopted;
    await closeKind(tx, 'policy_adopted', 'A newer policy is in force.');
    const differences = before ? input.differencesFrom(before.source) : null;
    const data = {
      sha256,
      before: before?.sha256 ?? null,
      rules: rules.length,
      targets: Object.keys(targets),
      warnings: input.warnings,
      differences,
      author: input.author,
    };
    await tx.audit.append({ ...entry, type: 'policy.loaded', data });
    // The first policy of a new installation is no change.
    if (before)
      await notifyAdmins(tx, deps.ids, {
        kind: 'policy_adopted',
        about: sha256,
        lines: adoptedLines(differences, input),
        facts: { kind: 'targets', misfits: shownMisfits(input) },
      });
  });
};

/** `Changed by Dana Lee <dana@acme.test> in 1a2b3c4: Let SREs read` */
const authorLines = ({ author }: AdoptInput): string[] => {
  if (!author) return [];
  const { by, revision, subject, isEdited } = author;
  if (isEdited) return [`Changed since commit ${revision ?? ''}, and not committed: who did it is not known`];
  const about = subject === null ? '' : `: ${subject}`;
  return [`Changed${by === null ? '' : ` by ${by}`}${revision === null ? '' : ` in ${revision}`}${about}`];
};

/** The lines after those about the author. */
const shownMisfits = (input: AdoptInput) =>
  input.misfits.slice(0, MISFITS_MAX).map((misfit, index) => ({ ...misfit, at: authorLines(input).length + index }));

/** Before all else that changed: somebody who is let in would not get in. */
const misfitLines = ({ misfits }: AdoptInput): string[] => {
  const rest = misfits.length - MISFITS_MAX;
  const more = rest > 0 ? [`${rest} more targets or roles cannot be granted; the log has them`] : [];
  return [...misfits.slice(0, MISFITS_MAX).map(misfitLine), ...more];
};

const adoptedLines = (differences: string[] | null, input: AdoptInput): string[] => {
  const changed = differences ?? ['What changed cannot be said: the policy before can no longer be read.'];
  const said = changed.length > 0 ? changed : ['Nothing that decides was changed'];
  return [
    ...authorLines(input),
    ...misfitLines(input),
    ...said,
    ...input.warnings.map((warning) => `Warning: ${warning}`),
  ];
};

export const rejectPolicy = async (deps: Deps, input: { problems: string[] }): Promise<void> => {
  const kept = deps.policy().sha256;
  const problems = input.problems.slice(0, LINES_MAX);
  const about = createHash('sha256')
    .update(JSON.stringify([kept, problems]))
    .digest('hex');
  await deps.store.transaction(async (tx) => {
    await tx.audit.append({ ...entry, type: 'policy.rejected', data: { kept, problems } });
    await notifyAdmins(tx, deps.ids, { kind: 'policy_rejected', about, lines: problems });
  });
};

/** `differencesFrom`: from the source text of the policy before; null when that cannot be read any more. */
export type AdoptInput = {
  source: string;
  /** Who changed it and in which commit, where that is known. Text of people. */
  author: { by: string | null; revision: string | null; subject: string | null; isEdited: boolean } | null;
  warnings: string[];
  /** What is known already of targets that it does not fit. */
  misfits: readonly Misfit[];
  differencesFrom: (before: string) => string[] | null;
};
