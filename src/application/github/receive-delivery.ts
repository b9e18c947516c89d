/** A delivery is kept before it is answered: GitHub sends none again by itself. */
import type { GithubEvent } from '../../domain/github/events.ts';
import type { Deps } from '../deps.ts';
import { subjectText } from './github-deps.ts';

/** `id` by its body (`deliveryIdOf`): a repeat has the same, whatever its headers say. False where it was kept before. */
export const receiveDelivery = (
  { store }: Pick<Deps, 'store'>,
  delivery: { id: string; event: GithubEvent },
): Promise<boolean> =>
  store.transaction(async (tx) => {
    const isNew = await tx.github.keep(delivery);
    if (isNew) await tx.outbox.add('github', subjectText({ kind: 'delivery', id: delivery.id }));
    return isNew;
  });
