/** What lists of targets give now that they did not give before, by the names of the targets. */
import { textOf } from './differences.ts';
import type { Policy, Target } from './types.ts';

export type ListChange = {
  list: string;
  sha256: string | null;
  /** How many it gives now. */
  targets: number;
  added: string[];
  removed: string[];
  changed: string[];
};

const byList = (policy: Policy | null): Map<string, Map<string, Target>> => {
  const lists = new Map(Object.keys(policy?.lists ?? {}).map((list) => [list, new Map<string, Target>()]));
  for (const target of Object.values(policy?.targets ?? {}))
    if (target.list !== undefined) lists.get(target.list)?.set(target.name, target);
  return lists;
};

const changeOf = (list: string, before: ReadonlyMap<string, Target>, after: ReadonlyMap<string, Target>) => ({
  list,
  targets: after.size,
  added: [...after.keys()].filter((name) => !before.has(name)),
  removed: [...before.keys()].filter((name) => !after.has(name)),
  changed: [...after.values()]
    .filter((target) => {
      const known = before.get(target.name);
      return known !== undefined && textOf(known) !== textOf(target);
    })
    .map(({ name }) => name),
});

/** Those that give something else, and those that are new or gone. `before` is null where nothing is known of it. */
export const listChanges = (before: Policy | null, after: Policy): ListChange[] => {
  const [were, are] = [byList(before), byList(after)];
  return [...new Set([...were.keys(), ...are.keys()])].toSorted().flatMap((list) => {
    const change = changeOf(list, were.get(list) ?? new Map(), are.get(list) ?? new Map());
    const { added, removed, changed } = change;
    if (added.length + removed.length + changed.length === 0) return [];
    return [{ ...change, sha256: after.lists[list]?.sha256 ?? null }];
  });
};
