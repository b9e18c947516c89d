/** Remembers what a name in a scope led to first, and notifies admins when it leads to another thing of the target. */
import { SYSTEM } from '../../domain/audit/events.ts';
import { movedNameText } from '../../domain/grants/named-in-target.ts';
import type { NamedInTarget } from '../../domain/grants/named-in-target.ts';
import type { Json } from '../../domain/json.ts';
import type { Deps } from '../deps.ts';
import { notifyAdmins } from '../record/notify-admins.ts';

type Naming = { target: string; scope: Json; named: NamedInTarget };

/** Null where it leads to what it led to first, which may be now; else a sentence why nothing is given by it. */
export const movedName = async (deps: Deps, naming: Naming): Promise<string | null> => {
  const { target, named } = naming;
  const { name, id: found } = named;
  const bound =
    (await deps.store.read.boundName(target, name)) ??
    (await deps.store.transaction((tx) => tx.targetNames.bind(target, named)));
  if (bound === found) return null;
  await report(deps, naming, bound);
  return `${movedNameText({ name, bound, found })}. It may be another one, so nothing is given by it. Admins were notified: one writes the id of the right one into the scope of the role, or corrects the name.`;
};

const report = (deps: Deps, { target, scope, named }: Naming, bound: string): Promise<void> =>
  deps.store.transaction(async (tx) => {
    if (!(await tx.targetNames.setMoved(target, named))) return;
    const { name, id: found } = named;
    await tx.audit.append({
      type: 'target_name.moved',
      actor: SYSTEM,
      requestId: null,
      grantId: null,
      target,
      role: null,
      data: { name, before: bound, found },
    });
    await notifyAdmins(tx, deps.ids, {
      kind: 'target_name_moved',
      about: `${target}:${name}:${found}`,
      lines: [
        `${target}: ${movedNameText({ name, bound, found })}.`,
        `If ${found} is right, write id: "${found}" beside the name in the scope of the role. If it is not, correct the name there.`,
      ],
      facts: { kind: 'target_name', target, scope },
    });
  });
