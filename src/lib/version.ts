/** Which version this is. */
import { readFileSync } from 'node:fs';

/** From the package root, so that it is found from `src/lib` and from `dist/bundle` alike. */
const PACKAGE = new URL('../../package.json', import.meta.url);

export const readVersion = (): string => (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
