/** Runs one piece of work again and again, never twice at the same time, sooner when poked, and stops cleanly. */
export type Loop = {
  /** Run now; while running, once more right after. */
  poke(): void;
  /** Resolves when nothing runs any more. */
  stop(): Promise<void>;
};

export type LoopOptions = {
  everyMs: number;
  /** The least time between the end of a run and the next that a poke brings; 0 unless given. */
  minGapMs?: number;
  /** May return how many milliseconds to wait before the next run, if that is less than `everyMs`. */
  run: () => Promise<number | void>;
  onError: (error: unknown) => void;
};

export const startLoop = ({ everyMs, minGapMs = 0, run, onError }: LoopOptions): Loop => {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | null = null;
  let isPoked = false;
  let isStopped = false;
  let lastEndMs = Number.NEGATIVE_INFINITY;

  const once = async (): Promise<void> => {
    let waitMs: number | void = undefined;
    isPoked = false;
    try {
      waitMs = await run();
    } catch (error) {
      onError(error);
    }
    running = null;
    lastEndMs = performance.now();
    if (!isStopped) timer = setTimeout(start, isPoked ? minGapMs : Math.max(0, Math.min(everyMs, waitMs ?? everyMs)));
  };

  const start = (): void => {
    clearTimeout(timer);
    if (!running && !isStopped) running = once();
  };

  start();
  return {
    poke: () => {
      if (isPoked || isStopped) return;
      isPoked = true;
      if (running) return;
      clearTimeout(timer);
      const gapMs = lastEndMs + minGapMs - performance.now();
      if (gapMs > 0) timer = setTimeout(start, gapMs);
      else start();
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
};
