/** A new folder with these files, by name, that only this user may enter. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** @returns its path, in `parent`. */
export const makePrivateFolder = (parent: string, files: Record<string, string>): string => {
  const folder = mkdtempSync(path.join(parent, 'latchkey-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  return folder;
};
