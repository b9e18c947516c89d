/** Where the blocks stand and what is filled in there: every element needs it. */
import { createContext } from 'preact';
import { useContext, useState } from 'preact/hooks';
import type { ActedAnswer, InputValue, Json, PlaceCard, Values } from '../../page-server/protocol.ts';
import { usePage } from '../state/page.tsx';
import { wordsOf } from '../text/words.ts';

export type PlaceContext = {
  place: PlaceCard;
  values: Values;
  errors: Record<string, string>;
  /** While a modal is being sent nothing in it can be changed. */
  isBusy: boolean;
};

const Context = createContext<PlaceContext | null>(null);
export const PlaceProvider = Context.Provider;

export const usePlace = (): PlaceContext => {
  const place = useContext(Context);
  if (place === null) throw new Error('Blocks are drawn outside of a message or view.');
  return place;
};

export type ElementProps = { element: Json; blockId: string; labelledBy?: string; describedBy?: string };

export const actionIdOf = (element: Json): string => wordsOf(element.action_id);

const placeKey = (place: PlaceCard): string => {
  if (place.is === 'message') return `${place.channel}-${place.ts}`;
  return place.is === 'modal' ? place.viewId : 'home';
};

/** An id for the DOM that is the same as long as the element is. */
export const elementId = (place: PlaceCard, blockId: string, actionId: string): string =>
  `e-${placeKey(place)}-${blockId}-${actionId}`.replace(/[^\w-]/g, '_');

export const valueOf = (values: Values, blockId: string, element: Json): InputValue | undefined =>
  values[blockId]?.[actionIdOf(element)];

/** Slack's words are codes; people get a sentence. */
const sentences: Record<string, string> = {
  operation_timeout: 'It did not answer in time. Try again.',
  no_connection: 'It is not running, or has not connected yet.',
};

export const denialReason = (appName: string, acted: ActedAnswer): string =>
  `${appName}: ${sentences[acted.error ?? ''] ?? acted.error ?? 'something went wrong.'}`;

/** What was chosen last, until the server has said so too: the next choice must not start from an older one. */
export const useChosen = <T,>(known: T): [T, (chosen: T) => void] => {
  const { attempt, queue } = usePage();
  const [mine, setMine] = useState<{ chosen: T } | null>(null);
  const choose = (chosen: T): void => {
    setMine({ chosen });
    attempt(queue.idle().then(() => setMine(null)));
  };
  return [mine === null ? known : mine.chosen, choose];
};

type Fill = {
  /** Chosen in a select, picker, radio or checkbox. */
  fill: (value: string | number | Json | string[] | Json[] | null) => void;
  write: (text: string, isEnter: boolean) => void;
};

export const useFill = ({ element, blockId }: Pick<ElementProps, 'element' | 'blockId'>): Fill => {
  const { queue } = usePage();
  const { place } = usePlace();
  const actionId = actionIdOf(element);
  const key = elementId(place, blockId, actionId);
  return {
    fill: (value) => queue.put(key, { act: 'fill', place, blockId, actionId, value }),
    write: (text, isEnter) =>
      queue.put(isEnter ? `${key}-enter` : key, { act: 'write', place, blockId, actionId, text, isEnter }),
  };
};
