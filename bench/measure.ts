/** Counting and comparing: percentiles, medians, and work done by several at once. */

const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b);

/** Nearest rank; NaN for no values at all. */
export const percentile = (values: readonly number[], rank: number): number =>
  sorted(values)[Math.max(0, Math.ceil((rank / 100) * values.length) - 1)] ?? Number.NaN;

export const median = (values: readonly number[]): number => percentile(values, 50);

export type Spread = { count: number; p50: number; p99: number; max: number };

export const spreadOf = (values: readonly number[]): Spread => ({
  count: values.length,
  p50: percentile(values, 50),
  p99: percentile(values, 99),
  max: values.length === 0 ? Number.NaN : Math.max(...values),
});

export const timed = async <T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> => {
  const startedAt = performance.now();
  const result = await work();
  return { ms: performance.now() - startedAt, result };
};

/** `callers` each do one after the other until `isOver`; each that throws ends all. */
export const byCallers = async (
  callers: number,
  isOver: () => boolean,
  work: (caller: number) => Promise<void>,
): Promise<void> => {
  let hasFailed = false;
  const one = async (caller: number): Promise<void> => {
    try {
      while (!hasFailed && !isOver()) await work(caller);
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => one(caller)));
};

export const forMs = (durationMs: number): (() => boolean) => {
  const endsAt = performance.now() + durationMs;
  return () => performance.now() >= endsAt;
};

export const forCount = (count: number): (() => boolean) => {
  let left = count;
  return () => {
    left -= 1;
    return left < 0;
  };
};

/** Milliseconds each of `count` calls took, one after the other. */
export const eachOf = async (count: number, work: (index: number) => Promise<unknown>): Promise<number[]> => {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) times.push((await timed(() => work(index))).ms);
  return times;
};

export const assertThat = (isTrue: boolean, sentence: string): void => {
  if (!isTrue) throw new Error(`The benchmark's own work went wrong: ${sentence}`);
};
