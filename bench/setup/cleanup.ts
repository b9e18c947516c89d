/** What the run started, ended in reverse: after success, failure, and on Ctrl-C. */

type Ending = { what: string; end: () => Promise<unknown> };

const endings: Ending[] = [];
let isInterrupted = false;

/** Returns a function that ends it sooner. */
export const onEnd = (what: string, end: () => Promise<unknown>): (() => Promise<void>) => {
  const ending = { what, end };
  endings.push(ending);
  return async () => {
    const at = endings.indexOf(ending);
    if (at < 0) return;
    endings.splice(at, 1);
    await end();
  };
};

/** Call before anything is started: what is started while the rest is being ended would be left behind. */
export const demandGoingOn = (): void => {
  if (isInterrupted) throw new Error('The run is being ended.');
};

/** Whatever fails because the run is being ended must not go on to be reported, stored or exited with. */
export const waitForExitIfInterrupted = async (): Promise<void> => {
  if (isInterrupted) await new Promise(() => undefined);
};

export const countOfRunning = (): number => endings.length;

/** Ends all but the first `kept`; one that fails is reported and does not hold up the rest. */
export const endAll = async (kept = 0): Promise<boolean> => {
  let isClean = true;
  while (endings.length > kept) {
    const last = endings.pop();
    try {
      await last?.end();
    } catch (error) {
      isClean = false;
      console.error(`Could not end ${last?.what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return isClean;
};

/** A second signal is not needed: whatever hangs is given up by its own time limit. */
export const endOnSignals = (): void => {
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    if (isInterrupted) return;
    isInterrupted = true;
    console.error(`\n${signal}: ending the servers.`);
    // Connections to servers that are being ended break, some without a listener: that must not leave the rest running.
    process.on('uncaughtException', (error) => console.error(`While ending: ${error.message}`));
    await endAll();
    process.exit(130);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      stop(signal).catch((error: unknown) => {
        console.error(error);
        process.exit(1);
      });
    });
};
