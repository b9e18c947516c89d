/** Loads a policy that takes long in a thread of its own: checking one takes seconds, in which nobody else would be answered. */
import { Worker } from 'node:worker_threads';
import { unpackPolicy } from './packed-policy.ts';
import type { AsideInput, PackedLoad } from './packed-policy.ts';
import type { LoadedPolicy } from './policy-file.ts';

/** Smaller files take less time than a thread needs to begin. */
const LARGE_CHARS = 200_000;
/** Far more than the largest file that is allowed takes. */
const PATIENCE_MS = 180_000;

/** A calendar is text of anyone who may add an event to it: reading one may take all the time that it is given. */
const NAMES_CALENDAR = /\bics\b/;

export const takesLong = (text: string): boolean => text.length > LARGE_CHARS || NAMES_CALENDAR.test(text);

const failed = (why: string): LoadedPolicy => ({
  problems: [
    {
      code: 'policy_check_failed',
      path: '',
      line: null,
      message: `The file could not be checked (${why}); run \`latchkey policy check\` on it.`,
    },
  ],
});

const threadUrl = new URL(`./policy-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

/** Never rejects: a thread that fails refuses the file. */
export const loadPolicyAside = (input: AsideInput): Promise<LoadedPolicy> =>
  new Promise((resolve) => {
    const worker = new Worker(threadUrl, { workerData: { ...input, env: { ...input.env } } });
    let isFinished = false;
    // The first word counts: ending the thread makes it exit, which is not its failure.
    const finish = (loaded: LoadedPolicy): void => {
      if (isFinished) return;
      isFinished = true;
      clearTimeout(timer);
      worker.terminate().then(
        () => resolve(loaded),
        () => resolve(loaded),
      );
    };
    const timer = setTimeout(() => finish(failed('it took too long')), PATIENCE_MS);
    worker.once('message', (loaded: PackedLoad) =>
      finish('problems' in loaded ? loaded : { ...loaded, policy: unpackPolicy(loaded.policy) }),
    );
    worker.once('error', (error) => finish(failed(error.message)));
    worker.once('exit', (code) => finish(failed(`its thread ended with ${code}`)));
  });
