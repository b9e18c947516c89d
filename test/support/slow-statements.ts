/**
 * With LATCHKEY_TEST_SLOW_STATEMENTS=1 the app's own statements take up to 300 ms now and then, on its database and on targets, while those of
 * tests do not: what a test looks at before it is there, and what two processes do in an order that nobody planned, then shows on any machine.
 */
import pg from 'pg';

const SLOW_SHARE = 0.1;
const SLOW_MS = 300;
const USUAL_MS = 3;

type Query = (this: pg.Client, ...args: unknown[]) => unknown;
type Slowed = pg.Client & { connectionParameters?: { application_name?: string | null } };

const delayMs = (): number => Math.random() * (Math.random() < SLOW_SHARE ? SLOW_MS : USUAL_MS);
const isOfApp = ({ connectionParameters }: Slowed): boolean =>
  connectionParameters?.application_name?.startsWith('latchkey') ?? false;
const hasMethod = (config: unknown, name: string): boolean =>
  typeof config === 'object' && config !== null && typeof Reflect.get(config, name) === 'function';

/** Statements of one connection keep their order. */
const tails = new WeakMap<pg.Client, Promise<void>>();
const turnOf = (client: pg.Client): Promise<void> => {
  const turn = (tails.get(client) ?? Promise.resolve()).then(
    () =>
      new Promise<void>((resolve) => {
        setTimeout(resolve, delayMs());
      }),
  );
  tails.set(client, turn);
  return turn;
};

const query = pg.Client.prototype.query as Query;
const slowed: Query = function slowed(...args) {
  // What is submitted (a cursor) is its own result.
  if (!isOfApp(this) || hasMethod(args[0], 'submit')) return query.apply(this, args);
  const done = turnOf(this).then(() => query.apply(this, args));
  const isAnsweredByCallback = args.some((one) => typeof one === 'function') || hasMethod(args[0], 'callback');
  return isAnsweredByCallback ? undefined : done;
};
// Runs again for each file, while modules stay.
if (query.name !== slowed.name) pg.Client.prototype.query = slowed as pg.Client['query'];
