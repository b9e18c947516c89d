/** `npm run demo`: takes the folder, starts every part in its order, prints one URL, and stops everything again. */
import { claimFolder } from './claim.ts';
import { filesIn } from './files.ts';
import { HELP, readOptions } from './options.ts';
import type { DemoOptions } from './options.ts';
import { startDemo } from './start.ts';
import type { Demo } from './start.ts';

/** npm passes a Ctrl-C on that the terminal has sent already, so the same press arrives twice. */
const SAME_PRESS_MS = 700;

type Stop = {
  /** Aborted by the first Ctrl-C. */
  signal: AbortSignal;
  /** Called by the second one. */
  onForce(kill: () => Promise<void>): void;
};

const listenForStop = (): Stop => {
  const controller = new AbortController();
  let pressedAt = 0;
  let kill = async (): Promise<void> => {};
  const onSignal = (): void => {
    if (pressedAt === 0) {
      pressedAt = Date.now();
      console.log('\nStopping. (Ctrl-C again to force it.)');
      controller.abort(new Error('It was stopped before everything was up.'));
    } else if (Date.now() - pressedAt > SAME_PRESS_MS) {
      console.log('Forced: the next start puts in order what this left.');
      const leave = (): void => process.exit(1);
      kill().then(leave, leave);
    }
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal).on('SIGHUP', onSignal);
  return {
    signal: controller.signal,
    onForce: (given) => {
      kill = given;
    },
  };
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

const introduce = ({ url, logFile, policyFile }: Demo): string => `
  Latchkey runs at  ${url}      (ready in ${process.uptime().toFixed(1)} s)

  You are Ana, an engineer. Try this, or follow the list in the page:
    1. Type    /prod-access orders-db read 5m look at order 1183
    2. Switch to Dana, the owner (a second window may be her), and press Approve in #prod-access.
    3. As Ana again: open the message from Latchkey, Show credentials, and connect with them in the side panel.
    4. Let it end: the open session is cut and the login is gone.

  The rules are in ${policyFile} (edit them while it runs), the app's log is ${logFile}.
  For this machine only, not for production. Ctrl-C stops everything; what you did is kept, --fresh starts over.
`;

const run = async (options: DemoOptions): Promise<number> => {
  const files = filesIn(options.dataDir);
  const claimed = claimFolder(files.running);
  if ('runningUrl' in claimed) {
    const where = claimed.runningUrl === null ? 'and is just starting' : `at ${claimed.runningUrl}`;
    console.log(`The demo runs already ${where}. Stop that one with Ctrl-C first, to start it again.`);
    return options.isFresh ? 1 : 0;
  }
  const { claim } = claimed;
  const { signal, onForce } = listenForStop();
  try {
    const demo = await startDemo({ options, files, claim, signal });
    onForce(demo.kill);
    console.log(introduce(demo));
    const adding = demo.addRest().catch((error: unknown) => signal.aborted || console.log(sentenceOf(error)));
    await aborted(signal);
    await demo.stop();
    await adding;
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    claim.release();
  }
  console.log('Stopped.');
  return 0;
};

const sentenceOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Resolves with the exit code once the demo has been stopped. */
export const main = async (args: string[]): Promise<number> => {
  try {
    const options = readOptions(args);
    if (!options.isHelp) return await run(options);
    console.log(HELP);
    return 0;
  } catch (error) {
    console.error(`The demo could not be started. ${sentenceOf(error)}`);
    return 1;
  }
};
