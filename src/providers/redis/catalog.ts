/** The commands and categories of a server, and what rules mean there. */

export type Command = {
  name: string;
  /** As COMMAND INFO says it: the exact number of words, or at least so many where it is negative. */
  arity: number;
  /** Everybody may run it, whatever the rules: AUTH, HELLO, QUIT, RESET. */
  isOpen: boolean;
};

export type Expanded = { names: Set<string>; unknown: string[] };

export type Catalog = {
  commands: readonly Command[];
  isContainer: (name: string) => boolean;
  isIn: (category: string, name: string) => boolean;
  /** Rules in their order, from nothing. `unknown`: those that name nothing here. */
  expand: (rules: readonly string[]) => Expanded;
};

export const catalogOf = (
  categories: ReadonlyMap<string, ReadonlySet<string>>,
  commands: readonly Command[],
): Catalog => {
  const all = new Set(commands.map(({ name }) => name));
  const containers = new Set([...all].flatMap((name) => (name.includes('|') ? [name.split('|')[0] ?? ''] : [])));
  const namesOf = (what: string): ReadonlySet<string> | null => {
    if (what === '@all') return all;
    if (what.startsWith('@')) return categories.get(what.slice(1)) ?? null;
    if (!all.has(what)) return null;
    return new Set([...all].filter((name) => name === what || name.startsWith(`${what}|`)));
  };
  return {
    commands,
    isContainer: (name) => containers.has(name) && name !== 'command',
    isIn: (category, name) => categories.get(category)?.has(name) ?? false,
    expand: (rules) => {
      const [names, unknown] = [new Set<string>(), [] as string[]];
      for (const rule of rules) {
        const meant = namesOf(rule.slice(1).toLowerCase());
        if (meant === null) unknown.push(rule);
        for (const name of meant ?? [])
          if (rule.startsWith('+')) names.add(name);
          else names.delete(name);
      }
      return { names, unknown };
    },
  };
};
