/** Stand-ins for what all processes know of signed requests. */
import type { Replays } from '../../src/application/record/replay-ports.ts';

/** Takes everything for new. */
export const forgetfulReplays: Replays = {
  claim: () => Promise.resolve(true),
  isKnown: () => Promise.resolve(false),
  forget: () => Promise.resolve(),
};
