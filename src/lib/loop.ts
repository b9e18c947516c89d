/** Runs one piece of work again and again, never twice at the same time, sooner when poked, and stops cleanly. */
export type Loop = {
  /** Run now; while running, once more right after. */
  poke(): void;
  /** Resolves when nothing runs any more. */
  stop(): Promise<void>;
};

export type LoopOptions = {
  everyMs: number;
  /** May return how many milliseconds to wait before the next run, if that is less than `everyMs`. */
  run: () => Promise<number | void>;
  onError: (error: unknown) => void;
};

export const startLoop = ({ everyMs, run, onError }: LoopOptions): Loop => {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let isPoked = false;
  let isStopped = false;

  const once = async (): Promise<void> => {
    let waitMs: number | void = undefined;
    do {
      isPoked = false;
      try {
        waitMs = await run();
      } catch (error) {
        onError(error);
      }
    } while (isPoked && !isStopped);
    running = null;
    if (!isStopped) timer = setTimeout(start, Math.max(0, Math.min(everyMs, waitMs ?? everyMs)));
  };

  const start = (): void => {
    clearTimeout(timer);
    if (!running && !isStopped) running = once();
  };

  start();
  return {
    poke: () => {
      isPoked = true;
      start();
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
};
