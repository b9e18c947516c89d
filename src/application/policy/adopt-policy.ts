/** Records which policy is in force: each change is an audit event that admins are notified of, and so is each file that was refused. */
import { createHash } from 'node:crypto';
import { SYSTEM } from '../../domain/audit/events.ts';
import { closeKind, notifyAdmins } from '../record/notify-admins.ts';
import type { ListChange } from '../../domain/policy/list-changes.ts';
import { pluralize } from '../../lib/pluralize.ts';
import type { Deps, Tx } from '../deps.ts';
import { adoptCalendars } from './adopt-calendars.ts';
import { misfitLine } from './misfits.ts';
import type { Misfit } from './misfits.ts';

const entry = { actor: SYSTEM, requestId: null, grantId: null, target: null, role: null } as const;

const LINES_MAX = 50;
const MISFITS_MAX = 8;

export const adoptPolicy = async (deps: Deps, input: AdoptInput): Promise<void> => {
  const { sha256, rules, targets, lists: all } = deps.policy();
  const written = Object.values(targets).filter(({ list }) => list === undefined);
  await deps.store.transaction(async (tx) => {
    const adopted = await tx.policies.adopt({ sha256, source: input.source });
    await adoptCalendars(deps, tx);
    // The file is good, be it a new one or the one before.
    await closeKind(tx, 'policy_rejected', 'The policy file was corrected, and is in force.');
    if (!adopted) return;
    const { before } = adopted;
    await closeKind(tx, 'policy_adopted', 'A newer policy is in force.');
    const { differences, lists, isListsOnly } = input.changesFrom(before);
    const data = {
      sha256,
      before: before?.sha256 ?? null,
      rules: rules.length,
      targets: written.map(({ name }) => name),
      ...(Object.keys(all).length > 0 && { found: Object.values(targets).length - written.length }),
      warnings: input.warnings,
      differences,
      author: input.author,
    };
    await tx.audit.append({ ...entry, type: 'policy.loaded', data });
    await noteFound(tx, { lists, sha256 });
    // The first policy of a new installation is no change.
    if (before && lists.length > 0)
      await notifyAdmins(tx, deps.ids, foundNotification({ lists, isListsOnly }, input, sha256));
    if (before && !isListsOnly)
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

const NAMES_MAX = 100;
const NAMES_SHOWN = 5;

const noteFound = async (tx: Tx, { lists, sha256: policy }: { lists: readonly ListChange[]; sha256: string }) => {
  for (const { list, sha256, targets, added, removed, changed } of lists) {
    const counts = { added: added.length, removed: removed.length, changed: changed.length };
    const names = {
      addedNames: added.slice(0, NAMES_MAX),
      removedNames: removed.slice(0, NAMES_MAX),
      changedNames: changed.slice(0, NAMES_MAX),
    };
    await tx.audit.append({
      ...entry,
      type: 'targets.found',
      data: { list, policy, sha256, targets, ...counts, ...names },
    });
  }
};

/** `3 added (a, b, c)` */
const countedNames = (names: readonly string[], what: string): string[] => {
  if (names.length === 0) return [];
  const more = names.length > NAMES_SHOWN ? ', …' : '';
  return [`${names.length} ${what} (${names.slice(0, NAMES_SHOWN).join(', ')}${more})`];
};

const foundLine = ({ list, targets, added, removed, changed }: ListChange): string =>
  `List ${list}: ${[...countedNames(added, 'added'), ...countedNames(removed, 'removed'), ...countedNames(changed, 'changed')].join(', ')}; ${pluralize(targets, 'target')} in all`;

/** Where the file changed too, the notification about it has the warnings. */
const foundNotification = (
  { lists, isListsOnly }: Pick<PolicyChanges, 'lists' | 'isListsOnly'>,
  input: AdoptInput,
  sha256: string,
) => ({
  kind: 'targets_found' as const,
  about: sha256,
  lines: [...lists.map(foundLine), ...(isListsOnly ? input.warnings.map((warning) => `Warning: ${warning}`) : [])],
});

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

/** `differences`: null where there was no policy before, or it cannot be read any more. `isListsOnly`: the file itself is the same. */
export type PolicyChanges = { differences: string[] | null; lists: ListChange[]; isListsOnly: boolean };

export type AdoptInput = {
  source: string;
  /** Who changed it and in which commit, where that is known. Text of people. */
  author: { by: string | null; revision: string | null; subject: string | null; isEdited: boolean } | null;
  warnings: string[];
  /** What is known already of targets that it does not fit. */
  misfits: readonly Misfit[];
  changesFrom: (before: { sha256: string; source: string } | null) => PolicyChanges;
};
