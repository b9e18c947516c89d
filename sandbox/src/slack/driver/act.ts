/** Clicking, choosing, typing and searching, as a client does it. */
import { checkRuleAt, inSlacksWords } from '../blocks/validate.ts';
import { optionGroup, plainOption } from '../blocks/composition.ts';
import { list } from '../blocks/rules.ts';
import { DriverError } from '../errors.ts';
import { isWritten, valueKey } from '../inputs.ts';
import type { Placed } from '../inputs.ts';
import { blockActionsPayload, suggestionPayload } from '../payloads.ts';
import type { Place } from '../payloads.ts';
import type { Runtime } from '../runtime.ts';
import type { State } from '../state.ts';
import type { InputValue, Json } from '../types.ts';
import { findElement, placeOf } from './find.ts';
import type { Target, Wanted } from './find.ts';

/** Whether the app acknowledged in time; `error` is what the client would show. */
export type Acted = { ok: boolean; error?: string };

/** Slack: external_select, min_query_length: "The default value is 3". */
const MIN_QUERY_LENGTH = 3;

export type Suggestions = {
  options: Json[];
  optionGroups: Json[];
  /** False when the query was too short to be sent. */
  wasAsked: boolean;
  error?: string;
};

const send = async (
  runtime: Runtime,
  userId: string,
  given: { place: Place; placed: Placed; value: Json },
): Promise<Acted> => {
  const { element, block } = given.placed;
  const action = {
    type: element.type,
    action_id: element.action_id,
    block_id: block.block_id,
    ...given.value,
    action_ts: runtime.state.nextTs(),
  };
  const payload = blockActionsPayload(runtime, userId, { place: given.place, action });
  const ack = await runtime.delivery.interact(payload);
  return ack.ok ? { ok: true } : { ok: false, error: ack.error };
};

const allOptions = (element: Json): Json[] => {
  const groups = (element.option_groups as Json[] | undefined) ?? [];
  return [...((element.options as Json[] | undefined) ?? []), ...groups.flatMap((group) => group.options as Json[])];
};

const clickValue = (element: Json, value: string | undefined): Json => {
  if (element.type === 'overflow') {
    const option = allOptions(element).find((one) => one.value === value);
    if (option === undefined) throw new DriverError('Say which option of the overflow menu to click.');
    return { selected_option: option };
  }
  return {
    text: element.text,
    ...(element.value === undefined ? {} : { value: element.value }),
    ...(element.style === undefined ? {} : { style: element.style }),
  };
};

/** A click on a button or overflow option that is there now. */
export const click = async (
  runtime: Runtime,
  userId: string,
  given: { target: Target; wanted: Wanted },
): Promise<Acted> => {
  const place = placeOf(runtime.state, userId, given.target);
  const placed = findElement(place, given.wanted);
  const value = clickValue(placed.element, given.wanted.value);
  return send(runtime, userId, { place, placed, value });
};

/** A click in a window that still shows an older state of the message or view. */
export const clickStale = async (
  runtime: Runtime,
  userId: string,
  given: { place: Place; wanted: Wanted },
): Promise<Acted> => {
  const { state } = runtime;
  const placed = findElement(given.place, given.wanted);
  const value = clickValue(placed.element, given.wanted.value);
  const current =
    given.place.is === 'message'
      ? state.messages
          .get(given.place.channel.id)
          ?.find((one) => given.place.is === 'message' && one.ts === given.place.message.ts)
      : undefined;
  const place =
    given.place.is === 'message' && current !== undefined ? { ...given.place, message: current } : given.place;
  return send(runtime, userId, { place, placed, value });
};

const valuesOf = (state: State, userId: string, place: Place): Record<string, Record<string, InputValue>> => {
  if (place.is === 'view') return place.view.values;
  const key = `${userId}/${place.channel.id}/${place.message.ts}`;
  const values = state.messageInputs.get(key) ?? {};
  state.messageInputs.set(key, values);
  return values;
};

/** Options an app suggested, by person and element, so that a value can be chosen by its value. */
const suggested = new WeakMap<State, Map<string, Json[]>>();

const suggestedTo = (state: State): Map<string, Json[]> => {
  const known = suggested.get(state) ?? new Map<string, Json[]>();
  suggested.set(state, known);
  return known;
};

const suggestionKey = (userId: string, element: Json): string => `${userId}/${String(element.action_id)}`;

export type Chosen = string | number | Json | string[] | Json[] | null;

