/** What people fill in: which elements hold a value, what it starts as, and how Slack writes it down. */
import type { Block, InputValue, Json } from './types.ts';

type Values = Record<string, Record<string, InputValue>>;
export type Placed = { block: Block; element: Json };

/** For each kind of element: the key of its value in `state.values`, and where its first value stands. */
const holders: Record<string, { key: string; initial: string; empty: unknown }> = {
  plain_text_input: { key: 'value', initial: 'initial_value', empty: null },
  email_text_input: { key: 'value', initial: 'initial_value', empty: null },
  url_text_input: { key: 'value', initial: 'initial_value', empty: null },
  number_input: { key: 'value', initial: 'initial_value', empty: null },
  rich_text_input: { key: 'rich_text_value', initial: 'initial_value', empty: null },
  file_input: { key: 'files', initial: '', empty: [] },
  static_select: { key: 'selected_option', initial: 'initial_option', empty: null },
  external_select: { key: 'selected_option', initial: 'initial_option', empty: null },
  radio_buttons: { key: 'selected_option', initial: 'initial_option', empty: null },
  checkboxes: { key: 'selected_options', initial: 'initial_options', empty: [] },
  multi_static_select: { key: 'selected_options', initial: 'initial_options', empty: [] },
  multi_external_select: { key: 'selected_options', initial: 'initial_options', empty: [] },
  users_select: { key: 'selected_user', initial: 'initial_user', empty: null },
  multi_users_select: { key: 'selected_users', initial: 'initial_users', empty: [] },
  channels_select: { key: 'selected_channel', initial: 'initial_channel', empty: null },
  multi_channels_select: { key: 'selected_channels', initial: 'initial_channels', empty: [] },
  conversations_select: { key: 'selected_conversation', initial: 'initial_conversation', empty: null },
  multi_conversations_select: {
    key: 'selected_conversations',
    initial: 'initial_conversations',
    empty: [],
  },
  datepicker: { key: 'selected_date', initial: 'initial_date', empty: null },
  timepicker: { key: 'selected_time', initial: 'initial_time', empty: null },
  datetimepicker: { key: 'selected_date_time', initial: 'initial_date_time', empty: null },
};

export const valueKey = (elementType: unknown): string | undefined => holders[String(elementType)]?.key;

export const isWritten = (elementType: unknown): boolean => valueKey(elementType) === 'value';

/** Every interactive element of some blocks, with the block it stands in. */
export const placedElements = (blocks: Block[]): Placed[] =>
  blocks.flatMap((block) => {
    const many = block.type === 'actions' ? ((block.elements as Json[] | undefined) ?? []) : [];
    const one = [block.accessory, block.element].filter((each) => each !== undefined) as Json[];
    return [...many, ...one]
      .filter((element) => element.action_id !== undefined)
      .map((element) => ({ block, element }));
  });

const startOf = (element: Json): InputValue | undefined => {
  const holder = holders[String(element.type)];
  if (holder === undefined) return undefined;
  return {
    type: String(element.type),
    [holder.key]: structuredClone(element[holder.initial] ?? holder.empty),
  };
};

const collect = (blocks: Block[], valueOf: (placed: Placed) => InputValue | undefined): Values => {
  const values: Values = {};
  for (const placed of placedElements(blocks)) {
    const value = valueOf(placed);
    if (value === undefined) continue;
    const blockId = String(placed.block.block_id);
    values[blockId] = { ...values[blockId], [String(placed.element.action_id)]: value };
  }
  return values;
};

export const initialValues = (blocks: Block[]): Values => collect(blocks, ({ element }) => startOf(element));

const isStillOffered = (element: Json, value: InputValue): boolean => {
  if (!Array.isArray(element.options)) return true;
  const offered = new Set((element.options as Json[]).map((option) => option.value));
  const chosen = [value.selected_option, ...((value.selected_options as Json[] | undefined) ?? [])];
  return chosen.every((option) => !option || offered.has((option as Json).value));
};

/** Slack keeps what was filled in through views.update when block_id and action_id stay the same. */
export const keepValues = (previous: Values, blocks: Block[]): Values =>
  collect(blocks, ({ block, element }) => {
    const old = previous[String(block.block_id)]?.[String(element.action_id)];
    const isKept = old !== undefined && old.type === element.type && isStillOffered(element, old);
    return isKept ? old : startOf(element);
  });

export const isEmpty = (value: InputValue | undefined): boolean => {
  const held = value === undefined ? null : value[valueKey(value.type) ?? 'value'];
  return held === null || held === undefined || held === '' || (Array.isArray(held) && held.length === 0);
};
