/** What may stand after `npm run demo --`. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export type DemoOptions = {
  isFresh: boolean;
  isHelp: boolean;
  /** Null: the usual one, or the next free one when another program has that. */
  port: number | null;
  /** Absolute. */
  dataDir: string;
};

/** The checkout, from `sandbox/src/demo` and `sandbox/dist/demo` alike. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export const USUAL_PORT = 4310;

export const HELP = `npm run demo              start, or start again where it was left
npm run demo -- --fresh   throw away what was done and start over
npm run demo -- --port N  the page's port (usually ${USUAL_PORT})
npm run demo -- --data D  keep everything in folder D (usually .data/demo)
npm run demo -- --no-install  take the packages as they are`;

const readPort = (text: string | undefined): number | null => {
  if (text === undefined) return null;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new Error(`--port must be a number from 1 to 65535, not "${text}".`);
  return port;
};

/** Throws an Error with a sentence for people. */
export const readOptions = (args: string[]): DemoOptions => {
  const { values } = parseArgs({
    args,
    options: {
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      port: { type: 'string' },
      data: { type: 'string' },
    },
  });
  return {
    isFresh: values.fresh,
    isHelp: values.help,
    port: readPort(values.port),
    dataDir: path.resolve(values.data ?? path.join(ROOT, '.data', 'demo')),
  };
};
