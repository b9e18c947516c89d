/** Waits for work until a signal fires; the work itself goes on, and how it ends then is nobody's fault. */

/** Rejects when the signal fires, also where the work does not listen to it: a hanging target must not hang a worker. */
export const orAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  let stop = (): void => undefined;
  const aborted = new Promise<'aborted'>((resolve) => {
    stop = () => resolve('aborted');
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
  try {
    const first = await Promise.race([work.then((value) => ({ value })), aborted]);
    if (first === 'aborted') throw signal.reason;
    return first.value;
  } finally {
    signal.removeEventListener('abort', stop);
  }
};
