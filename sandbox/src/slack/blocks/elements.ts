/** Block elements. Slack: docs.slack.dev/reference/block-kit/block-elements */
import {
  confirm,
  conversationFilter,
  dispatchActionConfig,
  exactlyOneOptionList,
  initialAmongOptions,
  optionGroup,
  plainOption,
  richOption,
  slackFile,
  workflow,
} from './composition.ts';
import { boolean, integer, list, matching, oneOf, plainText, string } from './rules.ts';
import type { Check, Rule, Shape } from './rules.ts';

/** Slack's limits on ids and placeholders, the same for every element. */
const ACTION_ID_MAX = 255;
const PLACEHOLDER_MAX = 150;
const OPTIONS_MAX = 100;

const actionId: Record<string, Rule> = { action_id: string(ACTION_ID_MAX) };
const focus: Record<string, Rule> = { focus_on_load: boolean };
const placeholder: Record<string, Rule> = { placeholder: plainText(PLACEHOLDER_MAX) };
const confirmable: Record<string, Rule> = { confirm };
const dispatch: Record<string, Rule> = { dispatch_action_config: dispatchActionConfig };
const selectable = { ...actionId, ...focus, ...placeholder, ...confirmable };
const several: Record<string, Rule> = { max_selected_items: integer(1) };
const users = list(string(255), OPTIONS_MAX);

const optionLists: Record<string, Rule> = {
  options: list(plainOption, OPTIONS_MAX),
  option_groups: list(optionGroup, OPTIONS_MAX),
};

const optionChecks: Check = (node, surface) => [
  ...exactlyOneOptionList(node, surface),
  ...initialAmongOptions(node, surface),
];

const lengthOrder: Check = (node) =>
  typeof node.min_length === 'number' && typeof node.max_length === 'number' && node.min_length > node.max_length
    ? [{ text: 'min_length must be less than or equal to max_length', pointer: '/min_length' }]
    : [];

const buttonLike: Record<string, Rule> = {
  ...actionId,
  style: oneOf('primary', 'danger'),
  accessibility_label: string(75),
};

const buttons: Record<string, Shape> = {
  button: {
    required: { text: plainText(75) },
    optional: { ...buttonLike, ...confirmable, url: string(3000), value: string(2000) },
  },
  workflow_button: { required: { text: plainText(75), workflow }, optional: buttonLike },
  overflow: {
    required: { options: list(plainOption, 5) },
    optional: { ...actionId, ...confirmable },
  },
};

const choices: Record<string, Shape> = {
  checkboxes: {
    required: { options: list(richOption, 10) },
    optional: { ...actionId, ...focus, ...confirmable, initial_options: list(richOption, 10) },
    check: initialAmongOptions,
  },
  radio_buttons: {
    required: { options: list(richOption, 10) },
    optional: { ...actionId, ...focus, ...confirmable, initial_option: richOption },
    check: initialAmongOptions,
  },
};

const pickers: Record<string, Shape> = {
  datepicker: { optional: { ...selectable, initial_date: matching(/^\d{4}-\d{2}-\d{2}$/) } },
  timepicker: {
    optional: { ...selectable, initial_time: matching(/^\d{2}:\d{2}$/), timezone: string(255) },
  },
  datetimepicker: {
    optional: { ...actionId, ...focus, ...confirmable, initial_date_time: integer() },
  },
};

const response: Record<string, Rule> = { response_url_enabled: boolean };
const minQuery: Record<string, Rule> = { min_query_length: integer(0) };

const singleSelects: Record<string, Shape> = {
  static_select: {
    optional: { ...selectable, ...optionLists, initial_option: plainOption },
    anyOf: ['options', 'option_groups'],
    check: optionChecks,
  },
  external_select: { optional: { ...selectable, ...minQuery, initial_option: plainOption } },
  users_select: { optional: { ...selectable, initial_user: string(255) } },
  conversations_select: {
    optional: {
      ...selectable,
      ...response,
      initial_conversation: string(255),
      default_to_current_conversation: boolean,
      filter: conversationFilter,
    },
  },
  channels_select: { optional: { ...selectable, ...response, initial_channel: string(255) } },
};

const multiSelects: Record<string, Shape> = {
  multi_static_select: {
    optional: {
      ...selectable,
      ...several,
      ...optionLists,
      initial_options: list(plainOption, OPTIONS_MAX),
    },
    anyOf: ['options', 'option_groups'],
    check: optionChecks,
  },
  multi_external_select: {
    optional: {
      ...selectable,
      ...several,
      ...minQuery,
      initial_options: list(plainOption, OPTIONS_MAX),
    },
  },
  multi_users_select: { optional: { ...selectable, ...several, initial_users: users } },
  multi_conversations_select: {
    optional: {
      ...selectable,
      ...several,
      initial_conversations: users,
      default_to_current_conversation: boolean,
      filter: conversationFilter,
    },
  },
  multi_channels_select: { optional: { ...selectable, ...several, initial_channels: users } },
};

const written = { ...actionId, ...focus, ...placeholder, ...dispatch };

const textInputs: Record<string, Shape> = {
  plain_text_input: {
    optional: {
      ...written,
      initial_value: string(3000, 0),
      multiline: boolean,
      min_length: integer(0, 3000),
      max_length: integer(1, 3000),
    },
    check: lengthOrder,
  },
  email_text_input: { optional: { ...written, initial_value: string(3000, 0) } },
  url_text_input: { optional: { ...written, initial_value: string(3000, 0) } },
  number_input: {
    required: { is_decimal_allowed: boolean },
    optional: {
      ...written,
      initial_value: string(255, 0),
      min_value: string(255),
      max_value: string(255),
    },
  },
};

const richTextInput: Record<string, Shape> = {
  rich_text_input: { optional: { ...written, initial_value: { is: 'anything' } } },
};

const fileInput: Record<string, Shape> = {
  file_input: {
    optional: { ...actionId, filetypes: list(string(255), 100), max_files: integer(1, 10) },
    on: ['modal'],
  },
};

export const image: Shape = {
  required: { alt_text: string(2000) },
  optional: { image_url: string(3000), slack_file: slackFile },
  anyOf: ['image_url', 'slack_file'],
};

/** Which elements may stand in which block. Slack: the "compatible with" line on each element's page. */
export const accessoryElements: Record<string, Shape> = {
  ...buttons,
  ...choices,
  ...pickers,
  ...singleSelects,
  ...multiSelects,
  image,
};
export const actionsElements: Record<string, Shape> = {
  ...buttons,
  ...choices,
  ...pickers,
  ...singleSelects,
  ...multiSelects,
  ...richTextInput,
};
export const inputElements: Record<string, Shape> = {
  ...textInputs,
  ...choices,
  ...pickers,
  ...singleSelects,
  ...multiSelects,
  ...richTextInput,
  ...fileInput,
};
