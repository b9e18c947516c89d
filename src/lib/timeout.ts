/** Waits for work only so long; the work goes on. */

export type Within<T> = { isThere: true; value: T } | { isThere: false };

export const withinMs = async <T>(work: Promise<T>, waitMs: number): Promise<Within<T>> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Within<T>>((resolve) => {
    timer = setTimeout(() => resolve({ isThere: false }), waitMs);
  });
  try {
    return await Promise.race([work.then((value): Within<T> => ({ isThere: true, value })), late]);
  } finally {
    clearTimeout(timer);
  }
};
