/** What may stand after `npm run demo --`. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export type DemoOptions = {
  isFresh: boolean;
  isHelp: boolean;
  /** The workspace is as far away and as strict as Slack itself. */
  isReal: boolean;
  /** Null: the usual one, or the next free one when another program has that. */
  port: number | null;
  /** The demo plays itself. */
  isTour: boolean;
  /** How long each caption of the tour stands. */
  paceMs: number;
  /** Absolute. */
  dataDir: string;
};

/** The checkout, from `sandbox/src/demo` and `sandbox/dist/demo` alike. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

export const USUAL_PORT = 4310;

const USUAL_PACE_S = 6;

export const HELP = `npm run demo              start, or start again where it was left
npm run demo -- --fresh   throw away what was done and start over
npm run demo -- --tour    watch it: the demo plays itself
npm run demo -- --pace S  seconds for each caption of the tour (usually ${USUAL_PACE_S})
npm run demo -- --port N  the page's port (usually ${USUAL_PORT})
npm run demo -- --data D  keep everything in folder D (usually .data/demo)
npm run demo -- --real    a Slack as far away and as strict as the real one: 120 ms a call, its rate limits
npm run demo -- --no-install  take the packages as they are`;

const readPort = (text: string | undefined): number | null => {
  if (text === undefined) return null;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw new Error(`--port must be a number from 1 to 65535, not "${text}".`);
  return port;
};

const readPace = (text: string | undefined): number => {
  const seconds = text === undefined ? USUAL_PACE_S : Number(text);
  if (!(seconds >= 0 && seconds <= 60)) throw new Error(`--pace must be a number of seconds up to 60, not "${text}".`);
  return seconds * 1_000;
};

/** Throws an Error with a sentence for people. */
export const readOptions = (args: string[]): DemoOptions => {
  const { values } = parseArgs({
    args,
    options: {
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      real: { type: 'boolean', default: false },
      tour: { type: 'boolean', default: false },
      pace: { type: 'string' },
      port: { type: 'string' },
      data: { type: 'string' },
    },
  });
  return {
    isFresh: values.fresh,
    isHelp: values.help,
    isReal: values.real,
    isTour: values.tour,
    paceMs: readPace(values.pace),
    port: readPort(values.port),
    dataDir: path.resolve(values.data ?? path.join(ROOT, '.data', 'demo')),
  };
};
