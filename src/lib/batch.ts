/** Gathers what is wanted at about the same time and does it together: under load many cost one, alone nobody waits. */

export type BatchOptions<In, Out> = {
  /** Answers in the order of what it was given. */
  run: (items: In[]) => Promise<Out[]>;
  /** The most that are done together. */
  max: number;
};

type Waiting<In, Out> = { item: In; resolve: (out: Out) => void; reject: (error: unknown) => void };

/** One batch runs at a time. When one fails each of its items is tried by itself, so that a bad one harms only itself. */
export const createBatch = <In, Out>({ run, max }: BatchOptions<In, Out>): ((item: In) => Promise<Out>) => {
  let waiting: Waiting<In, Out>[] = [];
  let isRunning = false;

  const settle = async (some: Waiting<In, Out>[]): Promise<void> => {
    try {
      const outs = await run(some.map(({ item }) => item));
      if (outs.length !== some.length) throw new Error(`A batch of ${some.length} gave ${outs.length} answers.`);
      for (const [index, { resolve }] of some.entries()) resolve(outs[index] as Out);
    } catch (error) {
      const [first] = some;
      if (some.length === 1) first?.reject(error);
      else for (const one of some) await settle([one]);
    }
  };

  const drain = async (): Promise<void> => {
    while (waiting.length > 0) {
      const some = waiting.slice(0, max);
      waiting = waiting.slice(max);
      await settle(some);
    }
    isRunning = false;
  };

  return (item) =>
    new Promise<Out>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (isRunning) return;
      isRunning = true;
      // After what is being read now was handled: it may bring more of the same.
      setImmediate(() => void drain());
    });
};
