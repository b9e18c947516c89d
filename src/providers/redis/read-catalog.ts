/** The commands and categories of a server, as it lists them. */
import { catalogOf, type Catalog, type Command } from './catalog.ts';
import type { Client } from './client.ts';

const words = (value: unknown): string[] =>
  Array.isArray(value) ? value.map((word) => String(word).toLowerCase()) : [];

const commandOf = (name: string, info: unknown): Command | null => {
  if (!Array.isArray(info)) return null;
  return { name, arity: Number(info[1]), isOpen: words(info[2]).includes('no_auth') };
};

export const readCatalog = async (client: Client): Promise<Catalog> => {
  const names = words(await client.call('ACL', 'CAT'));
  const members = await client.all(names.map((name) => ['ACL', 'CAT', name]));
  const categories = new Map(names.map((name, index) => [name, new Set(words(members[index]))]));
  const known = [...new Set([...categories.values()].flatMap((each) => [...each]))].sort();
  const infos = await client.call('COMMAND', 'INFO', ...known);
  const commands = known.flatMap(
    (name, index) => commandOf(name, Array.isArray(infos) ? infos[index] : null) ?? { name, arity: -1, isOpen: false },
  );
  return catalogOf(categories, commands);
};