const optionFor = (state: State, userId: string, given: { element: Json; wanted: unknown }): Json => {
  if (typeof given.wanted === 'object' && given.wanted !== null) return given.wanted as Json;
  const offered = [
    ...allOptions(given.element),
    ...(suggestedTo(state).get(suggestionKey(userId, given.element)) ?? []),
  ];
  const found = offered.find((option) => option.value === given.wanted);
  if (found !== undefined) return found;
  const there = offered.map((option) => String(option.value)).join(', ') || 'none';
  throw new DriverError(
    `"${String(given.wanted)}" is not an option of "${String(given.element.action_id)}"; the options are ${there}.`,
  );
};

const heldValue = (state: State, userId: string, given: { element: Json; chosen: Chosen }): Json => {
  const { element, chosen } = given;
  const key = valueKey(element.type);
  if (key === undefined) throw new DriverError(`"${String(element.action_id)}" holds no value.`);
  const option = (wanted: unknown): Json => optionFor(state, userId, { element, wanted });
  if (chosen === null) return { [key]: key.endsWith('s') ? [] : null };
  if (key === 'selected_option') return { [key]: option(chosen) };
  if (key === 'selected_options') return { [key]: (chosen as unknown[]).map(option) };
  return { [key]: chosen };
};

const dispatches = (placed: Placed, isEnter: boolean): boolean => {
  if (placed.block.type !== 'input') return true;
  if (placed.block.dispatch_action !== true) return false;
  if (!isWritten(placed.element.type)) return true;
  const config = placed.element.dispatch_action_config as Json | undefined;
  const on = (config?.trigger_actions_on as string[] | undefined) ?? ['on_enter_pressed'];
  return on.includes('on_character_entered') || (isEnter && on.includes('on_enter_pressed'));
};

/** Sets an input; the app hears of it at once only where Slack would send it. */
export const fill = async (
  runtime: Runtime,
  userId: string,
  given: { target: Target; wanted: Wanted; chosen: Chosen; isEnter: boolean },
): Promise<Acted> => {
  const { state } = runtime;
  const place = placeOf(state, userId, given.target);
  const placed = findElement(place, given.wanted);
  const { element, block } = placed;
  const value = heldValue(state, userId, { element, chosen: given.chosen });
  const values = valuesOf(state, userId, place);
  const blockId = String(block.block_id);
  values[blockId] = {
    ...values[blockId],
    [String(element.action_id)]: { type: String(element.type), ...value },
  };
  if (place.is === 'view') {
    delete place.view.errors[blockId];
    state.emit({ type: place.view.type === 'home' ? 'home_changed' : 'modals_changed', userId });
  }
  if (!dispatches(placed, given.isEnter)) return { ok: true };
  return send(runtime, userId, { place, placed, value });
};

const readSuggestions = (body: unknown): Omit<Suggestions, 'wasAsked'> => {
  const answer = (body ?? {}) as { options?: Json[]; option_groups?: Json[] };
  const options = answer.options ?? [];
  const optionGroups = answer.option_groups ?? [];
  const problems = [
    ...checkRuleAt(options, list(plainOption, 100, 0), '/options'),
    ...checkRuleAt(optionGroups, list(optionGroup, 100, 0), '/option_groups'),
  ];
  return problems.length === 0
    ? { options, optionGroups }
    : { options: [], optionGroups: [], error: inSlacksWords(problems).join('; ') };
};

/** What the app offers for a query in an external select. */
export const suggest = async (
  runtime: Runtime,
  userId: string,
  given: { target: Target; wanted: Wanted; query: string },
): Promise<Suggestions> => {
  const place = placeOf(runtime.state, userId, given.target);
  const { element, block } = findElement(place, given.wanted);
  if (!String(element.type).endsWith('external_select')) {
    throw new DriverError(`"${given.wanted.actionId}" does not ask the app for options.`);
  }
  const least = typeof element.min_query_length === 'number' ? element.min_query_length : MIN_QUERY_LENGTH;
  if (given.query.length < least) return { options: [], optionGroups: [], wasAsked: false };
  const ack = await runtime.delivery.interact(
    suggestionPayload(runtime, userId, {
      place,
      blockId: String(block.block_id),
      actionId: String(element.action_id),
      value: given.query,
    }),
  );
  if (!ack.ok) return { options: [], optionGroups: [], wasAsked: true, error: ack.error };
  const found = readSuggestions(ack.body);
  const flat = [...found.options, ...found.optionGroups.flatMap((group) => group.options as Json[])];
  suggestedTo(runtime.state).set(suggestionKey(userId, element), flat);
  return { ...found, wasAsked: true };
};
