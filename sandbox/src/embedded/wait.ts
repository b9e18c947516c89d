/** Asks `isTrue` every 15 ms until it answers true. Throws a sentence naming `what` once `timeoutMs` has gone by. */
export async function waitUntil(
  isTrue: () => boolean | Promise<boolean>,
  options: { timeoutMs: number; what: string },
): Promise<void> {
  const deadline = Date.now() + options.timeoutMs;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error(`Waited ${options.timeoutMs} ms in vain for ${options.what}.`);
    await new Promise((resolve) => {
      setTimeout(resolve, 15);
    });
  }
}
