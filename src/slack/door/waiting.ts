/** Says to a person that what they did waits for a limit of Slack or of an on-call service: once, and only while it does. */
import type { Limits } from '../connection/client.ts';
import type { Log } from '../../lib/log.ts';
import type { Reply } from './context.ts';

/** Sooner, the answer itself is as good. */
const FIRST_LOOK_MS = 1_000;
const LOOK_EVERY_MS = 250;

export const WAITING_TEXT =
  'Latchkey may look people up only so often, and waits for that now. It has your request and continues by itself, within 20 seconds.';

type Saying = { limits: Pick<Limits, 'isWaiting'>; reply: (message: Reply) => Promise<void>; log: Log };

export const whileSayingSo = async <T>({ limits, reply, log }: Saying, work: () => Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    if (!limits.isWaiting()) {
      timer = setTimeout(look, LOOK_EVERY_MS);
      return;
    }
    // What was waited for comes all the same, and says how it ended.
    reply({ text: WAITING_TEXT }).catch((error: unknown) =>
      log.warn({ err: error }, 'failed to notify a person that a look-up waits for a rate limit'),
    );
  };
  timer = setTimeout(look, FIRST_LOOK_MS);
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
};
