/** Shows the person who ordered it how far a bulk revocation has come, in one message that follows until nothing of it is left. */
import type { RevocationView } from '../../revocations/revocation-ports.ts';
import type { OpenScene, SyncOutcome } from '../scene.ts';

/** Slack: docs.slack.dev/apis/web-api/rate-limits: a message may be updated some fifty times a minute. */
const SOON_MS = 1_500;
const LATER_MS = 15_000;
/** Until then most of it has ended; what has not waits for its target. */
const SOON_FOR_MS = 2 * 60_000;

const lookAgain = ({ now, createdAt }: RevocationView): SyncOutcome => {
  const isNew = now.getTime() - createdAt.getTime() < SOON_FOR_MS;
  return { outcome: 'retry', retryInMs: isNew ? SOON_MS : LATER_MS, error: 'it is not finished' };
};

export const openRevocation: OpenScene<'revocation'> = async ({ store, policy }, id) => {
  const view = await store.read.revocation(id);
  if (!view) return null;
  return {
    version: 1,
    wanted: () => [{ kind: 'progress', audience: view.by.userId }],
    isCurrent: () => true,
    isWatched: () => true,
    content: () => ({ subject: 'revocation', policy: policy(), view }),
    finish: (outcome, copies) => {
      const isShown = copies.some(({ failure }) => failure === null);
      return outcome.outcome === 'done' && isShown && !view.finishedAt ? lookAgain(view) : outcome;
    },
  };
};
