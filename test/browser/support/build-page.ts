/** What is looked at is what was written: the page is built before its tests. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const setup = (): void => {
  execFileSync(process.execPath, [fileURLToPath(new URL('../../../sandbox/src/page/build.mjs', import.meta.url))]);
};
