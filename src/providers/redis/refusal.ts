/** Which commands of a role are refused, by what its rules mean on a server. */
import type { Catalog } from './catalog.ts';
import { IS_CODE, LEAVES_KEYS, reasonOfName, RULES_SERVER } from './rules.ts';

/** In `@dangerous` because they are slow or reveal much. They keep nothing, and hold to the keys of a role or read only. */
const HARMLESS = new Set(['keys', 'sort', 'sort_ro', 'info', 'restore']);

type Refused = { name: string; reason: string };

/** Fails closed: what the server itself calls admin, scripting or dangerous is refused, also by names of later versions. */
const refusedAmong = (names: ReadonlySet<string>, catalog: Catalog): Refused[] =>
  [...names]
    .map((name): Refused | null => {
      const own = reasonOfName(name);
      if (catalog.isContainer(name)) return null;
      if (own !== null) return { name, reason: own };
      if (catalog.isIn('admin', name)) return { name, reason: RULES_SERVER };
      if (catalog.isIn('scripting', name)) return { name, reason: IS_CODE };
      return catalog.isIn('dangerous', name) && !HARMLESS.has(name) ? { name, reason: LEAVES_KEYS } : null;
    })
    .filter((refused) => refused !== null);

/** One sentence for a role, with the rules that take the commands out. Null where all may be granted. */
export const refusalOf = (rules: readonly string[], catalog: Catalog): string | null => {
  const { names, unknown } = catalog.expand(rules);
  if (unknown.length > 0)
    return `This server does not know ${unknown.join(', ')}. Correct the commands of the role: ACL CAT lists categories and commands.`;
  const refused = refusedAmong(names, catalog);
  if (refused.length === 0) return null;
  const reasons = [...new Set(refused.map(({ reason }) => reason))].map((reason) => {
    const whose = refused.filter((one) => one.reason === reason).map(({ name }) => name);
    return `${whose.slice(0, 5).join(', ')}${whose.length > 5 ? ` and ${whose.length - 5} more` : ''} ${reason}`;
  });
  const code = refused.some(({ name }) => catalog.isIn('scripting', name)) ? ['-@scripting'] : [];
  const admin = refused.some(({ name }) => catalog.isIn('admin', name)) ? ['-@admin'] : [];
  const rest = refused.filter(({ name }) => !catalog.isIn('scripting', name) && !catalog.isIn('admin', name));
  const remedy = [...admin, ...code, ...rest.map(({ name }) => `-${name}`)].join(' ');
  return `The commands of the role are refused: ${reasons.join('; ')}. Add at the end of its commands: ${remedy}`;
};
