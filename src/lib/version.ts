/** The version of this program, from its package. */
import { existsSync, readFileSync } from 'node:fs';

/** As deep below the package's root from `src/lib` as from every compiled folder. */
const FILE = new URL('../../package.json', import.meta.url);

export const programVersion = (): string => {
  if (!existsSync(FILE)) return 'unknown';
  const { version } = JSON.parse(readFileSync(FILE, 'utf8')) as { version?: string };
  return version ?? 'unknown';
};
