/** What a file of the app loads at its start: files by their whole path, and packages by their name. What is imported late is not in it. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const src = fileURLToPath(new URL('../../src', import.meta.url));

/** What is imported at run time, types left out. */
export const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*?from '([^']+)'/gms)].map(
    ([, name = '']) => name,
  );

export const loadedBy = (file: string, found = new Set<string>()): Set<string> => {
  if (found.has(file)) return found;
  found.add(file);
  for (const name of importsOf(file))
    if (name.startsWith('.')) loadedBy(path.resolve(path.dirname(file), name), found);
    else found.add(name);
  return found;
};

export const packagesOf = (file: string): string[] =>
  [...loadedBy(path.join(src, file))].filter((name) => !name.startsWith('/') && !name.startsWith('node:'));
