/** What the run started, ended in reverse: after success, failure, and on Ctrl-C. */

type Ending = { what: string; end: () => Promise<unknown> };

const endings: Ending[] = [];
let isEnding = false;

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

/** Ends all; one that fails is told and does not hold up the rest. */
export const endAll = async (): Promise<boolean> => {
  isEnding = true;
  let isClean = true;
  for (let last = endings.pop(); last; last = endings.pop()) {
    try {
      await last.end();
    } catch (error) {
      isClean = false;
      console.error(`Could not end ${last.what}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return isClean;
};

export const endOnSignals = (): void => {
  const stop = (signal: NodeJS.Signals): void => {
    if (isEnding) return;
    isEnding = true;
    console.error(`\n${signal}: ending the servers.`);
    void endAll().then(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
};
