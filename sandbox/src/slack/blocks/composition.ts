/** Composition objects. Slack: docs.slack.dev/reference/block-kit/composition-objects */
import type { Json } from '../types.ts';
import { anyText, anything, boolean, list, object, oneOf, plainText, string } from './rules.ts';
import type { Check, Rule, Shape } from './rules.ts';

/** Slack: .../composition-objects/option-object (text 75, value 150, description 75, url 3000). */
const optionShape = (text: Rule): Shape => ({
  required: { text, value: string(150) },
  optional: { description: plainText(75), url: string(3000) },
});

export const plainOption = object(optionShape(plainText(75)));
/** Checkboxes and radio buttons may use mrkdwn. */
export const richOption = object({
  required: { text: anyText(75), value: string(150) },
  optional: { description: anyText(75) },
});

/** Slack: .../composition-objects/option-group-object */
export const optionGroup = object({
  required: { label: plainText(75), options: list(plainOption, 100) },
});

/** Slack: .../composition-objects/confirmation-dialog-object */
export const confirm = object({
  required: {
    title: plainText(100),
    text: anyText(300),
    confirm: plainText(30),
    deny: plainText(30),
  },
  optional: { style: oneOf('primary', 'danger') },
});

/** Slack: .../composition-objects/dispatch-action-configuration-object */
export const dispatchActionConfig = object({
  optional: {
    trigger_actions_on: list(oneOf('on_enter_pressed', 'on_character_entered'), 2),
  },
});

/** Slack: .../composition-objects/conversation-filter-object */
export const conversationFilter = object({
  optional: {
    include: list(oneOf('im', 'mpim', 'private', 'public'), 4),
    exclude_external_shared_channels: boolean,
    exclude_bot_users: boolean,
  },
  anyOf: ['include', 'exclude_external_shared_channels', 'exclude_bot_users'],
});

export const slackFile = object({
  optional: { id: string(255), url: string(3000) },
  anyOf: ['id', 'url'],
});

export const workflow = object({ required: { trigger: anything } });

const optionsOf = (node: Json): Json[] => {
  const groups = Array.isArray(node.option_groups) ? (node.option_groups as Json[]) : [];
  const flat = Array.isArray(node.options) ? (node.options as Json[]) : [];
  return [...flat, ...groups.flatMap((group) => (group.options as Json[] | undefined) ?? [])];
};

const same = (a: unknown, b: unknown): boolean => {
  const left = a as Json;
  const right = b as Json;
  return left?.value === right?.value && textOf(left) === textOf(right);
};

const textOf = (option: Json): unknown => (option?.text as Json | undefined)?.text;

/** Slack refuses an initial option that is not exactly one of the options. */
export const initialAmongOptions: Check = (node) => {
  const options = optionsOf(node);
  const single = node.initial_option;
  const several = Array.isArray(node.initial_options) ? node.initial_options : [];
  const problems = [];
  if (single !== undefined && !options.some((option) => same(option, single))) {
    problems.push({ text: 'initial_option must match one of options', pointer: '/initial_option' });
  }
  for (const [index, wanted] of several.entries()) {
    if (options.some((option) => same(option, wanted))) continue;
    problems.push({
      text: 'initial_options must match options',
      pointer: `/initial_options/${index}`,
    });
  }
  return problems;
};

export const exactlyOneOptionList: Check = (node) =>
  node.options !== undefined && node.option_groups !== undefined
    ? [{ text: 'only one of options and option_groups may be given', pointer: '' }]
    : [];
