/** What was started, to be stopped in the other order, also when a later part does not start. */

export type Stack = { push(stop: () => Promise<void>): void; stopAll(): Promise<void> };

export const createStack = (say: (sentence: string) => void): Stack => {
  const stops: (() => Promise<void>)[] = [];
  return {
    push: (stop) => void stops.push(stop),
    stopAll: async () => {
      for (let stop = stops.pop(); stop; stop = stops.pop())
        await stop().catch((error: unknown) => say(`While stopping: ${String(error)}`));
    },
  };
};
