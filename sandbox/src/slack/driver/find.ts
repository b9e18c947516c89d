/** From what a test or page points at to the message or view, and to the element in it. */
import { DriverError } from '../errors.ts';
import { placedElements } from '../inputs.ts';
import type { Placed } from '../inputs.ts';
import { blocksOf as blocksOfMessage, findMessage, visibleTo } from '../messages.ts';
import { homeKey } from '../organisation.ts';
import type { Place } from '../payloads.ts';
import type { State } from '../state.ts';
import type { Block, Json, Message } from '../types.ts';
import { stackOf } from '../views.ts';

/** A message (or its channel and ts), the modal on top, or the home tab. */
export type Target = 'modal' | 'home' | Pick<Message, 'channel' | 'ts'> | { id: string };

const messagePlace = (state: State, userId: string, at: Pick<Message, 'channel' | 'ts'>): Place => {
  const channel = state.channels.get(at.channel);
  const message = findMessage(state, at.channel, at.ts);
  const canSee = channel !== undefined && message !== undefined && visibleTo(state, channel, userId).includes(message);
  if (!canSee) throw new DriverError(`${nameOf(state, userId)} sees no message ${at.ts} in ${at.channel}.`);
  return { is: 'message', message, channel };
};

export const nameOf = (state: State, userId: string): string => state.people.get(userId)?.name ?? userId;

export const placeOf = (state: State, userId: string, target: Target): Place => {
  if (typeof target === 'object' && 'ts' in target) return messagePlace(state, userId, target);
  const home = state.homes.get(homeKey(state, userId));
  const top = stackOf(state, userId).at(-1);
  const isHome = target === 'home' || (typeof target === 'object' && target.id === home?.id);
  const view = isHome ? home : top;
  if (view === undefined) {
    throw new DriverError(`${nameOf(state, userId)} has no ${isHome ? 'home tab' : 'open modal'}.`);
  }
  if (typeof target === 'object' && target.id !== view.id) {
    throw new DriverError(`The view ${target.id} is not what ${nameOf(state, userId)} sees on top.`);
  }
  return { is: 'view', view };
};

const blocksOf = (place: Place): Block[] => (place.is === 'view' ? place.view.blocks : blocksOfMessage(place.message));

const has = (element: Json, value: string): boolean => {
  const options = (element.options as Json[] | undefined) ?? [];
  return element.value === value || options.some((option) => option.value === value);
};

export type Wanted = { actionId: string; value?: string; blockId?: string };

/** The element with this action_id; value or block distinguish several of the same. */
export const findElement = (place: Place, wanted: Wanted): Placed => {
  const all = placedElements(blocksOf(place));
  const named = all.filter(
    ({ block, element }) =>
      element.action_id === wanted.actionId && (wanted.blockId === undefined || block.block_id === wanted.blockId),
  );
  const { value } = wanted;
  const found = value === undefined ? named[0] : named.find(({ element }) => has(element, value));
  if (found !== undefined) return found;
  const there = all.map(({ element }) => String(element.action_id)).join(', ') || 'nothing';
  const what = value === undefined ? `"${wanted.actionId}"` : `"${wanted.actionId}" with value "${value}"`;
  throw new DriverError(`There is no ${what} to use here; there is ${there}.`);
};
