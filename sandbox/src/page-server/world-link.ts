/** Keeps the last known state of the demo's production database, asked again only when it may have changed. */
import type { World } from '../demo/world.ts';
import type { WorldCard } from './protocol.ts';

export type WorldLink = {
  card: () => WorldCard;
  subscribe: (listener: (card: WorldCard) => void) => () => void;
  close: () => void;
};

const aroundOf = (world: World): Pick<WorldCard, 'quests' | 'pipeline' | 'tour'> => ({
  quests: world.quests(),
  pipeline: world.around?.pipeline() ?? null,
  tour: world.around?.tour() ?? null,
});

export const linkWorld = (world: World): WorldLink => {
  const listeners = new Set<(card: WorldCard) => void>();
  let card: WorldCard = { state: null, trouble: null, ...aroundOf(world) };
  let isReading = false;
  let isStale = false;
  const read = async (): Promise<WorldCard> => {
    try {
      return { state: await world.state(), trouble: null, ...aroundOf(world) };
    } catch (error) {
      return { ...card, ...aroundOf(world), trouble: error instanceof Error ? error.message : String(error) };
    }
  };
  /** One reading at a time; changes during it make one more. */
  const refresh = async (): Promise<void> => {
    isStale = true;
    if (isReading) return;
    isReading = true;
    while (isStale) {
      isStale = false;
      card = await read();
      for (const listener of listeners) listener(card);
    }
    isReading = false;
  };
  const onChange = (): void => {
    refresh().catch((error: unknown) => process.emitWarning(error instanceof Error ? error : String(error)));
  };
  const stop = world.subscribe(onChange);
  onChange();
  return {
    card: () => card,
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: stop,
  };
};
